"""What must not leave in a text: the last look at every file, page and document before it can be read by anybody.

Files are taken apart as their readers see them: cells of a CSV, names and values of JSON, what a page of HTML or XML
shows and links to, lines of everything else; so a number that is split by quotes or written as an entity is found.
Then the detectors of the gate look at them (``quality/macros``, ``quality/reading/strangers.py``): one truth. A finding
names file and line, never what stands there. What does not belong here: Parquet and the typed tables (columns.py),
small cells (cells.py).
"""

from __future__ import annotations

import csv
import functools
import html.parser
import json
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow

from quality.disclosure.columns import REFUSED, DisclosureRefused
from quality.findings import Finding
from quality.judging.diagnosis import kind_of
from quality.normalise import install_macros
from quality.reading.strangers import personal_title
from schemas.compile.duckdb import literal
from schemas.registry import Registry

#: formats that columns.py looks at, and checksums, in which there is nothing to say
_NO_TEXT = (".parquet", "SHA256SUMS")
#: a hash has letters and digits by chance, and every manifest is full of them; so has the id of an entry of a feed
_HASH = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{64}|urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9A-Za-z])"
)
_JSON_TOKEN = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|-?[0-9][0-9.eE+-]*')
#: where something is called by a number of its own, and where the file lies
_IDENTIFYING = re.compile(r"(?:^|_)(?:id|no|key|path|href|url|hash|sha256)$")
#: bytes of a CSV from which on it is looked through where it lies
_MANY = 1 << 20
#: so many findings are told; one is enough to refuse
_SHOWN = 20


class Piece(NamedTuple):
    """A piece of a file: its line from 1, what it is called, its kind and text, and whether it titles a column."""

    line: int
    name: str
    kind: str
    text: str
    title: bool = False


def require_safe_texts(
    files: Mapping[str, bytes | Path], kinds: Mapping[str, str] | None = None, proved: Collection[str] = ()
) -> None:
    """DisclosureRefused if a file holds what must not leave; see ``inspect_texts``."""
    if findings := inspect_texts(files, kinds, proved):
        raise DisclosureRefused(findings)


def inspect_texts(
    files: Mapping[str, bytes | Path], kinds: Mapping[str, str] | None = None, proved: Collection[str] = ()
) -> list[Finding]:
    """Findings in files: name -> their bytes, or where they lie (a CSV lies somewhere). The first few are enough.

    ``kinds``: what columns hold (``column_kinds``); any other is free text. ``proved``: CSV files whose rows are, cell
    by cell, those of a table that columns.py has passed: of them only the header is looked at. A file that cannot be
    read as what it is called is refused: nobody could say what is in it."""
    found: list[Finding] = []
    places: dict[tuple[str, str], tuple[str, Piece]] = {}  # each different text is looked at once
    for name, content in files.items():
        if name.endswith(_NO_TEXT):
            continue
        try:
            pieces = list(_pieces(name, content, kinds or {}, name in proved))
        except (UnicodeDecodeError, duckdb.Error, csv.Error, ValueError):
            # what such an error says may quote the file
            found.append(_finding("file-unreadable", name, None, ""))
            continue
        for piece in pieces:
            places.setdefault((_HASH.sub("", piece.text), piece.kind), (name, piece))
        found += [_finding("header-personal-data", name, line, "") for line in _personal_titles(pieces)]
    for number, code in _codes([text for text, _ in places], [kind for _, kind in places]):
        name, piece = list(places.values())[number]
        found.append(_finding(code, name, piece.line, piece.name))
    return found[:_SHOWN]


def column_kinds(registry: Registry) -> dict[str, str]:
    """Column -> `text`, `credit_code` or `identifier`, as columns.py asks: numbers of districts look like persons'."""
    kinds = {}
    for table in registry.layer("open"):
        for field in table.fields:
            kind = kind_of(table, field)
            kinds[field.name] = kind if kind in ("text", "credit_code") else "identifier"
    return kinds


def _pieces(name: str, content: bytes | Path, kinds: Mapping[str, str], proved: bool) -> Iterator[Piece]:
    suffix = Path(name).suffix
    if suffix == ".csv" and isinstance(content, Path):
        return _of_csv(content, kinds, proved)
    data = content.read_bytes() if isinstance(content, Path) else content
    readers: dict[str, Callable[[str], Iterator[Piece]]] = {
        ".json": _of_json, ".jsonld": _of_json, ".geojson": _of_json, ".html": _of_html, ".xml": _of_html,
        ".md": _of_markdown,
    }  # fmt: skip
    return readers.get(suffix, _of_lines)(data.decode("utf-8"))


def _of_csv(path: Path, kinds: Mapping[str, str], proved: bool) -> Iterator[Piece]:
    """The header and the cells, of millions those that the cheap look leaves; records count as lines.

    Old and new values of `changes.csv` are of the kind of the column that changed."""
    with path.open(encoding="utf-8", newline="") as handle:
        header = next(csv.reader(handle), [])
    yield from (Piece(1, title, "text", title, True) for title in header)
    if proved or not header:
        return
    about = header.index("field_name") if "field_name" in header else None
    many = path.stat().st_size > _MANY
    for number, *row in _suspect_rows(path, header) if many else _every_row(path):
        for title, cell in zip(header, row, strict=False):
            changed = kinds.get(row[about] or "") if about is not None and title in ("old_value", "new_value") else None
            kind = changed or kinds.get(title) or ("identifier" if _IDENTIFYING.search(title) else "text")
            yield Piece(number, title, kind, cell or "")


