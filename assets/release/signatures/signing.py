"""Signatures of what is published, by OpenSSH: made and checked by `ssh-keygen`, so that anybody can check them.

What belongs here: asking `ssh-keygen`, and refusing a key before anything is staged with it. What does not: what is
signed (commit.py, pages.py), what follows from a bad signature (audit.py), making keys (keys.py).

A signature is believed for a *day*, at noon UTC: of a manifest the as-of date it states, of `current.json` its as-of
date and the day of the reader's clock. The principal that a certificate must name is the slug of the profile.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from assets.release.signatures.openssh import NotOpenSSH, PublicKey, key_text, public_key, signer_of

if TYPE_CHECKING:  # checking needs no contracts, and starts sooner without them
    from schemas.registry import Registry

NAMESPACE = "tuoyu-open-data"
#: the two documents a reader needs, in `published/` and, better, from elsewhere
ALLOWED, REVOKED = "allowed_signers", "revoked_keys"
_CERTIFICATE = "-cert.pub"
#: ssh-keygen reads dates in the zone it is told; nothing else of the environment reaches it, an agent least of all
ENVIRONMENT = {"TZ": "UTC", "LC_ALL": "C"}


class KeyRefused(Exception):
    """This key cannot sign this release; nothing was staged (exit 78)."""


class BadSignature(Exception):
    """The bytes are not signed by somebody who may, for that day."""


@dataclass(frozen=True)
class Trust:
    """Whom a reader believes: the lines of an `allowed_signers` file, and the keys that were lost since."""

    allowed: bytes
    revoked: bytes = b""

    def without_revocation(self) -> Trust:
        """The same, as it was before any key was lost."""
        return Trust(self.allowed)


@dataclass(frozen=True)
class Signer:
    """A key that was tried out. Called with bytes it returns their signature, the same each time."""

    key: Path
    fingerprint: str
    last_day: date | None
    trust: Trust
    principal: str

    def __call__(self, data: bytes) -> bytes:
        done = _run(["-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(self.key)], data)
        if done.returncode:
            raise KeyRefused(f"签名失败 cannot sign with {self.key}: {_said(done)}")
        return done.stdout


def trust_of_file(allowed: Path) -> Trust:
    """An `allowed_signers` file, with the `revoked_keys` beside it if there are any. KeyRefused if it is unreadable."""
    revoked = allowed.with_name(REVOKED)
    try:
        return Trust(allowed.read_bytes(), revoked.read_bytes() if revoked.is_file() else b"")
    except OSError as error:
        raise KeyRefused(f"读不到 cannot read {error.filename}: {error.strerror}") from error


def trust_of_profile(registry: Registry) -> Trust | None:
    """The signers in the profile's folder; None if it has none."""
    files = registry.signers
    return Trust(files[ALLOWED].encode(), files.get(REVOKED, "").encode()) if ALLOWED in files else None


def signer(key: Path, principal: str, as_of: date, today: date, trust: Trust | None = None) -> Signer:
    """The signer of a key or certificate, after trying it out.

    ``key`` is the private key (`NAME-cert.pub` beside it is then its certificate) or the certificate. It must hold
    on ``as_of``, for which readers will always check the release, and ``today``, for a key whose time is over or
    has not come is not used. ``trust``: whom readers believe; by default what the key says of itself. KeyRefused says
    what is wrong; no key is ever changed."""
    private, certificate = _files(key)
    own = _public_of(private)
    shown = own
    if certificate:
        shown = _read_key(certificate)
        if shown.authority is None or shown.blob != own.blob:
            raise KeyRefused(f"证书与密钥不符 {certificate} is not a certificate of the key {private}")
    _refuse_wrong_day(certificate or private, shown, as_of, today)
    trust = trust or Trust(allowed_line(principal, shown).encode())
    made = Signer(certificate or private, own.fingerprint, shown.last_day, trust, principal)
    probe = b"tuoyu-open-data: can this key sign?\n"
    try:
        for day in (as_of, today):
            verify_signature(probe, made(probe), trust, principal, day)
    except BadSignature as error:
        whom = f"allowed_signers 不承认该密钥 allowed_signers does not know the key as {principal}"
        raise KeyRefused(f"{whom}: {certificate or private}: {error}") from error
    return made


