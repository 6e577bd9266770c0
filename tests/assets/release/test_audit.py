"""What an audit says of a published folder: of each kind of damage where it is and what it is, and of none nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from assets.release.audit import Wanted, audit
from assets.release.audit.report import FINDINGS, NOTES
from assets.release.manifest import Link, release_at
from assets.release.publisher import publish
from assets.release.signatures import keys
from assets.release.signatures.signing import trust_of_file
from assets.release.stores import blob_path
from assets.release.stores.http import HttpStore
from assets.release.stores.local import LocalStore
from assets.release.stores.objects import Objects
from pipelines.settings import Settings
from pipelines.verification import Asked, verify
from tests.assets.release import house, signed
from tests.assets.release.s3_server import serving
from tests.assets.release.signed import TODAY, sign_with
from tests.faults import tampering
from tests.faults.s3_publish import BUCKET, access, store_of

pytestmark = pytest.mark.skipif(signed.MISSING is not None, reason=signed.MISSING or "")

MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 30)


@pytest.fixture(scope="module")
def victim(tmp_path_factory) -> tampering.Victim:
    return tampering.make_victim(tmp_path_factory.mktemp("victim"))


@pytest.fixture
def copy(victim, tmp_path) -> Path:
    """A copy of the published folder, to be damaged."""
    subprocess.run(["cp", "-a", victim.now, tmp_path / "published"], check=True)
    return tmp_path / "published"


def check(published: Path, victim=None, on=TODAY, **wanted):
    given = {"trust": trust_of_file(victim.allowed), "origin": "given"} if victim else {}
    return audit(LocalStore(published), str(published), Wanted(on, **given | wanted))


def said(report) -> set[tuple[str, str]]:
    return {(finding.code, finding.path) for finding in report.findings}


def notes(report) -> set[str]:
    return {note.code for note in report.notes}


def pointer(published: Path) -> dict:
    return json.loads((published / "current.json").read_bytes())


def test_an_untouched_history_has_no_findings(copy, victim):
    report = check(copy, victim)
    there = [p for p in copy.rglob("*") if p.is_file() and p.name != ".lock" and ".committed" not in p.parts]
    assert report.ok and not report.notes and report.releases == 4 and report.files == len(there)
    assert report.bytes == sum(p.stat().st_size for p in there)
    assert report.signed_by == sign_with(victim.allowed.with_name("release-2026"), MARCH).fingerprint


def test_a_flipped_bit_is_found_in_the_file_and_in_the_blob(copy, victim):
    path = copy / "datasets/providers/1.0.0/open_provider.csv"
    path.chmod(0o644)
    text = path.read_bytes()
    path.write_bytes(text.replace(b"330108", b"330109", 1))
    entry = release_of_path(copy, "datasets/providers/1.0.0/open_provider.csv")
    assert said(check(copy, victim)) == {("file-differs", entry.path), ("file-differs", blob_path(entry.sha256))}


def release_of_path(published: Path, path: str):
    """The manifest's entry of a path, in whichever release has it."""
    store, link = LocalStore(published), Link(pointer(published)["release"], pointer(published)["sha256"])
    while link:
        manifest = release_at(store, link).manifest
        for entry in (file for dataset in manifest.datasets for file in dataset.files):
            if entry.path == path:
                return entry
        link = manifest.previous
    raise LookupError(path)


def test_what_is_missing_and_what_was_added_is_named(copy, victim):
    (copy / "datasets/fees/1.0.0/SHA256SUMS").unlink()
    (copy / "datasets/fees/1.0.0/新.csv").write_text("x")
    (copy / "releases/000009-00000000").mkdir()
    (copy / "releases/000009-00000000/manifest.json").write_text("{}")
    (copy / "VERIFY.md").unlink()
    assert said(check(copy, victim)) == {
        ("file-missing", "datasets/fees/1.0.0/SHA256SUMS"),
        ("unaccounted", "datasets/fees/1.0.0/新.csv"),
        ("unaccounted", "releases/000009-00000000/manifest.json"),
        ("page-missing", "VERIFY.md"),
    }


def test_withdrawn_data_that_is_back_is_found_and_so_is_a_missing_reason(copy, victim):
    gone = copy / "datasets/fees/1.1.0"
    assert [p.name for p in gone.iterdir()] == ["tombstone.json"]
    shutil.copy(victim.months[2] / "datasets/fees/1.1.0/open_fee_posted.csv", gone)
    assert said(check(copy, victim)) == {
        ("withdrawn-data", "datasets/fees/1.1.0/open_fee_posted.csv"),
        ("unaccounted", "datasets/fees/1.1.0/open_fee_posted.csv"),
    }
    (gone / "open_fee_posted.csv").unlink(), (gone / "tombstone.json").unlink()
    assert ("tombstone-differs", "datasets/fees/1.1.0/tombstone.json") in said(check(copy, victim))


