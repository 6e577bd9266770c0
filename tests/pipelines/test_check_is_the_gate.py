"""`tuoyu check` and the gate of a run are one code: over all files of the demo they say and accept the same."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from assets.raw.answers import build_answers
from assets.raw.intake import build_intake
from assets.raw.receive import ledger, receive
from assets.workspace import Context, Workspace
from pipelines.cli import main
from pipelines.demo.inbox import make_inbox
from quality.findings import Finding
from quality.sandbox import Sandbox
from schemas.registry import load

AS_OF = date(2026, 3, 31)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A workspace after the gate of a run."""
    home = tmp_path_factory.mktemp("home")
    workspace = Workspace(home / "workspace")
    inbox = home / "workspace" / "inbox"
    make_inbox(inbox, as_of=AS_OF)
    ctx = Context(load("binjiang"), workspace, AS_OF)
    receive(inbox, workspace, AS_OF, lambda: "2026-03-31T00:00:00+00:00")
    build_intake(ctx)
    build_answers(ctx)
    return home


@pytest.fixture(scope="module")
def checked(home, tmp_path_factory) -> tuple[dict[str, dict], Path]:
    """What `tuoyu check --json` says of each file of that inbox, and what its gate left in a folder a file."""
    kept, check_file = tmp_path_factory.mktemp("kept"), Sandbox.check_file

    def keeping(self, registry, path, *, sha256, **given):
        return check_file(self, registry, path, sha256=sha256, out_dir=kept / sha256, **given)

    words = ["tuoyu", "check", str(home / "workspace" / "inbox"), "--as-of", AS_OF.isoformat(), "--json"]
    printed: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUOYU_HOME", str(home))
        patch.setattr(sys, "argv", words)
        patch.setattr(Sandbox, "check_file", keeping)
        patch.setattr("builtins.print", lambda text: printed.append(text))
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 1
    return {f["file"]: f for f in json.loads(printed[0])["files"]}, kept


def table(path: Path) -> list[tuple]:
    with duckdb.connect() as con:
        return con.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()


def test_every_file_of_the_demo_was_checked(home, checked):
    names = {r.name for r in ledger(Workspace(home / "workspace"))}
    assert len(names) > 30 and names <= set(checked[0])


def test_the_findings_are_the_same(home, checked):
    fields, found = list(Finding.__dataclass_fields__), 0
    for receipt in ledger(Workspace(home / "workspace")):
        told = [tuple(f[name] for name in fields) for f in checked[0][receipt.name]["findings"]]
        assert told == table(Workspace(home / "workspace").gated(receipt.sha256) / "findings.parquet"), receipt.name
        found += len(told)
    assert found > 50


def test_the_counts_are_the_same(home, checked):
    for receipt in ledger(Workspace(home / "workspace")):
        names = ("sheet", "table", "received", "accepted", "quarantined")
        told = sorted(tuple(a[name] for name in names) for a in checked[0][receipt.name]["account"])
        kept = table(Workspace(home / "workspace").gated(receipt.sha256) / "account.parquet")
        assert told == sorted(row[2:] for row in kept), receipt.name


def test_the_rows_accepted_and_held_are_the_same(home, checked):
    rows = 0
    for receipt in ledger(Workspace(home / "workspace")):
        ours, theirs = Workspace(home / "workspace").gated(receipt.sha256), checked[1] / receipt.sha256
        for kind in ("accepted", "quarantine"):
            names = sorted(p.name for p in (ours / kind).iterdir())
            assert names == sorted(p.name for p in (theirs / kind).iterdir())
            for name in names:
                kept = table(ours / kind / name)
                assert kept == table(theirs / kind / name)
                rows += len(kept)
    assert rows > 1_000


def test_the_answers_of_the_run_tell_at_least_what_the_check_does(home, checked):
    """The run also compares files; of what a file says by itself nothing is left out."""
    answers = json.loads((home / "workspace" / "state" / "answers.json").read_text("utf-8"))["files"]
    told = {a["file"]: a["counts"] for a in answers}
    wrong = {name: v["counts"] for name, v in checked[0].items() if v["result"] != "accepted"}
    assert wrong and set(wrong) <= set(told)
    for name, counts in wrong.items():
        assert all(told[name][severity] >= number for severity, number in counts.items())