def signer_of_profile(registry: Registry, key: Path | None, as_of: date, *, allowed: Path | None) -> Signer | None:
    """The signer of a district, by today's clock; None without a key.

    ``allowed`` goes before the `allowed_signers` in the profile's folder."""
    if key is None:
        return None
    profile = registry.profile
    today = datetime.now(ZoneInfo(profile.timezone)).date()
    trust = trust_of_file(allowed) if allowed else trust_of_profile(registry)
    return signer(key, profile.slug, as_of, today, trust)


def verify_signature(data: bytes, signature: bytes, trust: Trust, principal: str, when: date) -> PublicKey:
    """The key that signed, if ``principal`` may sign with it at noon UTC on that day. BadSignature otherwise."""
    try:
        key = signer_of(signature)
    except NotOpenSSH as error:
        raise BadSignature(str(error)) from None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {ALLOWED: trust.allowed, REVOKED: trust.revoked, "sig": signature}
        for file, content in files.items():
            (folder / file).write_bytes(content)
        command = ["-Y", "verify", "-f", str(folder / ALLOWED), "-I", principal, "-n", NAMESPACE]
        command += ["-s", str(folder / "sig"), "-O", f"verify-time={when:%Y%m%d}120000"]
        command += ["-r", str(folder / REVOKED)] if trust.revoked.strip() else []
        done = _run(command, data)
    if done.returncode:
        raise BadSignature(f"{key.fingerprint}: {_said(done).replace(name + '/', '')}")
    return key


def allowed_line(principal: str, key: PublicKey) -> str:
    """The line of `allowed_signers` that lets a key sign, or the authority behind a certificate certify keys."""
    kind = "cert-authority," if key.authority else ""
    return f'{principal} {kind}namespaces="{NAMESPACE}" {key_text(key.authority or key.blob)}\n'


def _files(key: Path) -> tuple[Path, Path | None]:
    """The private key and its certificate, by either of their names."""
    if key.name.endswith(_CERTIFICATE):
        private, certificate = key.with_name(key.name.removesuffix(_CERTIFICATE)), key
    else:
        private, certificate = key, key.with_name(key.name + _CERTIFICATE)
    if not private.is_file():
        raise KeyRefused(f"没有这个密钥文件 no such key file: {private}")
    return private, certificate if certificate.is_file() or certificate == key else None


def _public_of(private: Path) -> PublicKey:
    """The public half of a private key that opens without a passphrase and is of the right kind."""
    done = _run(["-y", "-P", "", "-f", str(private)])
    if done.returncode:
        raise KeyRefused(f"密钥不能用（口令、权限或内容） cannot use the key {private}: {_said(done)}")
    return _checked(private, done.stdout.decode("utf-8", "replace"))


def _read_key(path: Path) -> PublicKey:
    try:
        return _checked(path, path.read_text("utf-8", "replace"))
    except OSError as error:
        raise KeyRefused(f"读不到 cannot read {path}: {error.strerror}") from error


def _checked(path: Path, text: str) -> PublicKey:
    try:
        return public_key(text)
    except NotOpenSSH as error:
        raise KeyRefused(f"只用 Ed25519 only Ed25519 keys sign: {path}: {error}") from error


def _refuse_wrong_day(path: Path, key: PublicKey, as_of: date, today: date) -> None:
    first, last = key.first_day, key.last_day
    for day, zh, en in ((as_of, "数据日期", "the as-of date"), (today, "今天", "today")):
        if (first and day < first) or (last and day > last):
            raise KeyRefused(
                f"证书有效期为 {first} 至 {last or '永久'}，不含{zh} {day}，请换用当年的密钥。 {path} holds from "
                f"{first} to {last or 'for ever'}, not on {en} {day}: use the key of that year (tuoyu key release)"
            )


def program() -> str:
    """Where `ssh-keygen` is. KeyRefused if it is not installed."""
    found = shutil.which("ssh-keygen")
    if found is None:
        raise KeyRefused(
            "没有 ssh-keygen，请安装 OpenSSH 客户端（Debian: apt-get install openssh-client）。 "
            "ssh-keygen is missing: install the OpenSSH client (Debian: apt-get install openssh-client)"
        )
    return found


def _run(arguments: list[str], data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Never asks anybody anything: without a terminal and an agent, a locked key is an error."""
    command = [program(), *arguments]
    return subprocess.run(
        command, input=data, capture_output=True, check=False, env=ENVIRONMENT, start_new_session=True
    )


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr + b"\n" + done.stdout).decode("utf-8", "replace").splitlines()
    words = [line.strip(" @\r") for line in lines]
    return "; ".join(word for word in words if word) or f"ssh-keygen ended with {done.returncode}"
