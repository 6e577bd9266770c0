"""A hundred broken and hostile files through the whole line: each comes to what its maker expects, nothing leaks.

Of the five hundred of the corpus those whose defect begins with s to z, from every group; `make corpus` takes all.
The corpus is not part of the project: without its generator the journey is skipped.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.run import SHARED, judge

pytestmark = [
    pytest.mark.slow,
    pytest.mark.journey,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the corpus is not here: ../shared/badinputs"),
    pytest.mark.timeout(900),
]

#: GROUP:DEFECT of the cases that are taken
ONLY = ".:[s-z]"


def test_every_file_of_the_corpus_has_its_expected_outcome_and_nothing_leaks(tmp_path: Path):
    verdict = judge(tmp_path, only=ONLY)
    told = "\n".join([verdict.compared, "misread:", *verdict.misread, "leaks:", *verdict.leaks])
    assert verdict.good, told
    assert verdict.files > 100 and verdict.canaries > 0
