"""Encodings are found strictly, and physical records are counted apart from the engine."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.reading import delimited, records
from quality.reading.encodings import EncodingUnknown, as_utf8, detect
from quality.reading.records import count_records

TEXT = "机构名称,地址\n示例㙦䶮托育园,“滨江”\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_each_encoding_is_named_and_read(tmp_path: Path, encoding: str):
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode(encoding))
    assert detect(path) == encoding
    assert as_utf8(path, encoding, tmp_path / "b.csv").read_text(encoding="utf-8") == TEXT


def test_characters_beyond_gbk_survive(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes("𬭎䶮㙦".encode("gb18030"))
    assert as_utf8(path, detect(path), tmp_path / "b.csv").read_text(encoding="utf-8") == "𬭎䶮㙦"


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf\xff\xfe\xff", bytes(range(256)), b"\xff\xff\xff", b"a\x00\x01\x02\x03b\xff"]
)
def test_what_is_no_text_has_no_encoding(tmp_path: Path, data: bytes):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(EncodingUnknown):
        detect(path)


@pytest.mark.parametrize(
    ("data", "count", "blank"),
    [
        (b"a,b\n1,2\n", 2, ()),
        (b"a,b\n1,2", 2, ()),
        (b"a,b\n\n1,2\n\n", 4, (2, 4)),
        (b"a,b\r\n\r\n1,2\r\n", 3, (2,)),
        (b'a,b\n"x\ny",2\n', 2, ()),
        (b'a,b\n"x ""q""\n y",2\n3,4\n', 3, ()),
        (b'a,b\n5" pipe,2\n3,4\n', 3, ()),
        (b'a,b\n1,"2\n3,4\n', 3, ()),  # never closed: each line is a record
        (b"", 0, ()),
    ],
)
def test_records_are_counted(tmp_path: Path, data: bytes, count: int, blank: tuple):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    found = count_records(path, ",")
    assert (found.count, found.blank) == (count, blank)


def test_counting_does_not_depend_on_where_the_pieces_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.csv"
    path.write_bytes(b'a,b\n"x\n""y""\n",2\n\n3,"4\n5"\n' * 7)
    whole = count_records(path, ",")
    for size in (1, 2, 3, 5, 8, 13):
        monkeypatch.setattr(records, "CHUNK", size)
        assert count_records(path, ",") == whole


CELL = st.text(alphabet='ab",;\n\r 托', max_size=5)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
def test_the_engine_and_the_count_agree_on_what_a_writer_wrote(tmp_path_factory, rows):
    import csv

    folder = tmp_path_factory.mktemp("csv")
    path = folder / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    con = duckdb.connect()
    text = delimited.prepare(path, folder)
    delimited.load_records(con, text, ",", 2, "records")
    assert con.execute("SELECT count(*) FROM records").fetchone()[0] == len(rows)


def test_row_numbers_count_blank_lines(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"t\n\na,b\n\n\n1,2\n3,4\n")
    con = duckdb.connect()
    delimited.load_records(con, delimited.prepare(path, tmp_path), ",", 2, "records")
    assert con.execute("SELECT _row, c0 FROM records ORDER BY 1").fetchall() == [(1, "t"), (3, "a"), (6, "1"), (7, "3")]


def test_an_unclosed_quote_is_refused_not_swallowed(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 50 + b'1,"2\n' + b"3,4\n" * 50)
    con = duckdb.connect()
    with pytest.raises(delimited.DelimitedUnreadable):
        delimited.load_records(con, delimited.prepare(path, tmp_path), ",", 2, "records")


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_every_line_end_is_read_also_mixed(tmp_path: Path, end: bytes):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b" + end + b"1,2" + end + b"3,4\r\n5,6\n")
    con = duckdb.connect()
    delimited.load_records(con, delimited.prepare(path, tmp_path), ",", 2, "records")
    assert con.execute("SELECT count(*) FROM records").fetchone()[0] == 4
