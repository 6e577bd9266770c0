"""`tuoyu key`, `tuoyu verify` and a run that signs, as a user meets them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.exits import Exit
from tests.assets.release import signed
from tests.faults import tampering
from tests.house.source import ROOT

pytestmark = pytest.mark.skipif(signed.MISSING is not None, reason=signed.MISSING or "")

STATION = "驿站编号,驿站名称,驿站类型,街道,开放日期\n330108-F-0001,{name},示范型,西兴街道,2024-05-01\n"


@pytest.fixture(scope="module")
def victim(tmp_path_factory) -> tampering.Victim:
    return tampering.make_victim(tmp_path_factory.mktemp("victim"))


@pytest.fixture
def tuoyu(monkeypatch, capsys, tmp_path):
    """Runs a command in an empty folder; its exit code, and what it printed."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tuoyu", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_keys_are_made_certified_shown_and_revoked(tuoyu, tmp_path):
    assert tuoyu("key", "root", "--out", "keys", "--no-passphrase")[0] == Exit.OK
    code, said, _ = tuoyu("key", "release", "--year", "2026", "--out", "keys", "--root", "keys/root")
    assert code == Exit.OK and "2026-01-01 – 2027-03-31 (UTC)" in said and "binjiang" in said
    code, said, _ = tuoyu("key", "release", "--year", 2027, "--out", "publisher", "--json")
    assert code == Exit.OK and json.loads(said)[0]["kind"] == "key"
    certify = ("key", "certify", "publisher/release-2027.pub", "--year", "2027", "--root", "keys/root")
    code, said, _ = tuoyu(*certify, "--from", "2026-12-01", "--until", "2027-12-31", "--json")
    assert [json.loads(said)[0][day] for day in ("first_day", "last_day")] == ["2026-12-01", "2027-12-31"]
    shown = [tuoyu("key", "show", f"keys/{name}", "--json")[1] for name in ("allowed_signers", "root.pub")]
    assert len({json.loads(said)[0]["fingerprint"] for said in shown}) == 1
    assert tuoyu("key", "revoke", "keys/release-2026.pub", "--out", "keys")[0] == Exit.OK
    assert (tmp_path / "keys/revoked_keys").read_text().startswith("ssh-ed25519 ")


def test_a_root_has_a_passphrase_unless_it_is_told_to_have_none(tmp_path):
    """Asked on the terminal alone: in a process without one no key is made."""
    command = [sys.executable, "-c", "from pipelines.cli import main; main()"]
    command += ["key", "root", "--out", tmp_path / "keys"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, start_new_session=True, check=False)
    assert done.returncode == Exit.CONFIGURATION and "--no-passphrase" in done.stderr
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("again", [
    ("key", "root", "--out", "keys", "--no-passphrase"), ("key", "release", "--year", "2026", "--out", "keys"),
    ("key", "certify", "keys/release-2026.pub", "--year", "2026", "--root", "keys/root"),
])  # fmt: skip
def test_no_key_is_overwritten(tuoyu, again):
    tuoyu("key", "root", "--out", "keys", "--no-passphrase")
    tuoyu("key", "release", "--year", "2026", "--out", "keys", "--root", "keys/root")
    code, _, err = tuoyu(*again)
    assert code == Exit.CONFIGURATION and "keys/" in err


def test_verify_ends_with_0_65_69_or_78(tuoyu, victim, tmp_path):
    known = ("--allowed-signers", victim.allowed, "--on", "2026-04-02")
    code, said, _ = tuoyu("verify", victim.now, *known)
    assert code == Exit.OK and "一切相符 all is as it should be" in said and "signature: Ed25519 SHA256:" in said
    code, said, _ = tuoyu("verify", victim.now, "--allowed-signers", victim.stranger.with_name("allowed_signers"))
    assert code == Exit.REFUSED and "signatures/" in said
    code, said, _ = tuoyu("verify", victim.now, *known, "--profile", "binjiang", "--json")
    assert code == Exit.REFUSED and {f["code"] for f in json.loads(said)["findings"]} == {"other-profile"}
    assert tuoyu("verify", tmp_path / "nowhere")[0] == Exit.CONFIGURATION
    assert tuoyu("verify", "http://127.0.0.1:9/")[0] == Exit.UNREACHABLE
    assert tuoyu("verify", victim.now, "--allowed-signers", "nowhere")[0] == Exit.CONFIGURATION
    (tmp_path / "empty").mkdir()
    assert tuoyu("verify", "empty")[0] == Exit.REFUSED


def test_what_was_seen_is_remembered_and_an_old_release_then_shows(tuoyu, victim, tmp_path):
    site = tmp_path / "site"
    known = ("--allowed-signers", victim.allowed, "--on", "2026-04-02", "--remember", "seen.json")
    for month, code in ((0, Exit.OK), (2, Exit.OK), (1, Exit.REFUSED), (3, Exit.OK)):
        site.unlink(missing_ok=True)
        site.symlink_to(victim.months[month])
        assert tuoyu("verify", site, *known)[0] == code
    site.unlink(), site.symlink_to(victim.months[1])
    assert "pointer-older" in tuoyu("verify", site, "--on", "2026-04-02", "--seen", "3", "--json")[1]
    (tmp_path / "seen.json").write_text("[]")
    assert tuoyu("verify", site, *known)[0] == Exit.CONFIGURATION


@pytest.mark.slow
def test_a_run_signs_when_it_has_a_key_and_never_stops_signing_by_mistake(tuoyu, monkeypatch, tmp_path):
    tuoyu("key", "root", "--out", "keys", "--no-passphrase")
    tuoyu("key", "release", "--year", "2020", "--out", "keys", "--root", "keys/root", "--until", "2099-12-31")
    tuoyu("key", "release", "--year", "2019", "--out", "keys", "--root", "keys/root")
    inbox, published = tmp_path / "workspace/inbox", tmp_path / "published"
    inbox.mkdir(parents=True)
    (inbox / "驿站.csv").write_text(STATION.format(name="西兴示范驿站"), "utf-8")
    run = ("run", "--as-of", "2026-03-31")
    monkeypatch.setenv("TUOYU_SIGN_KEY", str(tmp_path / "keys/release-2019"))
    code, _, err = tuoyu(*run)
    assert code == Exit.CONFIGURATION and "tuoyu key release" in err and not (tmp_path / "workspace/received").exists()
    monkeypatch.setenv("TUOYU_SIGN_KEY", str(tmp_path / "keys/release-2020"))
    code, said, _ = tuoyu(*run)
    assert code == Exit.OK and "签名 signature: Ed25519 SHA256:" in said
    assert "Ed25519 SHA256:" in tuoyu("status")[1]
    monkeypatch.setenv("TUOYU_ALLOWED_SIGNERS", str(tmp_path / "keys/allowed_signers"))
    assert tuoyu("verify", "--on", "2026-04-01")[0] == Exit.OK
    monkeypatch.delenv("TUOYU_SIGN_KEY")
    (inbox / "驿站.csv").write_text(STATION.format(name="西兴中心驿站"), "utf-8")
    before = Path(published / "current.json").read_bytes()
    code, _, err = tuoyu(*run)
    assert code == Exit.REFUSED and "--unsigned" in err and (published / "current.json").read_bytes() == before
    code, said, _ = tuoyu(*run, "--unsigned")
    assert code == Exit.OK and "未签名 unsigned" in said and "未签名 unsigned" in tuoyu("status")[1]
    code, said, _ = tuoyu("verify", "--on", "2026-04-01", "--json")
    assert code == Exit.REFUSED and "unsigned" in {f["code"] for f in json.loads(said)["findings"]}
