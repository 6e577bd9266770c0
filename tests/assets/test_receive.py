"""Receiving: by content, once, append only; the inbox is never touched."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from assets.raw.receive import ledger, pending, receive, received_file
from assets.workspace import Workspace, file_sha256

DAY = date(2026, 3, 31)


def clock() -> str:
    return "2026-03-31T00:00:00+00:00"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "西兴街道").mkdir(parents=True)
    (folder / "西兴街道" / "月报.csv").write_text("a\n1\n", "utf-8")
    (folder / "浦沿.csv").write_text("a\n2\n", "utf-8")
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


def test_each_content_is_kept_read_only_under_its_hash(inbox, workspace):
    receipts = receive(inbox, workspace, DAY, clock)
    assert [r.seq for r in receipts] == [1, 2]
    for receipt in receipts:
        kept = received_file(workspace, receipt.sha256)
        assert kept.read_bytes() == (inbox / receipt.name).read_bytes()
        assert file_sha256(kept) == receipt.sha256
        assert kept.stat().st_mode & 0o222 == 0


def test_a_file_sent_again_changes_nothing(inbox, workspace):
    receive(inbox, workspace, DAY, clock)
    before = workspace.ledger.read_bytes()
    (inbox / "再次报送.csv").write_bytes((inbox / "浦沿.csv").read_bytes())
    assert receive(inbox, workspace, DAY, clock) == []
    assert workspace.ledger.read_bytes() == before


def test_a_corrected_file_is_a_new_receipt_and_the_old_one_stays(inbox, workspace):
    [first] = [r for r in receive(inbox, workspace, DAY, clock) if r.name == "浦沿.csv"]
    (inbox / "浦沿.csv").write_text("a\n3\n", "utf-8")
    [second] = receive(inbox, workspace, date(2026, 4, 30), clock)
    assert (second.seq, second.batch, second.received_on) == (3, 2, "2026-04-30")
    assert received_file(workspace, first.sha256).read_text("utf-8") == "a\n2\n"


def test_the_order_of_a_batch_does_not_depend_on_names(inbox, workspace, tmp_path):
    first = [r.sha256 for r in receive(inbox, workspace, DAY, clock)]
    (inbox / "浦沿.csv").rename(inbox / "0.csv")
    assert [r.sha256 for r in receive(inbox, Workspace(tmp_path / "other"), DAY, clock)] == first


def test_the_inbox_is_left_as_it_is(inbox, workspace):
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in inbox.rglob("*.csv")}
    receive(inbox, workspace, DAY, clock)
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in inbox.rglob("*.csv")} == before


def test_lock_files_and_links_are_not_filings(inbox, workspace):
    (inbox / "~$月报.xlsx").write_bytes(b"lock")
    (inbox / ".DS_Store").write_bytes(b"x")
    (inbox / "link.csv").symlink_to(inbox / "浦沿.csv")
    assert {r.name for r in receive(inbox, workspace, DAY, clock)} == {"浦沿.csv", "西兴街道/月报.csv"}


def test_a_ledger_line_cut_off_by_a_crash_is_written_again(inbox, workspace):
    receive(inbox, workspace, DAY, clock)
    whole = workspace.ledger.read_bytes()
    workspace.ledger.write_bytes(whole[:-20])
    assert len(ledger(workspace)) == 1
    assert len(pending(inbox, workspace)) == 1
    receive(inbox, workspace, DAY, clock)
    assert [r.sha256 for r in ledger(workspace)] == [json.loads(line)["sha256"] for line in whole.splitlines()]


def test_two_receptions_at_once_receive_each_content_once(inbox, workspace):
    for number in range(30):
        (inbox / f"{number}.csv").write_text(f"a\n{number}0\n", "utf-8")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: receive(inbox, workspace, DAY, clock), range(4)))
    receipts = ledger(workspace)
    assert len(receipts) == len({r.sha256 for r in receipts}) == 32
    assert [r.seq for r in receipts] == list(range(1, 33))