def test_a_pointer_expires_on_its_day_and_no_sooner(copy, victim):
    expires = date(2027, 3, 31)  # the profile of the small house sets no days: the certificate's last
    assert pointer(copy)["expires_on"] == expires.isoformat()
    assert check(copy, victim, expires).ok
    late = check(copy, victim, date(2027, 4, 1))
    assert {code for code, _ in said(late)} == {"pointer-expired", "signature-bad"}


def test_an_old_release_served_again_is_found_by_who_remembers(victim):
    seen = {key: pointer(victim.now)[key] for key in ("seq", "release", "sha256", "as_of")}
    old = victim.months[1]
    assert check(old, victim).ok  # it is whole, signed and not expired
    assert said(check(old, victim, seen={"seq": 4})) == {("pointer-older", "current.json")}
    assert said(check(old, victim, seen=seen)) == {("pointer-older", "current.json")}
    assert check(victim.now, victim, seen=seen | {"as_of": "2026-02-28"}).ok
    other = check(victim.now, victim, seen=seen | {"sha256": "0" * 64})
    assert {code for code, _ in said(other)} == {"history-replaced"}


def test_an_old_pointer_upon_a_new_folder_shows_what_was_hidden(copy, victim):
    shutil.copy(victim.months[1] / "current.json", copy / "current.json")
    hidden = {path for code, path in said(check(copy, victim)) if code == "unaccounted"}
    assert f"releases/{pointer(victim.now)['release']}/manifest.json" in hidden


def test_without_allowed_signers_a_signature_proves_nothing_and_says_so(copy, victim, tmp_path):
    own = check(copy)
    assert own.ok and own.trust == "store" and notes(own) == {"signers-of-store"}
    (copy / "allowed_signers").unlink()
    assert "no-allowed-signers" in {code for code, _ in said(check(copy))}
    signed.release(tmp_path / "plain", MARCH, None)
    plain = check(tmp_path / "plain/published")
    assert plain.ok and notes(plain) == {"unsigned", "no-expiry"}
    assert ("unsigned", "current.json") in said(check(tmp_path / "plain/published", victim))


def test_another_district_is_another_one(copy, victim):
    assert check(copy, victim, profile=signed.PRINCIPAL).ok
    assert {code for code, _ in said(check(copy, victim, profile="elsewhere"))} == {"other-profile"}


def test_the_key_of_the_next_year_takes_over(tmp_path):
    kept = signed.make_keys(tmp_path / "keys")
    for key, month in ((kept.release(2026), date(2026, 12, 31)), (kept.release(2027), date(2027, 1, 31))):
        fees = [("330108", "p1", f"{3000 + month.month}.00")]
        signed.release(tmp_path, month, sign_with(key, month, month), open_fee_posted=fees)
    report = audit(LocalStore(tmp_path / "published"), "", Wanted(date(2027, 6, 1), kept.trust, "given"))
    assert report.ok and not report.notes
    assert report.signed_by == keys.public_of(kept.folder / "release-2027.pub").fingerprint


def test_after_a_lost_key_the_new_one_vouches_for_the_past(tmp_path):
    kept = signed.make_keys(tmp_path / "keys")
    lost, new = kept.release(2026), kept.release(2028, date(2026, 1, 1))
    signed.release(tmp_path, MARCH, sign_with(lost, MARCH))
    keys.revoke(kept.folder / "release-2026.pub", kept.folder)
    wanted = Wanted(TODAY, kept.trust, "given")
    store = LocalStore(tmp_path / "published")
    assert "signature-bad" in {code for code, _ in said(audit(store, "", wanted))}
    signed.release(tmp_path, APRIL, sign_with(new, APRIL, trust=kept.trust), open_fee_posted=house.FEES[:1])
    report = audit(store, "", wanted)
    assert report.ok and notes(report) == {"key-revoked", "from-the-future"}
    assert (tmp_path / "published/revoked_keys").read_bytes() == kept.trust.revoked


