"""The light entry, for a folder: `python -m assets.release.audit FOLDER`. `tuoyu verify` can do more.

Ends with 0, or with 65 and a line for each finding, with 2 for wrong usage and 78 without `ssh-keygen`.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from assets.release.audit import Wanted, audit
from assets.release.audit.report import FINDINGS, NOTES, line
from assets.release.signatures.signing import KeyRefused, trust_of_file
from assets.release.stores.local import LocalStore


def main(argv: list[str] | None = None) -> int:
    """Verifies a folder, prints what is wrong, returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m assets.release.audit", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path)
    parser.add_argument("--allowed-signers", type=Path, metavar="FILE", help="default: those of the folder itself")
    parser.add_argument("--on", type=date.fromisoformat, default=date.today(), metavar="YYYY-MM-DD")
    parser.add_argument("--quick", action="store_true", help="only the current release, as a reader sees it")
    given = parser.parse_args(argv)
    try:
        trust = trust_of_file(given.allowed_signers) if given.allowed_signers else None
        wanted = Wanted(given.on, trust, "given" if trust else None, quick=given.quick)
        report = audit(LocalStore(given.folder), str(given.folder), wanted)
    except KeyRefused as error:
        print(error, file=sys.stderr)
        return 78
    for remark in report.notes:
        print(line(remark, NOTES), file=sys.stderr)
    for remark in report.findings:
        print(line(remark, FINDINGS))
    print(f"{report.release}: {report.files} files, {report.bytes} bytes, {len(report.findings)} findings")
    return 0 if report.ok else 65


if __name__ == "__main__":
    sys.exit(main())
