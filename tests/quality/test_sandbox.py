"""The gate in a child process: what a file does to it ends there, and the next file is judged as if nothing was."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from quality.gate import AccountError, GateResult, check_file
from quality.limits import Limits
from quality.sandbox import GateFault, Sandbox
from schemas.registry import Registry
from tests.quality.test_gate import REGISTRY, TITLES, row, sheet
from tests.quality.test_limits import book

GIVEN = {"name": "月报.csv", "sha256": "0" * 64, "received_on": "2026-03-30", "as_of": date(2026, 3, 31)}
WIDE = Limits(cells=1 << 40, columns=1 << 20)


class NotLessThanNothing(Registry):
    """A registry by which the gate finds out that it lost rows."""

    def source_for(self, path: str) -> None:
        raise AccountError("filing: received 2, accepted 1, held 0")


class Quoting(Registry):
    """A registry by which the gate breaks with a message that quotes a cell."""

    def source_for(self, path: str) -> None:
        raise ZeroDivisionError("13800000000")


def variant(kind: type[Registry]) -> Registry:
    return kind(**{name: getattr(REGISTRY, name) for name in Registry.__dataclass_fields__})


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("small") / "a.csv"
    path.write_text(sheet(row(1), row(2, days=40)), "utf-8")
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """A quarter of a million reports, each with full-width digits: several seconds of work on any machine."""
    path = tmp_path_factory.mktemp("large") / "a.csv"
    months = [f"20{10 + n // 12}-{1 + n % 12:02}" for n in range(25)]
    path.write_text(sheet(*(row(n, month, "２０天") for month in months for n in range(10_000))), "utf-8")
    return path


def counts(result: GateResult) -> tuple[int, int, list[str]]:
    return result.accepted, result.quarantined, [f.code for f in result.findings]


def child(gate: Sandbox) -> int:
    return gate._child._process.pid


def test_the_verdict_is_the_gates_and_one_child_serves_many_files(small: Path, tmp_path: Path):
    here = check_file(REGISTRY, small, out_dir=tmp_path / "here", **GIVEN)
    with Sandbox() as gate:
        first = child(gate)
        assert gate.check_file(REGISTRY, small, out_dir=tmp_path / "there", **GIVEN) == here
        assert gate.check_file(REGISTRY, small, out_dir=tmp_path / "x", brief=True, **GIVEN) == replace(
            here, findings=()
        )
        assert child(gate) == first
    made = [{p.relative_to(tmp_path / t): p.read_bytes() for p in (tmp_path / t).rglob("*.parquet")} for t in _BOTH]
    assert made[0] == made[1] and len(made[0]) == 5
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


_BOTH = ("here", "there")


@pytest.mark.parametrize(
    "limits, code",
    [(replace(WIDE, seconds=1), "file-too-slow"), (replace(WIDE, memory_bytes=160 << 20), "file-too-heavy")],
)
def test_a_file_that_takes_too_much_is_refused_and_the_next_one_is_not(
    large: Path, small: Path, tmp_path: Path, limits: Limits, code: str
):
    with Sandbox(limits, threads=1) as gate:
        first, scratch = child(gate), gate._child._scratch
        assert counts(gate.check_file(REGISTRY, small, **GIVEN))[:2] == (1, 1)
        refused = gate.check_file(REGISTRY, large, out_dir=tmp_path / "out", **GIVEN)
        assert counts(refused) == (0, 0, [code])
        assert child(gate) != first and not scratch.exists()
        assert counts(gate.check_file(REGISTRY, small, **GIVEN))[:2] == (1, 1)
    written = {p.name for p in (tmp_path / "out").rglob("*.parquet")}
    assert written == {"findings.parquet", "normalised.parquet", "account.parquet"}


def test_a_child_that_dies_costs_its_file_only(large: Path, small: Path):
    with Sandbox(WIDE) as gate:
        assert counts(gate.check_file(REGISTRY, small, **GIVEN))[:2] == (1, 1)
        pid = child(gate)

        def stab() -> None:
            time.sleep(0.3)  # it is in the middle of the large file by now
            os.kill(pid, signal.SIGSEGV)

        threading.Thread(target=stab).start()
        assert counts(gate.check_file(REGISTRY, large, **GIVEN)) == (0, 0, ["file-breaks-reader"])
        os.kill(child(gate), signal.SIGKILL)  # between two files: no file is to blame
        assert counts(gate.check_file(REGISTRY, small, **GIVEN))[:2] == (1, 1)


def test_a_child_that_hangs_is_not_waited_for(small: Path):
    with Sandbox(Limits(seconds=1)) as gate:
        gate.check_file(REGISTRY, small, **GIVEN)
        os.kill(child(gate), signal.SIGSTOP)
        assert counts(gate.check_file(REGISTRY, small, **GIVEN)) == (0, 0, ["file-too-slow"])


def test_workbooks_are_read_in_the_child_as_well(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    book(path, [row(1)])
    with Sandbox() as gate:
        assert gate.check_file(REGISTRY, path, **GIVEN).accepted == 1


def test_faults_of_ours_surface_without_a_value(small: Path):
    with Sandbox() as gate:
        with pytest.raises(AccountError, match="received 2, accepted 1"):
            gate.check_file(variant(NotLessThanNothing), small, **GIVEN)
        with pytest.raises(GateFault, match=r"ZeroDivisionError in .*test_sandbox\.py:\d+ source_for") as fault:
            gate.check_file(variant(Quoting), small, **GIVEN)
        assert "138" not in str(fault.value)
        assert counts(gate.check_file(REGISTRY, small, **GIVEN))[:2] == (1, 1)


def test_what_a_child_says_runs_no_code(small: Path):
    from quality.sandbox import _plain

    class Evil:
        def __reduce__(self):
            return os.system, ("true",)

    import pickle

    with pytest.raises(GateFault, match="nonsense"):
        _plain(pickle.dumps(("result", Evil())))


@pytest.mark.parametrize("extra", [3, 400])
def test_a_row_with_many_cells_too_many_is_within_the_limits(tmp_path: Path, extra: int):
    path = tmp_path / "a.csv"
    path.write_text(sheet(row(1), row(2) + ["x"] * extra), "utf-8")
    with Sandbox() as gate:
        assert counts(gate.check_file(REGISTRY, path, **GIVEN)) == (1, 1, ["record-width"])


def test_a_header_with_hundreds_of_foreign_columns_is_within_the_limits(tmp_path: Path):
    path = tmp_path / "a.csv"
    foreign = [f"附加列{n}" for n in range(300)]
    path.write_text(sheet(row(1) + foreign, titles=[*TITLES, *foreign]), "utf-8")
    with Sandbox() as gate:
        result = gate.check_file(REGISTRY, path, **GIVEN)
    assert (result.accepted, {f.code for f in result.findings}) == (1, {"column-unknown"})
