"""Objects in an S3-compatible store: what is asked of it, and what its answers are worth.

What belongs here: single objects, over obstore. An answer can be lost after the store has done what it was asked, and
obstore asks again by itself, so that a refusal may be about our own write: after every doubtful answer the store is
asked what is there, and equal bytes are success. Errors are told in words, never with what obstore says whole: no
key and no header gets into a message. What does not belong here: which objects make a release (s3.py).
"""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, TypeVar

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import S3Store as Remote

from assets.release.stores import StoreConflict, StoreDamaged, StoreUnfit, StoreUnreachable
from assets.release.stores.access import Access

#: how often a request is made again after obstore has given up on it, and the pause before
TRIES, PAUSE = 3, 0.2
_REFUSED = (AlreadyExistsError, PreconditionError)
_DENIED = (PermissionDeniedError, UnauthenticatedError)
_STATUS = re.compile(r"status code: (\d{3} [A-Za-z ]+)")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_TRANSPORT = re.compile(r"HTTP error: ([^\n]{1,80})")
#: answers of the kind "not like this, ever", but for a time-out, a conflict and too many requests
_NEVER = re.compile(r"4(?!08|09|29)\d\d|501")
PROBES = ".probe"

T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """The bytes of an object and the tag that stands for just this state of it."""

    data: bytes
    tag: str


class Missing(Exception):
    """There is no such object."""


