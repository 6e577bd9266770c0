"""The demo's history as a user meets it: month by month, killed on the way, and judged event by event.

Three months of it, in which every late story falls; the two years are `make demo-history`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assets.raw.receive import ledger
from assets.workspace import Workspace, file_sha256, read_json
from pipelines.demo_history import run_history
from pipelines.demo_judge import judge_lists, judge_whitelist
from pipelines.demo_run import DemoShape, HomeInUse, run_demo
from pipelines.exits import Exit
from pipelines.settings import from_environment
from tests.attack.run import of_home
from tests.house.source import ROOT

TUOYU = [sys.executable, "-c", "from pipelines.cli import main; main()"]
HISTORY = ["demo", "--history", "--months", "3"]

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(1800)]


def tuoyu(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    command = [*TUOYU, *words, "--home", str(home)]
    env = {k: v for k, v in os.environ.items() if not k.startswith("TUOYU_")}
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT, check=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("history")


@pytest.fixture(scope="module")
def killed(home) -> dict:
    """The history, killed while it makes its second release; gives what its diary says then."""
    process = subprocess.Popen([*TUOYU, *HISTORY, "--home", str(home)], cwd=ROOT, stderr=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)  # fmt: skip
    diary = home / "workspace" / "history.json"
    while process.poll() is None and (read_json(diary) or {"done": 0})["done"] < 5:
        time.sleep(0.05)
    time.sleep(1.5)
    process.kill()
    process.wait()
    return read_json(diary)


@pytest.fixture(scope="module")
def told(killed, home) -> dict:
    """The same command again, to its end."""
    done = tuoyu(*HISTORY, "--json", home=home)
    assert done.returncode == Exit.OK, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout)


def test_a_killed_history_goes_on_where_it_stopped(killed, told, home):
    assert killed["done"] == 5 and [r["as_of"] for r in killed["releases"]] == ["2026-01-31"]
    assert [r["as_of"] for r in told["releases"]] == ["2026-01-31", "2026-02-28", "2026-03-31"]
    assert told["releases"][0] == killed["releases"][0]
    assert [folder.name[:6] for folder in sorted((home / "published" / "releases").iterdir())] == [
        "000001", "000002", "000003"
    ]  # fmt: skip


def test_every_provider_has_the_story_that_the_generator_tells(told):
    key = told["whitelist_key"]
    assert key["differs"] == [] and key["exact"] == key["expected"] == 50
    assert key["overturned"] == 3 and key["events"] > 60
    assert told["answer_key"]["missed"] == told["answer_key"]["extra"] == []


def test_it_ends_where_the_plain_demo_ends(told):
    facts = told["facts"]
    assert (facts["providers"], facts["places"], facts["listed"], facts["decided"]) == (45, 1425, 38, 50)


def test_files_are_received_on_the_day_they_arrive(told, home):
    days = {receipt.received_on for receipt in ledger(Workspace(home / "workspace"))}
    assert days == {"2026-01-08", "2026-01-20", "2026-02-08", "2026-02-20", "2026-03-08", "2026-03-20", "2026-03-31"}


def test_each_release_lists_whom_the_key_lists(told, home):
    assert told["lists"] == {"expected": 3, "exact": 3, "differs": []}
    settings = from_environment({"TUOYU_HOME": str(home)})
    january, *others = told["releases"]
    wrong = [january | {"as_of": "2026-03-31"}, *others]  # others are listed by then
    assert judge_lists(settings, wrong)["differs"] == ["2026-03-31"]


def test_again_changes_nothing(told, home):
    before = _digests(home)
    done = tuoyu(*HISTORY, home=home)
    assert done.returncode == Exit.OK and "50 of 50" in done.stdout
    assert _digests(home) == before


def test_a_history_shares_its_home_with_nothing(told, home, tmp_path):
    before, settings = _digests(home), from_environment({"TUOYU_HOME": str(home)})
    with pytest.raises(HomeInUse, match="--home"):
        run_demo(settings, DemoShape(1, 45, 24), inbox_only=True, progress=print)
    for other in ({"months": 4}, {"months": 3, "seed": 2}):
        with pytest.raises(HomeInUse, match="--home"):
            run_history(settings, **other)
    assert _digests(home) == before
    (tmp_path / "workspace" / "inbox").mkdir(parents=True)
    (tmp_path / "workspace" / "inbox" / "真实来件.csv").write_text("x", "utf-8")
    refused = tuoyu(*HISTORY, home=tmp_path)
    assert refused.returncode == Exit.CONFIGURATION and refused.stderr.count("\n") == 1
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["真实来件.csv"]


@pytest.mark.parametrize(
    ("before", "after"),
    [(",2026-01-15,true,false,document-expired,", ",2026-01-16,true,false,document-expired,"),
     (",nonconformity-open,2026-01-08,", ",nonconformity-open,2026-01-09,"),
     (",suspended,2026-02-20,2026-02-28,\n", ",suspended,2026-02-20,2026-02-28,2026-03-31\n")],
    ids=["another day", "recorded on another day", "overturned"],
)  # fmt: skip
def test_the_judge_sees_one_wrong_date(told, home, tmp_path, before, after):
    key = (home / "workspace" / "whitelist_key.csv").read_text("utf-8")
    assert before in key
    (tmp_path / "whitelist_key.csv").write_text(key.replace(before, after, 1), "utf-8")
    settings = from_environment({"TUOYU_HOME": str(home), "TUOYU_INBOX": str(tmp_path / "inbox")})
    assert len(judge_whitelist(settings, 1)["differs"]) == 1


def _digests(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): file_sha256(p) for p in folder.rglob("*") if p.is_file()}


def test_an_attacker_reckons_no_hidden_number_from_three_releases(told, home):
    """Everything that the demo publishes, all versions, by an outsider and by every insider (tests/attack)."""
    verdict = of_home(home)
    assert verdict.hidden > 20 and verdict.asked > 100
    assert [f"{b.question.about}: {b.low:g}..{b.high:g}, {b.question.who}" for b in verdict.narrow] == []