def test_over_http_all_that_is_led_to_is_checked(copy, victim):
    with tampering.served(copy) as address:
        wanted = Wanted(TODAY, trust_of_file(victim.allowed), "given")
        report = audit(HttpStore(address), address, wanted)
        assert report.ok and notes(report) == {"no-listing"} and report.releases == 4
        (copy / "datasets/fees/1.0.0/open_fee_posted.csv").unlink()
        quick = audit(HttpStore(address), address, Wanted(TODAY, wanted.trust, "given", quick=True))
        assert quick.ok and quick.releases == 1
        assert said(audit(HttpStore(address), address, wanted)) == {
            ("file-missing", "datasets/fees/1.0.0/open_fee_posted.csv")
        }
    with pytest.raises(OSError, match=r"current\.json"):
        HttpStore(address).pointer()


def test_an_object_store_is_listed_like_a_folder(tmp_path, victim):
    with serving() as server:
        store = store_of(server.endpoint, "site", tmp_path / "scratch")
        sign = sign_with(victim.allowed.with_name("release-2026"), MARCH)
        given, open_dir = house.registry(), house.write_open(house.registry(), tmp_path / "open")
        publish(given, open_dir, store, MARCH, work_dir=tmp_path / "work", sign=sign)
        settings = Settings(home=tmp_path, access=access(server.endpoint))

        def found(quick: bool = False):
            return verify(settings, Asked(f"s3://{BUCKET}/site", victim.allowed, on=TODAY, quick=quick))

        assert found().ok and notes(found()) == set() and found().signed_by == sign.fingerprint
        objects = Objects(BUCKET, "site", access(server.endpoint))
        objects.put("datasets/fees/1.0.0/more.csv", b"x", {})
        objects.delete(["datasets/fees/1.0.0/SHA256SUMS"])
        assert found(quick=True).ok and notes(found(quick=True)) == {"quick", "copy-missing"}
        assert said(found()) == {
            ("unaccounted", "datasets/fees/1.0.0/more.csv"),
            ("file-missing", "datasets/fees/1.0.0/SHA256SUMS"),
        }


def test_a_release_made_while_one_reads_is_no_finding(copy, victim):
    """The pointer of before, the folder of after: the audit begins again."""

    class Moving(LocalStore):
        asked = 0

        def pointer(self):
            self.asked += 1
            return (victim.months[1] if self.asked == 1 else copy).joinpath("current.json").read_bytes()

    wanted = Wanted(TODAY, trust_of_file(victim.allowed), "given")
    assert audit(Moving(copy), "", wanted).seq == 4


def test_the_light_entry_ends_with_65_and_names_the_path(copy, victim, root):
    command = [sys.executable, "-m", "assets.release.audit", copy, "--on", "2026-04-02"]
    command += ["--allowed-signers", victim.allowed]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (copy / "pages.json").unlink()
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 65 and done.stdout.startswith("pages.json: 页面缺失 a page is missing")


def test_the_light_entry_needs_no_engine(root):
    code = "import sys, assets.release.audit.__main__; print({'duckdb', 'pydantic', 'frictionless'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_remark_is_said_in_both_languages():
    for zh, en in (*FINDINGS.values(), *NOTES.values()):
        assert any("\u4e00" <= c <= "\u9fff" for c in zh) and en.isascii()


# --- the page that verifies without us


def test_the_script_of_the_page_accepts_what_is_right(victim, tmp_path):
    trial = tampering.Trial("", "")
    assert not tampering.script_finds(victim, victim.now, trial)
    assert tampering.script_finds(victim, victim.now, tampering.Trial("late", "", date(2027, 4, 1)))
    signed.release(tmp_path, MARCH, None)
    here = tmp_path / "published"
    script = tampering.script_of(here, "bash")
    done = subprocess.run(["bash", "-c", script], cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "unsigned" in done.stdout and done.stdout.endswith("OK\n"), done.stderr


def test_the_page_says_how_to_get_its_script_and_that_is_what_runs(copy, victim):
    shutil.copy(victim.allowed, copy.parent / "allowed_signers")
    how, _ = tampering.script_of(copy, "sh").split("cd datasets")
    done = subprocess.run(["bash", "-c", how], cwd=copy, capture_output=True, text=True, check=False,
                          env={"PATH": "/usr/bin:/bin", "TODAY": "20260402"})  # fmt: skip
    assert done.returncode == 0 and done.stdout.endswith("OK\n"), done.stdout + done.stderr


# --- tampering at random; `make faults` has the full number


@pytest.mark.slow
def test_tampering_at_random_is_found(victim):
    rows = tampering.rows(quick=True, victim=victim)
    assert [row for row in rows if not row[3]] == [] and len(rows) == 3
