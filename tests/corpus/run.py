"""Runs the whole line over a generated corpus of broken and hostile files, and judges every file. `make corpus`.

What belongs here: making the corpus, the register its reports refer to, one real run, and turning what the
run left in its workspace into the results the corpus's own comparison reads; then the search for planted
private tokens in everything that leaves the workspace. The corpus is not part of the project (see --shared).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines.demo.identifiers import credit_check, subject_check

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
SHARED = ROOT.parent / "shared" / "badinputs"
AS_OF = "2026-03-31"
TABLES = {"filing": "filing", "station": "station_report", "fee": "fee_quote"}
KEYS = {"filing": "provider_id", "station": "station_id", "fee": "provider_id"}
#: cases that the generator makes otherwise than it says, and what they must come to instead
OTHERWISE = {
    "uscc_transposed": "accept",  # it swaps two sevens: nothing is wrong
    "formula_string_dde": "reject",  # its formula holds the sign it splits cells by: the XML of the sheet is broken
    "same_name_different_code": "quarantine",  # it gives both branches one identifier of ours: see CONTRADICTED
}
#: cases in which two files state the same row of ours differently, while the generator takes one of them for right
CONTRADICTED = ("same_name_different_code",)
#: rows that must find nothing they refer to
UNREGISTERED = "fee_for_unknown_institution"
#: roles whose normal value the manifest states, and the columns that hold them
ROLES = {
    "name": "provider_name", "uscc": "credit_code", "address": "address", "int": "place_count", "money": "fee_amount",
    "issue_date": "filed_on", "month": "report_month",
}  # fmt: skip


OTHER_ROLES = {("station", "int"): "child_visit_count", ("fee", "issue_date"): "valid_from_on"}


@dataclass
class Verdict:
    """What came of a corpus: the comparison's own words, values read wrongly, tokens found where none may be."""

    compared: str = ""
    failed: bool = False
    misread: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    files: int = 0
    canaries: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return not (self.failed or self.misread or self.leaks)


def judge(home: Path, shared: Path = SHARED, *, heavy: bool = False, only: str = "") -> Verdict:
    """Makes the corpus below ``home``, runs the line on it, and says what came of every file."""
    corpus = home / "corpus"
    make_corpus(corpus, shared, heavy=heavy, only=only)
    manifest = corrected(corpus / "manifest.csv")
    register(corpus, manifest)
    started = time.monotonic()
    ran = run_line(home, corpus / "inbox")
    verdict = Verdict(files=len(manifest), seconds=time.monotonic() - started)
    results = list(outcomes(home, manifest, ran))
    target = corpus / "results.jsonl"
    target.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in results), "utf-8")
    compare = [sys.executable, str(shared / "check_corpus.py"), str(corpus), str(target), "--show", "500"]
    compared = subprocess.run(compare, capture_output=True, text=True, check=False)
    verdict.compared, verdict.failed = compared.stdout + compared.stderr, compared.returncode != 0
    verdict.misread = list(misread(home, manifest))
    canaries = read_csv(corpus / "canaries.csv")
    verdict.canaries, verdict.leaks = len(canaries), leaks(home, canaries)
    if ran.returncode:
        verdict.failed = True
        verdict.compared += f"\nthe run ended with {ran.returncode}: {ran.stderr[-2000:]}"
    return verdict


def make_corpus(corpus: Path, shared: Path, *, heavy: bool, only: str) -> None:
    """The corpus, made by its generator with the titles of our contracts."""
    command = [sys.executable, str(shared / "gen.py"), str(corpus), "--schema", str(HERE / "columns.json")]
    command += ["--heavy"] * heavy + (["--only", only] if only else [])
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise RuntimeError(f"the corpus could not be made: {made.stdout}{made.stderr}")
    print(made.stdout.strip(), file=sys.stderr)


