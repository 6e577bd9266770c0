"""Personal data of every kind, planted in every place of what is sent, stands nowhere outside the private workspace.

The whole line runs once, recorded by a Dagster home on disk and with every log on. Looked through are all bytes of
what more people read: `published/`, the reports of the run, what was printed and logged, Dagster's home, and the
answers of the commands for everybody. Left out, because they are private by design: what was received and what is
made of it in the workspace, the senders' own marked-up files, and the doors for one sender (`tuoyu findings`,
`tuoyu check`).
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

import dagster as dg
import pytest

import assets.factory
from assets.build import build_table
from assets.lineage import table_sql
from assets.release.step import publish_from
from pipelines import run as runner
from pipelines.cli import main
from pipelines.context import context_of
from pipelines.settings import Settings
from quality.disclosure.columns import DisclosureRefused
from schemas.registry import load
from tests.assets.release import house
from tests.house.source import ROOT
from tests.privacy import leaving, planted

pytestmark = pytest.mark.slow

#: what everybody may ask
DOORS = (["status", "--json"], ["status"], ["verify", "--json"], ["whitelist", "--json"], ["schema", "list", "--json"])
CONSOLE = {"loggers": {"console": {"config": {"log_level": "DEBUG"}}}}


class Line:
    """One home in which the line ran, and all it said meanwhile."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home / "home", corrections=home / "corrections")
        self.dagster, self.tokens, self.said = home / "dagster", planted.Tokens(), home / "said"
        self.said.mkdir()

    def run(self, **given) -> runner.Outcome:
        """One run, with all it prints and logs kept: progress, Python's log, Dagster's console."""
        with pytest.MonkeyPatch.context() as patch, (self.said / "log").open("a", encoding="utf-8") as log:
            patch.setenv("DAGSTER_HOME", str(self.dagster))
            patch.setattr(runner, "_QUIET", CONSOLE)
            patch.setattr(sys, "stderr", log)
            patch.setattr(sys, "stdout", log)
            handler = logging.StreamHandler(log)
            logging.getLogger().addHandler(handler)
            try:
                return runner.run_job(self.settings, "everything", planted.DAY, progress=print, **given)
            finally:
                logging.getLogger().removeHandler(handler)

    def token(self, where: str) -> str:
        return next(token for token, place in self.tokens.planted.items() if place == where)

    def leaving(self) -> leaving.Bytes:
        workspace = self.settings.workspace_dir
        yield from leaving.of_folder(self.settings.published_dir, "published")
        for name in ("last_run.json", "quality.json"):
            yield from leaving.of_file(workspace / name, name)
        yield from leaving.of_folder(self.said, "said")
        yield from leaving.of_folder(self.dagster, "dagster")

    def leaks(self, tokens=None) -> list[str]:
        planted = self.tokens.planted
        found = leaving.places(tokens or planted, self.leaving())
        return [f"{place} ({planted.get(place.rpartition(': ')[2], '')})" for place in found]


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """The line, having run once over everything that was planted; in memory where that can be, for Dagster's sake."""
    ram = Path("/dev/shm")
    room = ram if os.access(ram, os.W_OK) else tmp_path_factory.mktemp("planted")
    with tempfile.TemporaryDirectory(dir=room) as home:
        line = Line(Path(home))
        planted.plant(line.settings.inbox_dir, load("binjiang"), line.tokens)
        planted.corrections(line.settings.corrections_dir, line.tokens)
        line.dagster.mkdir()
        shutil.copyfile(ROOT / "dagster.yaml", line.dagster / "dagster.yaml")
        line.outcome = line.run()
        yield line


def test_nothing_that_was_planted_leaves(line):
    assert line.outcome.success, line.outcome.failures
    assert len(line.tokens.planted) >= 90
    published = {d["name"]: sum(d["rows"].values()) for d in line.outcome.release["datasets"]}
    assert published["providers"] > 50 and published["stations"] > 5  # what surrounds it was published
    assert line.leaks() == []


def test_it_came_as_far_as_it_may(line):
    """Otherwise there would be nothing to leave: every token lies in the workspace as it was received.

    Of pictures and scans only that they came: nobody can read them, so they are not kept."""
    received = list(leaving.of_folder(line.settings.workspace_dir / "received", "received"))
    kept = {hit.rpartition(": ")[2] for hit in leaving.places(line.tokens.planted, iter(received))}
    assert [where for token, where in line.tokens.planted.items() if token not in kept] == [
        "bytes of a picture", "bytes of a PDF"
    ]  # fmt: skip
    log = (line.said / "log").read_text("utf-8")
    assert "生成" in log and "STEP_SUCCESS" in log


