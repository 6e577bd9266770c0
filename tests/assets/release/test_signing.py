"""Keys and signatures, with the real ssh-keygen: whose signature counts, on which day, and what is refused before."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, date, datetime

import pytest

from assets.release import publisher
from assets.release.signatures import keys
from assets.release.signatures.openssh import NotOpenSSH, signer_of
from assets.release.signatures.signing import (
    BadSignature,
    KeyRefused,
    Trust,
    signer,
    trust_of_file,
    trust_of_profile,
    verify_signature,
)
from assets.release.staging import Refused
from assets.release.stores import StoreDamaged
from schemas.registry import load
from tests.assets.release import house, signed
from tests.assets.release.signed import PRINCIPAL, TODAY, sign_with

pytestmark = pytest.mark.skipif(signed.MISSING is not None, reason=signed.MISSING or "")

DATA = "数据\n".encode()
MARCH = date(2026, 3, 31)


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> signed.Keys:
    """A root with the keys of two years."""
    made = signed.make_keys(tmp_path_factory.mktemp("keys"))
    made.release(2026), made.release(2027)
    return made


@pytest.fixture
def key(kept):
    return kept.folder / "release-2026"


def good(data, signature, kept, when, principal=PRINCIPAL) -> bool:
    try:
        verify_signature(data, signature, kept.trust, principal, when)
    except BadSignature:
        return False
    return True


def test_the_same_bytes_have_the_same_signature_and_no_other_bytes_have_it(kept, key):
    sign = sign_with(key, MARCH)
    signature = sign(DATA)
    assert signature == sign(DATA) == sign_with(key.with_name("release-2026-cert.pub"), MARCH)(DATA)
    assert good(DATA, signature, kept, MARCH) and not good(DATA + b" ", signature, kept, MARCH)
    shown = verify_signature(DATA, signature, kept.trust, PRINCIPAL, MARCH)
    assert shown.fingerprint == sign.fingerprint and shown.principals == (PRINCIPAL,)
    listed = subprocess.run(["ssh-keygen", "-lf", f"{key}.pub"], capture_output=True, text=True, check=True).stdout
    assert sign.fingerprint in listed


@pytest.mark.parametrize("day, years", [
    (date(2025, 12, 31), ()), (date(2026, 1, 1), (2026,)), (date(2026, 12, 31), (2026,)),
    (date(2027, 1, 1), (2026, 2027)), (date(2027, 3, 31), (2026, 2027)), (date(2027, 4, 1), (2027,)),
])  # fmt: skip
def test_two_years_overlap_by_three_months_and_no_more(kept, day, years):
    signatures = {year: signed.raw_signature(kept.folder / f"release-{year}-cert.pub", DATA) for year in (2026, 2027)}
    assert tuple(year for year, signature in signatures.items() if good(DATA, signature, kept, day)) == years


def test_the_days_of_a_certificate_are_those_that_count(kept):
    (facts,) = keys.facts(kept.folder / "release-2026-cert.pub")
    assert (facts.first_day, facts.last_day, facts.principals) == ("2026-01-01", "2027-03-31", (PRINCIPAL,))
    (root,) = keys.facts(kept.folder / "root.pub")
    assert facts.authority == root.fingerprint and keys.facts(kept.allowed)[0].fingerprint == root.fingerprint


def test_another_namespace_principal_or_root_does_not_count(kept, key, tmp_path):
    signature = sign_with(key, MARCH)(DATA)
    assert not good(DATA, signature, kept, MARCH, principal="elsewhere")
    assert not good(DATA, signed.raw_signature(key.with_name("release-2026-cert.pub"), DATA, "git"), kept, MARCH)
    assert not good(DATA, signed.raw_signature(key, DATA), kept, MARCH)  # without the certificate of the root
    stranger = signed.make_keys(tmp_path).release(2026)
    assert not good(DATA, signed.raw_signature(stranger.with_name("release-2026-cert.pub"), DATA), kept, MARCH)
    other = kept.release(2031, date(2026, 1, 1), principal="elsewhere")
    assert not good(DATA, signed.raw_signature(other.with_name("release-2031-cert.pub"), DATA), kept, MARCH)


def test_a_lost_key_counts_no_more(kept, key, tmp_path):
    signature, allowed = sign_with(key, MARCH)(DATA), tmp_path / "allowed_signers"
    allowed.write_bytes(kept.allowed.read_bytes())
    keys.revoke(kept.folder / "release-2026-cert.pub", tmp_path)
    keys.revoke(kept.folder / "release-2026.pub", tmp_path)
    assert len((tmp_path / "revoked_keys").read_text().splitlines()) == 1
    with pytest.raises(BadSignature):
        verify_signature(DATA, signature, trust_of_file(allowed), PRINCIPAL, MARCH)
    with pytest.raises(KeyRefused, match="allowed_signers"):
        sign_with(key, MARCH, trust=trust_of_file(allowed))
    assert sign_with(kept.folder / "release-2027", date(2027, 2, 1), date(2027, 2, 1), trust_of_file(allowed))


def test_nothing_hides_in_a_signature_file(key):
    """ssh-keygen itself passes over white space in the armour and anything after it."""
    signature = sign_with(key, MARCH)(DATA)
    signer_of(signature)
    altered = [signature + b"x", signature.replace(b"\n", b"\n\n", 2), signature[:-1], b"\n" + signature]
    for other in [*altered, signature.replace(b"AAAA", b"AAA=", 1), b"", "签名".encode()]:
        with pytest.raises(NotOpenSSH):
            signer_of(other)


def test_a_key_that_cannot_sign_is_refused_in_words(kept, key, tmp_path, monkeypatch):
    def refused(path, match, as_of=MARCH, today=TODAY, trust=None):
        with pytest.raises(KeyRefused, match=match):
            signer(path, PRINCIPAL, as_of, today, trust)

    refused(tmp_path / "none", "no such key file")
    refused(key, "2026-01-01 to 2027-03-31, not on the as-of date 2025-12-31", as_of=date(2025, 12, 31))
    refused(key, "not on today 2027-04-01", today=date(2027, 4, 1))
    refused(key, "does not know the key", trust=Trust(b"someone else\n"))
    make = ["ssh-keygen", "-q", "-f"]
    subprocess.run([*make, tmp_path / "locked", "-t", "ed25519", "-N", "secret"], check=True)
    refused(tmp_path / "locked", "cannot use the key .*incorrect passphrase")
    subprocess.run([*make, tmp_path / "old", "-t", "ecdsa", "-N", ""], check=True)
    refused(tmp_path / "old", "only Ed25519")
    (tmp_path / "text").write_text("not a key")
    (tmp_path / "text").chmod(0o600)
    refused(tmp_path / "text", "cannot use the key")
    (tmp_path / "release-2026").write_bytes(key.read_bytes())
    (tmp_path / "release-2026").chmod(0o644)
    refused(tmp_path / "release-2026", "0644")
    (tmp_path / "release-2026").chmod(0o600)
    (tmp_path / "release-2026-cert.pub").write_bytes((kept.folder / "release-2027-cert.pub").read_bytes())
    refused(tmp_path / "release-2026", "is not a certificate of the key")
    monkeypatch.setenv("PATH", str(tmp_path))
    refused(key, "install the OpenSSH client")


def test_a_plain_key_signs_as_well(tmp_path):
    """Without a root: readers then have to get a new allowed_signers each time the key changes."""
    key = keys.make_release_key(tmp_path, 2026)
    sign = sign_with(key, MARCH)
    assert sign.last_day is None
    assert sign.trust.allowed.startswith(f'{PRINCIPAL} namespaces="tuoyu-open-data" '.encode())
    assert verify_signature(DATA, sign(DATA), sign.trust, PRINCIPAL, date(2040, 1, 1)).authority is None


def test_keys_are_private_and_nothing_is_overwritten(tmp_path):
    made = keys.make_root(tmp_path, PRINCIPAL, passphrase="")
    key = keys.make_release_key(tmp_path, 2026)
    assert {path.stat().st_mode & 0o777 for path in (made["root"], key)} == {0o600}
    before = house.tree(tmp_path)
    with pytest.raises(FileExistsError):
        keys.make_root(tmp_path, PRINCIPAL, passphrase="")
    with pytest.raises(FileExistsError):
        keys.make_release_key(tmp_path, 2026)
    keys.certify(made["root"], tmp_path / "release-2026.pub", PRINCIPAL, *keys.validity(2026))
    with pytest.raises(FileExistsError):
        keys.certify(made["root"], tmp_path / "release-2026.pub", PRINCIPAL, *keys.validity(2027))
    after = house.tree(tmp_path)
    assert {name: after[name] for name in before} == before


def test_a_signed_release_is_not_followed_by_an_unsigned_one_by_mistake(tmp_path, key, registry):
    signed.release(tmp_path, MARCH, sign_with(key, MARCH))
    before = house.tree(tmp_path / "published")
    with pytest.raises(Refused, match="--unsigned"):
        signed.release(tmp_path, date(2026, 4, 30), None, open_fee_posted=house.FEES[:1])
    assert house.tree(tmp_path / "published") == before


def test_nobody_signs_on_top_of_a_forged_pointer(tmp_path, key):
    signed.release(tmp_path, MARCH, sign_with(key, MARCH))
    pointer = tmp_path / "published/current.json"
    pointer.chmod(0o644)
    pointer.write_bytes(pointer.read_bytes().replace(b'"as_of": "2026-03-31"', b'"as_of": "2026-03-30"'))
    with pytest.raises(StoreDamaged):
        signed.release(tmp_path, date(2026, 4, 30), sign_with(key, date(2026, 4, 30)))


def test_a_release_that_was_unsigned_is_signed_by_the_next_run(tmp_path, key):
    first = signed.release(tmp_path, MARCH, None)
    again = signed.release(tmp_path, MARCH, sign_with(key, MARCH))
    assert not again.changed and again.release_id == first.release_id
    assert (first.signed_by, again.signed_by) == (None, sign_with(key, MARCH).fingerprint)
    assert (tmp_path / "published/allowed_signers").exists()


def test_the_entry_signs_with_the_key_it_is_given_and_refuses_a_bad_one_first(
    tmp_path, kept, key, registry, monkeypatch, capsys
):
    monkeypatch.setattr(publisher, "load", lambda _: registry)
    house.write_open(registry, tmp_path / "open")
    given = ["--open", tmp_path / "open", "--published", tmp_path / "published", "--work", tmp_path / "work"]

    def entry(*more) -> int:
        return publisher.main([*map(str, [*given, *more]), "--json", "--as-of", f"{datetime.now(UTC):%Y-%m-%d}"])

    long = keys.make_release_key(tmp_path / "keys", 2020)
    ends = date(2099, 12, 31)
    keys.certify(kept.root, tmp_path / "keys/release-2020.pub", PRINCIPAL, date(2020, 1, 1), ends)
    assert entry("--sign-key", tmp_path / "none") == 78
    assert "no such key file" in capsys.readouterr().err and not (tmp_path / "published").exists()
    assert entry("--sign-key", long, "--allowed-signers", kept.allowed) == 0
    signed_by = keys.public_of(tmp_path / "keys/release-2020.pub").fingerprint
    assert json.loads(capsys.readouterr().out)["signed_by"] == signed_by
    assert entry() == 65 and entry("--sign-key", long, "--unsigned") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["signed_by"] is None


def test_the_signers_of_a_district_lie_in_its_folder(tmp_path, kept):
    profile = "slug: elsewhere\nextends: binjiang\ntitle_zh: 别处\ntitle_en: Elsewhere\n"
    (tmp_path / "profile.yml").write_text(profile, "utf-8")
    load.cache_clear()
    assert trust_of_profile(load(tmp_path)) is None
    plain = load(tmp_path).fingerprint
    (tmp_path / "allowed_signers").write_bytes(kept.allowed.read_bytes())
    load.cache_clear()
    assert trust_of_profile(load(tmp_path)) == Trust(kept.allowed.read_bytes())
    assert load(tmp_path).fingerprint == plain, "another key makes no other data"