class Objects:
    """The objects of a bucket whose names begin with a prefix."""

    def __init__(self, bucket: str, prefix: str, access: Access, *, retries: int = 4) -> None:
        self.address = f"s3://{bucket}/{prefix}".rstrip("/")
        if (access.endpoint or "").startswith("http://") and not access.allow_http:
            raise StoreUnfit(
                "AWS_ENDPOINT_URL 不是 https，数据会未加密传输；确需如此请设置 AWS_ALLOW_HTTP=true。 "
                "AWS_ENDPOINT_URL is not https: set AWS_ALLOW_HTTP=true if data may travel unencrypted."
            )
        backoff = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=5), "base": 2}
        retry = {"max_retries": retries, "retry_timeout": timedelta(seconds=90), "backoff": backoff}
        keys = {"access_key_id": access.key_id, "secret_access_key": access.secret, "session_token": access.token}
        given = {name: value for name, value in keys.items() if value} | {"skip_signature": not access.key_id}
        given |= {"endpoint": access.endpoint} if access.endpoint else {}
        # a large file on a slow line takes its time; not every store can delete many objects at once
        client = {"allow_http": access.allow_http, "timeout": "10m", "connect_timeout": "10s", "read_timeout": "60s"}
        try:
            self._remote = Remote(
                bucket, prefix=prefix or None, region=access.region, disable_bulk_delete=True, client_options=client,
                retry_config=retry, **given,
            )  # fmt: skip
        except BaseError as error:  # such as a key without its secret
            raise self._unfit(_reason(error)) from None

    def get(self, name: str) -> Found:
        """An object. Missing if there is none."""
        return self._tried(lambda: self._get(name))

    def digest(self, name: str, target: BinaryIO | None = None) -> tuple[int, str]:
        """Size and SHA-256 of an object, which is written into ``target``. Missing if there is none."""
        return self._tried(lambda: self._digest(name, target))

    def create(self, name: str, data: bytes, attributes: dict[str, str]) -> bool:
        """Writes an object that is there afterwards with exactly these bytes; False if it may have been there before.

        StoreDamaged if there are other bytes under this name."""
        for left in reversed(range(TRIES)):
            doubt = self._asked(lambda: self._remote.put(name, data, mode="create", attributes=attributes))
            if doubt is None:
                return True
            there = self._found(name)
            if there and there.data == data:
                return False
            if there:
                raise StoreDamaged(f"{name}: there are other bytes under this name")
            if not left:
                raise self._unreachable("412") if isinstance(doubt, _REFUSED) else doubt
            time.sleep(PAUSE)

    def swap(self, name: str, data: bytes, expected: bytes | None, attributes: dict[str, str]) -> None:
        """Replaces an object that has the ``expected`` bytes (None: that is not there) in one step.

        Success too when the new bytes are there already: the answer of our own write may have been lost. StoreConflict
        when somebody else has written. StoreUnreachable: nobody knows; asking again will tell."""
        doubt: Exception | None = None
        for left in reversed(range(TRIES + 1)):
            now = self._found(name)
            if now and now.data == data:
                return
            if (now.data if now else None) != expected:
                raise self._overtaken(name)
            if not left:
                raise doubt if isinstance(doubt, StoreUnreachable) else self._overtaken(name)
            mode: Any = {"e_tag": now.tag} if now else "create"
            doubt = self._asked(lambda mode=mode: self._remote.put(name, data, mode=mode, attributes=attributes))
            if doubt is None:
                return
            time.sleep(PAUSE)

    def put(self, name: str, data: bytes, attributes: dict[str, str]) -> None:
        """Writes or replaces an object."""
        self._tried(lambda: self._remote.put(name, data, attributes=attributes))

    def copy(self, source: str, target: str) -> None:
        """Gives the bytes of an object a second name, inside the store. Missing if there is no source."""
        self._tried(lambda: self._remote.copy(source, target))

    def delete(self, names: Collection[str]) -> None:
        """Deletes objects. One that is not there is no error."""
        for name in sorted(names):
            self._tried(lambda name=name: self._remote.delete(name))

    def list(self, folder: str) -> dict[str, datetime]:
        """The objects below a folder, each with the time it was written."""
        pages = self._tried(lambda: list(self._remote.list(folder)))
        return {meta["path"]: meta["last_modified"] for page in pages for meta in page}

    def folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder, in order."""
        found = self._tried(lambda: self._remote.list_with_delimiter(folder))
        return sorted(path.rsplit("/", 1)[-1] for path in found["common_prefixes"])

    def probe(self) -> None:
        """Asks the store, with an object that nobody else knows, whether it keeps conditions.

        StoreUnfit if it ignores them, or refuses what holds: two publishers could overwrite each other."""
        name = f"{PROBES}/{uuid.uuid4()}"
        try:
            self.create(name, b"1", {})
            held = self._is_refused(name, "create") and self._is_refused(name, {"e_tag": f'"{"0" * 32}"'})
            if held:
                self.swap(name, b"3", b"1", {})
                held = self.get(name).data == b"3"
        except (Missing, StoreConflict, StoreDamaged):
            held = False
        self.delete([name])
        if not held:
            raise StoreUnfit(
                f"{self.address} 不遵守条件写入（If-None-Match、If-Match），两次发布可能互相覆盖；没有写入任何数据，"
                "请换一个支持条件写入的对象存储，或发布到本地文件夹。 "
                f"{self.address} ignores conditional writes (If-None-Match, If-Match): two publishers could overwrite "
                "each other. Nothing was published: use a store that supports them, or a local folder."
            )

    def _is_refused(self, name: str, mode: Any) -> bool:
        """Whether a write that must not happen does not happen; asked until there is an answer."""
        for left in reversed(range(TRIES)):
            doubt = self._asked(lambda: self._remote.put(name, b"2", mode=mode))
            if not isinstance(doubt, StoreUnreachable):
                return doubt is not None
            if not left:
                raise doubt
            time.sleep(PAUSE)
        raise AssertionError

    def _found(self, name: str) -> Found | None:
        try:
            return self.get(name)
        except Missing:
            return None

    def _get(self, name: str) -> Found:
        found = self._remote.get(name)
        return Found(bytes(found.bytes()), str(found.meta["e_tag"]))

    def _digest(self, name: str, target: BinaryIO | None) -> tuple[int, str]:
        """From the beginning, also when a line broke in the middle of it."""
        size, digest = 0, hashlib.sha256()
        if target:
            target.seek(0)
            target.truncate()
        for chunk in self._remote.get(name).stream():
            size += len(chunk)
            digest.update(chunk)
            if target:
                target.write(chunk)
        return size, digest.hexdigest()

    def _tried(self, ask: Callable[[], T]) -> T:
        """The answer to a request that may be made again without harm."""
        for left in reversed(range(TRIES)):
            try:
                with self._plainly():
                    return ask()
            except StoreUnreachable:
                if not left:
                    raise
                time.sleep(PAUSE)
        raise AssertionError

    def _asked(self, ask: Callable[[], object]) -> Exception | None:
        """Makes a request; None if it was answered with success, else what leaves its outcome open."""
        try:
            with self._plainly():
                ask()
        except (*_REFUSED, StoreUnreachable) as doubt:
            return doubt
        except Missing as gone:  # `If-Match` on what is not there
            return PreconditionError(str(gone))
        return None

    def _overtaken(self, name: str) -> StoreConflict:
        return StoreConflict(
            f"{name} 已被另一次发布更改，没有改动任何已发布的数据，请再运行一次。 "
            f"{name} was changed by another publisher: nothing was published, run again."
        )

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """What goes wrong with a store, in words that may be shown to anybody."""
        try:
            yield
        except FileNotFoundError as error:
            if error.errno is not None:  # a file of ours
                raise
            if "<Code>NoSuchBucket</Code>" in str(error):
                raise self._unfit("NoSuchBucket") from None
            raise Missing from None
        except _REFUSED:
            raise
        except _DENIED as error:
            raise self._unfit(_reason(error)) from None
        except BaseError as error:
            reason = _reason(error)
            raise (self._unfit(reason) if _NEVER.match(reason) else self._unreachable(reason)) from None

    def _unfit(self, reason: str) -> StoreUnfit:
        return StoreUnfit(
            f"{self.address} 拒绝了请求（{reason}）：请检查地址、桶、区域和密钥，密钥需要读、写、删除和列出的权限。 "
            f"{self.address} refused the request ({reason}): check the address, bucket, region and keys; the key needs "
            "the rights to get, put, delete and list."
        )

    def _unreachable(self, reason: str) -> StoreUnreachable:
        return StoreUnreachable(
            f"无法连接或没有得到答复 {self.address}（{reason}）：请检查网络和 AWS_ENDPOINT_URL 后再运行一次，"
            "会接着完成同一次发布。 "
            f"{self.address} cannot be reached or does not answer ({reason}): check the network and AWS_ENDPOINT_URL, "
            "then run again; the same release is finished."
        )


def _reason(error: BaseError) -> str:
    """Why, as the store or the transport put it: a status, a code of S3, or the kind of the error."""
    text = str(error).partition("\n\nDebug")[0]
    found = [match.group(1).strip() for pattern in (_STATUS, _CODE) if (match := pattern.search(text))]
    transport = _TRANSPORT.search(text)
    own = re.fullmatch(r"Generic S3 error: (Missing \w+)", text)
    detail = transport or own
    return " ".join(found) or (detail[1] if detail else type(error).__name__)