def test_no_door_for_everybody_says_it(line, monkeypatch, capsys):
    said = []
    for words in DOORS:
        home = [] if words[0] == "schema" else ["--home", str(line.settings.home)]
        monkeypatch.setattr(sys, "argv", ["tuoyu", *words, *home])
        with pytest.raises(SystemExit):
            main()
        printed = capsys.readouterr()
        said.append((" ".join(words), (printed.out + printed.err).encode()))
        assert len(printed.out) > 50
    assert leaving.places(line.tokens.planted, iter(said)) == []


def test_a_crash_takes_no_row_with_it(line, monkeypatch):
    """DuckDB quotes the value it cannot cast, and a library or our own code may quote anything."""
    phone = line.token("mobile number, a private column")

    def stumble(*_):
        try:
            raise KeyError(phone)
        except KeyError as error:
            raise ValueError(f"row {phone}") from error

    monkeypatch.setattr(assets.factory, "build_answers", stumble)
    failed = line.run(sql={"core_subdistrict": "SELECT CAST('站' || contact_phone AS INTEGER) AS x FROM filing"})
    assert {f["step"]: f["error"] for f in failed.failures} == {
        "answers": "StepFailed", "core_subdistrict": "EngineFailed"
    }  # fmt: skip
    assert "ValueError" in next(f["message"] for f in failed.failures if f["step"] == "answers")
    assert line.leaks() == []


def test_the_gate_refuses_what_a_wrong_select_would_publish(line):
    """A fault in our own SQL: the private telephones in a public column."""
    before = house.tree(line.settings.published_dir)
    ctx = context_of(line.settings, planted.DAY)
    phone = line.token("mobile number, a private column")
    wrong = f"SELECT * REPLACE ('电话{phone}' AS opening_hours) FROM ({table_sql('open_station')})"
    assert build_table(ctx, "open_station", wrong, opinions=False).changed
    with pytest.raises(DisclosureRefused, match=r"mobile-number-in-text open_station\.opening_hours") as refused:
        publish_from(ctx, line.settings.published_dir)
    assert phone not in str(refused.value) and house.tree(line.settings.published_dir) == before


def test_a_token_that_leaves_is_found(line, monkeypatch, tmp_path):
    """The search itself, in all it has to unpack: last, because it makes leaks."""
    monkeypatch.setenv("DAGSTER_HOME", str(line.dagster))
    token, name = "１３９-９９９９-０００１", "欧阳翀翀翀"
    with dg.DagsterInstance.get() as instance:
        metadata = {"preview": dg.MetadataValue.md(f"| {name} |")}
        instance.report_runless_asset_event(dg.AssetMaterialization("x", metadata=metadata))
    found = line.leaks([name])
    assert any(leak.startswith("dagster/") and ".db" in leak for leak in found), found
    assert leaving.places([token], iter([("x", b"..." + b"13999990001")])) == [f"x: {token}"]
    _packed(tmp_path, name)
    found = leaving.places([name], leaving.of_folder(tmp_path, "t"))
    holders = {place.partition("|")[0].partition(":")[0] for place in found}
    assert holders == {"t/rows.parquet", "t/empty.parquet", "t/a.gz", "t/a.zip", "t/a.db", "t/a.json", "t/a.xml"}


def _packed(folder: Path, name: str) -> None:
    import gzip
    import json
    import zipfile
    import zlib

    import pyarrow
    import pyarrow.parquet

    text = "填充" * 5000 + name
    table = pyarrow.table({"a": pyarrow.array(["x", text, "x"]).dictionary_encode()})
    # its dictionary keeps what no row has any more
    pyarrow.parquet.write_table(table.slice(2), folder / "empty.parquet", compression="zstd")
    pyarrow.parquet.write_table(table, folder / "rows.parquet", compression="zstd")
    (folder / "a.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.txt", text)
    with sqlite3.connect(folder / "a.db") as con:
        con.execute("CREATE TABLE t(x BLOB)")
        con.execute("INSERT INTO t VALUES (?)", [zlib.compress(text.encode())])
    con.close()
    (folder / "a.json").write_text(json.dumps({"x": text}))
    (folder / "a.xml").write_text(text, "utf-16-le")
