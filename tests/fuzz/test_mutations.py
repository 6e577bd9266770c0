"""The short form of `make fuzz`: the same mutants each time, in this process, and the holes found so far."""

from __future__ import annotations

import io
import random
import re
import zipfile
from pathlib import Path

import pytest

from quality.gate import gate_engine
from quality.sandbox import Sandbox
from schemas.registry import load
from tests.fuzz.mutations import mutated
from tests.fuzz.oracles import AS_OF, Bench, Case
from tests.fuzz.run import Corpus, Worker, attempt, save, saved
from tests.fuzz.seeds import seeds, xls, xlsx, zipped

MUTANTS = 130


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory):
    with gate_engine(threads=1) as engine:
        yield Bench(tmp_path_factory.mktemp("fuzz"), engine)


def test_the_seeds_are_read_as_they_are_meant(bench: Bench):
    """Each to accepted rows: a mutant of what is refused at once would try nothing."""
    for seed in seeds():
        *_, rows = bench.judge(Case(seed.name, seed.data, seed.profile))
        assert any(accepted for _, accepted, _ in rows), seed.label


def test_mutants_are_the_same_each_time_and_differ_from_their_seeds():
    made = [[mutated(s.data, random.Random(n)) for n in range(5) for s in seeds()] for _ in range(2)]
    assert made[0] == made[1]
    assert len(set(made[0])) > len(made[0]) * 0.8


def test_no_mutant_breaks_a_promise(bench: Bench):
    """No exception, no row lost or unsaid, none accepted against its contract, every physical row accounted for."""
    corpus = Corpus(random.Random(0))
    kinds = set()
    for _, case in zip(range(MUTANTS), corpus.mutants(), strict=False):
        outcome = attempt(bench, case)
        assert not outcome.hole, f"{outcome.hole} {outcome.detail.splitlines()[-1:]}: {case.data[:400]!r}"
        corpus.learn(case, outcome.kind)
        kinds.add(outcome.kind)
    assert len(kinds) > MUTANTS / 4


def test_a_hole_is_seen_saved_and_replayed(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A gate that loses a row, one that raises, and one that accepts what it must not."""
    seed = seeds()[0]
    case = Case(seed.name, seed.data, seed.profile)
    whole = Case(seed.name, seed.data + b"330108-F-000099,2026-01,20,1,1,2026-03-01\n", seed.profile)
    with monkeypatch.context() as patch:  # the second reader finds a row more than the gate was given
        patch.setattr("tests.fuzz.oracles.filled_rows", lambda *_: [[*range(2, 200)]])
        assert attempt(bench, whole).hole.startswith("Hole in oracles.py:_every_physical_row")
    with monkeypatch.context() as patch:
        patch.setattr("tests.fuzz.oracles.check_file", lambda *_, **__: 1 / 0)
        assert attempt(bench, case).hole.startswith("ZeroDivisionError")
    with monkeypatch.context() as patch:
        patch.setattr("quality.gate.Judge._row_checks", lambda *_: iter(()))
        outcome = attempt(bench, case)
    assert outcome.hole.startswith("Hole in oracles.py:_accepted_rows_keep_their_contract")
    path = save(case, outcome, tmp_path)
    assert [*saved([tmp_path])] == [*saved([path])] == [case]
    assert not attempt(bench, case).hole


@pytest.mark.slow
def test_a_child_that_hangs_or_dies_is_told_from_its_file(monkeypatch: pytest.MonkeyPatch):
    worker = Worker()
    case = Case(seeds()[0].name, seeds()[0].data)
    assert worker.judge(case).kind
    worker._process.kill()
    assert worker.judge(case).hole.startswith("the process died")
    monkeypatch.setattr("tests.fuzz.run.PATIENCE", 0)
    assert worker.judge(case).hole.startswith("no answer")
    monkeypatch.undo()
    assert worker.judge(case).kind
    worker.stop()


def lying_workbook() -> bytes:
    """Its list of shared texts claims to be so long that the reader asks for terabytes and is ended by the system."""
    parts = {}
    with zipfile.ZipFile(io.BytesIO(xlsx())) as book:
        parts = {info.filename: book.read(info) for info in book.infolist()}
    texts = parts["xl/sharedStrings.xml"]
    parts["xl/sharedStrings.xml"] = re.sub(rb'uniqueCount="[0-9]+"', b'uniqueCount="99999999999"', texts)
    assert parts["xl/sharedStrings.xml"] != texts
    return zipped(parts)


@pytest.mark.parametrize("size", [4147, 5340])
def test_found_by_fuzzing_an_old_workbook_cut_off_is_no_panic(bench: Bench, size: int):
    """The reader's panic is no Exception: it went past everything that catches those."""
    assert size < len(xls())
    _, codes, rows = bench.judge(Case("报送/月报.xls", xls()[:size]))
    assert codes and not any(accepted for _, accepted, _ in rows)


def test_found_by_fuzzing_a_process_that_dies_takes_one_file_with_it(tmp_path: Path):
    paths = {"lying": lying_workbook(), "good": xlsx()}
    given = {"sha256": "0" * 64, "received_on": AS_OF, "as_of": AS_OF}
    with Sandbox(threads=1) as sandbox:
        for name, data in paths.items():
            (tmp_path / name).write_bytes(data)
        results = [sandbox.check_file(load("binjiang"), tmp_path / n, name=f"{n}.xlsx", **given) for n in paths]
    assert [f.code for f in results[0].findings] == ["file-breaks-reader"]
    assert results[1].accepted > 5
