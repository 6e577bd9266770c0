"""All bytes that more people read than the workspace, uncompressed, and the places where a token stands in them.

What belongs here: unpacking what is published, printed or recorded, and how a token may be written there. What does
not: planting tokens (planted.py). A token is looked for as it is, without the marks between its digits, as JSON, URLs
and Python's repr write it.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import sqlite3
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import duckdb
import pyarrow.parquet

Bytes = Iterator[tuple[str, bytes]]


def writings(token: str) -> set[bytes]:
    """Every way in which the token may stand in a file."""
    narrow = unicodedata.normalize("NFKC", token)
    digits = re.sub(r"(?<=[0-9])[- .]+(?=[0-9Xx])", "", narrow)
    texts = {token, narrow, digits, digits.upper()}
    texts |= {form for text in texts for form in (json.dumps(text)[1:-1], quote(text), ascii(text)[1:-1])}
    return {text.encode("utf-8") for text in texts} | {token.encode("utf-16-le"), token.encode("gb18030")}


def places(tokens: Iterable[str], found: Bytes) -> list[str]:
    """"place: token" for each token that stands somewhere. One search for all of them: there are many bytes."""
    written = {form: token for token in tokens for form in writings(token)}
    search = re.compile(b"|".join(re.escape(form) for form in sorted(written, key=len, reverse=True)))
    return sorted({f"{place}: {written[hit]}" for place, data in found for hit in set(search.findall(data))})


def of_folder(folder: Path, called: str) -> Bytes:
    """Names and bytes of every file, whatever packs them."""
    for path in sorted(folder.rglob("*")):
        name = f"{called}/{path.relative_to(folder).as_posix()}"
        yield f"the name {name}", name.encode("utf-8", "surrogateescape")
        if path.is_file() and not path.is_symlink():
            yield from of_file(path, name)


def of_file(path: Path, name: str) -> Bytes:
    """The bytes of a file as they lie there, and what is packed in them."""
    data = path.read_bytes()
    yield name, data
    if data[:4] == b"PAR1":
        yield from _of_parquet(path, name)
    elif data[:15] == b"SQLite format 3":
        yield from _of_sqlite(path, name)
    else:
        yield from _unpacked(name, data)


def _unpacked(name: str, data: bytes) -> Bytes:
    if data[:2] == b"\x1f\x8b":
        yield from _unpacked(f"{name}|gunzip", gzip.decompress(data))
    elif data[:2] == b"PK" and zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            yield f"{name}|comment", packed.comment
            for entry in packed.infolist():
                yield f"{name}|{entry.filename}", entry.filename.encode() + entry.comment + packed.read(entry)
    elif data[:1] == b"\x78":
        try:
            yield f"{name}|inflate", zlib.decompress(data)
        except zlib.error:
            return
    else:
        yield name, data


def _of_parquet(path: Path, name: str) -> Bytes:
    """Every value; the dictionaries too, in which a value may be that no row has; metadata and statistics."""
    rows = duckdb.sql(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet('{path}')").fetchall()
    yield f"{name}|rows", "\n".join("\t".join(v or "" for v in row) for row in rows).encode()
    facts = duckdb.sql(f"SELECT * FROM parquet_metadata('{path}')").fetchall()
    facts += duckdb.sql(f"SELECT * FROM parquet_kv_metadata('{path}')").fetchall()
    yield f"{name}|metadata", repr(facts).encode()
    plain = io.BytesIO()
    table = pyarrow.parquet.read_table(path, read_dictionary=_texts(path))
    pyarrow.parquet.write_table(table, plain, compression="none")
    yield f"{name}|plain", plain.getvalue()


def _texts(path: Path) -> list[str]:
    schema = pyarrow.parquet.read_schema(path)
    return [field.name for field in schema if str(field.type) == "string"]


def _of_sqlite(path: Path, name: str) -> Bytes:
    """Every cell of every table: a row spreads over pages, and Dagster packs what is large."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as con:
        con.text_factory = bytes
        for (table,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            table = table.decode()
            for row in con.execute(f'SELECT * FROM "{table}"'):
                for cell in row:
                    if isinstance(cell, bytes):
                        yield from _unpacked(f"{name}|{table}", cell)