def _every_row(path: Path) -> Iterator[list]:
    with path.open(encoding="utf-8", newline="") as handle:
        rows = csv.reader(handle, strict=True)
        next(rows)
        yield from ([number, *row] for number, row in enumerate(rows, 2))


def _suspect_rows(path: Path, header: list[str]) -> list[tuple]:
    names = [f"c{index}" for index in range(len(header))]
    reader = (
        f"read_csv({literal(str(path))}, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
        f"max_line_size = 16777216, columns = {{{', '.join(f'{name}: VARCHAR' for name in names)}}})"
    )
    looks = " OR ".join(f"may_be_personal(regexp_replace({name}, '^[0-9a-f]{{64}}$', ''))" for name in names)
    engine, lock = _engine()
    with lock:
        return engine.execute(
            f"SELECT * FROM (SELECT row_number() OVER () + 1 AS no, * FROM {reader}) WHERE {looks} ORDER BY no"
        ).fetchall()


def _of_json(text: str) -> Iterator[Piece]:
    """Names and values, with lines counted. Names of columns are what an object is called that has a type."""
    key, line, at = "", 1, 0
    for token in _JSON_TOKEN.finditer(text):
        line += text.count("\n", at, token.start())
        at = token.start()
        value = json.loads(token[0]) if token[0][0] == '"' else token[0]
        if text[token.end() : token.end() + 2].lstrip().startswith(":"):
            key = value
            yield Piece(line, key, "text", key, True)
        else:
            kind = "identifier" if _IDENTIFYING.search(key) else "text"
            yield Piece(line, key, kind, value, key in ("name", "title", "titles"))


class _Shown(html.parser.HTMLParser):
    """What a page shows and links to. Titles of columns are cells of a row of nothing but ``th``."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Piece] = []
        self.tag = ""
        self.row: list[Piece] = []
        self.only_titles = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tag = tag
        if tag == "tr":
            self.row, self.only_titles = [], True
        self.only_titles &= tag != "td"
        self.found += [Piece(self.getpos()[0], name, "identifier" if _IDENTIFYING.search(name) else "text", value)
                       for name, value in attrs if value]  # fmt: skip

    def handle_endtag(self, tag: str) -> None:
        self.tag = ""
        if tag == "tr" and self.only_titles:
            self.found += [piece._replace(title=True) for piece in self.row]

    def handle_data(self, data: str) -> None:
        first = self.getpos()[0]
        for number, line in enumerate(data.split("\n")):
            if line.strip():
                kind = "identifier" if self.tag == "id" else "text"
                self.found.append(Piece(first + number, self.tag, kind, line.strip()))
                self.row += [self.found[-1]] if self.tag == "th" else []

    handle_comment = handle_data
    unknown_decl = handle_data


def _of_html(text: str) -> Iterator[Piece]:
    shown = _Shown()
    shown.feed(text)
    shown.close()
    return iter(shown.found)


def _of_markdown(text: str) -> Iterator[Piece]:
    """Lines; cells of a table's head, which has a line of dashes below it, are titles."""
    lines = text.splitlines()
    for number, (line, below) in enumerate(zip(lines, [*lines[1:], ""], strict=True), 1):
        yield Piece(number, "", "text", line)
        if "|" in line and re.fullmatch(r"[|: -]*-[|: -]*", below):
            yield from (Piece(number, "", "text", cell.strip(), True) for cell in line.split("|"))


def _of_lines(text: str) -> Iterator[Piece]:
    return (Piece(number, "", "text", line) for number, line in enumerate(text.splitlines(), 1))


def _personal_titles(pieces: list[Piece]) -> list[int]:
    """Lines that title a column by what persons are known by."""
    return sorted({piece.line for piece in pieces if piece.title and personal_title([[piece.text, "-"]])})


def _codes(texts: list[str], kinds: list[str]) -> list[tuple[int, str]]:
    """(number of a text, code of a detector), in order: the cheap look first, the long one on what it leaves."""
    engine, lock = _engine()
    asked = pyarrow.table({"no": range(len(texts)), "text": texts, "kind": kinds})
    with lock:
        engine.register("asked", asked)
        suspects = engine.execute("SELECT no FROM asked WHERE may_be_personal(text) ORDER BY no").fetchall()
        if not suspects:
            return []
        engine.register("suspects", asked.take([no for (no,) in suspects]))
        codes = ", ".join(f"'{code}'" for code in REFUSED)
        return engine.execute(
            "SELECT no, code FROM (SELECT no, unnest(personal_codes(text, kind)) AS code FROM suspects) "
            f"WHERE code IN ({codes}) ORDER BY no, code"
        ).fetchall()


@functools.cache
def _engine() -> tuple[duckdb.DuckDBPyConnection, threading.Lock]:
    """An engine that knows the detectors, once for a process: making them known takes longer than looking."""
    con = duckdb.connect(config={"threads": 1})
    install_macros(con, ("50_check_digits", "55_personal_data"))
    return con, threading.Lock()


def _finding(code: str, file: str, line: int | None, name: str) -> Finding:
    """``name``: what the place is called, unless that may itself be what must not be told."""
    column = name if re.fullmatch(r"[A-Za-z_:-]{1,40}", name) else None
    return Finding(code=code, severity="error", file=file, row=line, column=column)