def corrected(path: Path) -> list[dict[str, str]]:
    """The manifest, with the expectations of some cases put right, in the file as well."""
    manifest = read_csv(path)
    both = {k for line in manifest if line["defect"] in CONTRADICTED for k in line["bad_keys"].split(";") if k}
    for line in manifest:
        line["expected"] = OTHERWISE.get(line["defect"], line["expected"])
        if line["defect"] in CONTRADICTED:
            good = line["good_keys"].split(";")
            line["good_keys"] = ";".join(k for k in good if k not in both)
            line["bad_keys"] = ";".join(sorted(both))
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(manifest[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(manifest)
    return manifest


def register(corpus: Path, manifest: list[dict[str, str]]) -> None:
    """Filings and stations for everything that fee surveys and monthly reports of the corpus refer to."""
    known: dict[str, dict[str, None]] = {"fee": {}, "station": {}}
    for line in manifest:
        if line["kind"] in known:
            bad = [] if line["defect"] == UNREGISTERED else line["bad_keys"].split(";")
            known[line["kind"]] |= dict.fromkeys(filter(None, [*line["good_keys"].split(";"), *bad]))
    folder = corpus / "inbox" / "register"
    folder.mkdir()
    providers = [_filing(key) for key in known["fee"]]
    stations = [
        {"驿站编号": key, "驿站名称": f"测试驿站{key}", "驿站类型": "基础型", "街道": "测试一街道"}
        for key in known["station"]
    ]
    for name, rows in (("filings", providers), ("stations", stations)):
        if rows:
            out = io.StringIO()
            writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            (folder / f"{name}.csv").write_text(out.getvalue(), "utf-8")


def _filing(key: str) -> dict[str, str]:
    return {
        "机构标识": key, "统一社会信用代码": key, "备案事项": "新备案", "事项日期": "2024-01-01", "备案状态": "已备案",
        "机构注册登记名称": f"测试托育园{key}", "机构性质": "社会服务机构", "登记机关": "民政", "营利性质": "非营利性",
        "机构形态": "独立托育机构", "服务形式": "全日托", "街道": "测试一街道", "机构住所": "测试路1号", "托位数": "60",
        "备案通过时间": "2024-01-01",
    }  # fmt: skip


def run_line(home: Path, inbox: Path) -> subprocess.CompletedProcess[str]:
    """One `tuoyu run` over the corpus, recorded in a Dagster home; what it prints is kept for the search."""
    dagster = home / "dagster"
    dagster.mkdir(parents=True)
    (dagster / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text("utf-8"), "utf-8")
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "run", "--home", str(home / "home")]
    command += ["--profile", str(HERE / "profile"), "--as-of", AS_OF]
    environment = os.environ | {"TUOYU_INBOX": str(inbox), "DAGSTER_HOME": str(dagster)}
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    (home / "stdout.log").write_text(ran.stdout, "utf-8")
    (home / "stderr.log").write_text(ran.stderr, "utf-8")
    return ran


def outcomes(home: Path, manifest: list[dict[str, str]], ran: subprocess.CompletedProcess[str]) -> Iterator[dict]:
    """One result a file of the corpus, in the shape its comparison reads."""
    workspace = home / "home" / "workspace"
    con = duckdb.connect()
    known = received(workspace)
    account = {
        sha: (got, accepted, held)
        for sha, got, accepted, held in con.execute(
            "SELECT source_sha256, sum(received)::BIGINT, sum(accepted)::BIGINT, sum(quarantined)::BIGINT "
            f"FROM read_parquet('{workspace}/account.parquet') GROUP BY 1"
        ).fetchall()
    }
    reasons = dict(
        con.execute(
            "SELECT source_sha256, string_agg(DISTINCT code, ' ' ORDER BY code) "
            f"FROM read_parquet('{workspace}/findings.parquet') WHERE severity = 'error' GROUP BY 1"
        ).fetchall()
    )
    refused = {f"inbox/{r['name']}": r["code"] for r in json.loads((workspace / "received/refused.json").read_text())}
    for line in manifest:
        sha = known.get(line["path"]) or content(home / "corpus" / line["path"], known)
        result = {"path": line["path"], "traceback": "Traceback" in ran.stderr, "outcome": "ignored"}
        if sha:
            rows, accepted, held = account.get(sha, (0, 0, 0))
            result |= {
                "outcome": "accepted" if accepted else "rejected",
                "reason": reasons.get(sha, ""),
                "rows_in": rows, "rows_accepted": accepted, "rows_quarantined": held,
                "accepted_keys": accepted_keys(con, workspace, line["kind"], sha),
                "quarantined_keys": quarantined_keys(con, workspace, line["kind"], sha),
            }  # fmt: skip
        elif line["path"] in refused:
            result |= {"outcome": "rejected", "reason": refused[line["path"]]}
        yield result


def received(workspace: Path) -> dict[str, str]:
    """Path in the corpus -> content hash, of every file the line took in."""
    lines = (workspace / "received" / "ledger.jsonl").read_text("utf-8").splitlines()
    found = {}
    for receipt in map(json.loads, lines):
        name = os.fsencode(receipt["name"]).decode("utf-8", "backslashreplace")
        found[f"inbox/{name}"] = receipt["sha256"]
    return found


def content(path: Path, known: dict[str, str]) -> str | None:
    """The hash of a file whose bytes were received under another name."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > 1 << 28:
            return None
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
    ignored = path.name.startswith((".", "~$")) or path.name == "Thumbs.db"
    return sha256 if sha256 in known.values() and not ignored else None


def accepted_keys(con: duckdb.DuckDBPyConnection, workspace: Path, kind: str, sha256: str) -> list[str]:
    """Keys of the rows of a file that nobody holds: accepted by the gate, and not held by other files."""
    gated = workspace / "gated" / sha256[:2] / sha256 / "accepted" / f"{TABLES[kind]}.parquet"
    held = workspace / "quarantine" / f"{TABLES[kind]}.parquet"
    if not gated.exists():
        return []
    rows = con.execute(
        f"SELECT DISTINCT {KEYS[kind]} FROM read_parquet(?) a ANTI JOIN (SELECT source_sha256, source_sheet, "
        "source_row FROM read_parquet(?)) h USING (source_sha256, source_sheet, source_row) ORDER BY 1",
        [str(gated), str(held)],
    )
    return [business_key(key) for (key,) in rows.fetchall()]


def business_key(key: str) -> str:
    """The key the manifest knows a row by. Of a filing that is the credit code the generator gave it, which may be
    just what it broke afterwards; the number of the row tells it."""
    found = re.fullmatch(r"310199-S-(\d+)", key)
    if not found:
        return key
    subject = f"MJ{int(found[1]) % 1_000_000:06d}"
    body = f"52310199{subject}{subject_check(subject)}"
    return body + credit_check(body)


def quarantined_keys(con: duckdb.DuckDBPyConnection, workspace: Path, kind: str, sha256: str) -> list[str]:
    """Keys of the rows of a file that wait, as they were written."""
    held = workspace / "quarantine" / f"{TABLES[kind]}.parquet"
    rows = con.execute(
        f"SELECT DISTINCT {KEYS[kind]} FROM read_parquet(?) WHERE source_sha256 = ? AND {KEYS[kind]} IS NOT NULL "
        "ORDER BY 1",
        [str(held), sha256],
    )
    return [business_key(key) for (key,) in rows.fetchall()]


def misread(home: Path, manifest: list[dict[str, str]]) -> Iterator[str]:
    """Values accepted as something else than the manifest says: worse than refusing them."""
    workspace, con = home / "home" / "workspace", duckdb.connect()
    known = received(workspace)
    for line in manifest:
        may_stand = "accept" in line["expected"].split("|")
        wanted = json.loads(line["expect"]) if line["expect"] and not may_stand else {}
        sha = known.get(line["path"])
        keys = [k for k in [*line["good_keys"].split(";"), *line["bad_keys"].split(";")] if k]
        if not wanted or not sha or not keys:
            continue
        for role, value in wanted.items():
            column = OTHER_ROLES.get((line["kind"], role), ROLES.get(role))
            path = workspace / "gated" / sha[:2] / sha / "accepted" / f"{TABLES[line['kind']]}.parquet"
            if column is None or not path.exists():
                continue
            values = [
                v for (v,) in con.execute(
                    f"SELECT CAST({column} AS VARCHAR) FROM read_parquet(?) ORDER BY source_row", [str(path)]
                ).fetchall()
            ]  # fmt: skip
            # the odd row is the last of its file, if it was accepted at all
            if len(values) >= len(keys) and not same(values[-1], value):
                yield f"{line['id']} {line['defect']}: {column} is {values[-1]!r}, not {value!r}"


def same(found: str | None, wanted: str) -> bool:
    """Equal as text, or as numbers."""
    try:
        return found == wanted or float(found or "nan") == float(wanted)
    except ValueError:
        return False


def leaks(home: Path, canaries: list[dict[str, str]]) -> list[str]:
    """Where a planted token stands outside the workspace: published files, what was printed, Dagster's records."""
    tokens = {c["token"].encode(): f"{c['kind']} {c['role']}" for c in canaries if len(c["token"]) > 3}
    found = []
    for place, data in leaving(home):
        found += [f"{place}: {tokens[token]}" for token in tokens if token in data]
    return found


def leaving(home: Path) -> Iterator[tuple[str, bytes]]:
    """Everything that is read by more people than the workspace, uncompressed."""
    files = [home / "stdout.log", home / "stderr.log", home / "home" / "workspace" / "last_run.json"]
    files += [p for top in ("home/published", "dagster") for p in sorted((home / top).rglob("*")) if p.is_file()]
    for path in files:
        if not path.exists():
            continue
        name = path.relative_to(home).as_posix()
        yield f"the name {name}", name.encode("utf-8", "surrogateescape")
        if path.suffix == ".parquet" or path.read_bytes()[:4] == b"PAR1":
            rows = duckdb.sql(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet('{path}')").fetchall()
            yield name, "\n".join("\t".join(v or "" for v in row) for row in rows).encode()
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                for entry in packed.namelist():
                    yield f"{name}/{entry}", packed.read(entry)
        else:
            yield name, path.read_bytes()


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV of the corpus."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def main() -> int:
    """Exit code 0 if every file has its expected outcome and no planted token left the workspace."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with gen.py and check_corpus.py")
    parser.add_argument("--home", type=Path, help="keep corpus and results here [default: a folder that is removed]")
    parser.add_argument("--only", default="", help="only cases GROUP:DEFECT that match this expression")
    parser.add_argument("--heavy", action="store_true", help="the very large ones as well (gigabytes)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="corpus-") as scratch:
        home = (given.home or Path(scratch)).absolute()
        verdict = judge(home, given.shared, heavy=given.heavy, only=given.only)
    print(verdict.compared.strip())
    for line in [*verdict.misread, *verdict.leaks]:
        print(line)
    print(
        f"{verdict.files} files in {verdict.seconds:.0f} s; {len(verdict.misread)} values misread; "
        f"{len(verdict.leaks)} leaks of {verdict.canaries:,} planted tokens"
    )
    return 0 if verdict.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
