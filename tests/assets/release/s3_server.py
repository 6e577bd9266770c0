"""An S3-compatible store on this machine for the tests: moto, in a thread, with one bucket, and faults on demand."""

from __future__ import annotations

import logging
import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from tests.faults.s3_publish import BUCKET

#: fault -> whether the store does what it is asked before it answers with an error
FAULTS = {"refused": False, "lost": True}


@dataclass
class Server:
    """A running store. ``fail`` and ``forgetful`` make it one of the bad ones."""

    endpoint: str = ""
    forgetful: bool = False  # ignores the conditions of writes
    puts: list[str] = field(default_factory=list)
    _fails: list[tuple[str, re.Pattern]] = field(default_factory=list)
    _one_by_one: Any = field(default_factory=threading.Lock)

    def fail(self, fault: str, path: str, times: int = 1) -> None:
        """The next PUTs to a path that matches are `refused`, or done but their answer is `lost`."""
        self._fails += [(fault, re.compile(path))] * times

    def answer(self, moto, environ, start_response):
        """A store decides one request after the other; moto takes several steps for one, so they are let in singly."""
        if self.forgetful:
            for name in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"):
                environ.pop(name, None)
        path = environ["PATH_INFO"]
        with self._one_by_one:
            if environ["REQUEST_METHOD"] != "PUT":
                return list(moto(environ, start_response))
            self.puts.append(path)
            fault = next((f for f in self._fails if f[1].search(path)), None)
            if not fault:
                return list(moto(environ, start_response))
            self._fails.remove(fault)
            if FAULTS[fault[0]]:
                list(moto(environ, lambda *_: None))
            else:
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response("500 Internal Server Error", [("Content-Type", "application/xml")])
            return [b"<Error><Code>InternalError</Code></Error>"]


@contextmanager
def serving() -> Iterator[Server]:
    """A store that runs for one block."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto, store = DomainDispatcherApplication(create_backend_app), Server()
    server = make_server("127.0.0.1", 0, lambda *request: store.answer(moto, *request), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        store.endpoint = f"http://127.0.0.1:{server.server_port}"
        make = urllib.request.Request(f"{store.endpoint}/{BUCKET}", method="PUT")
        urllib.request.urlopen(make).close()
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
