"""Keys of a publisher: an offline root, and a release key a year that the root certifies.

What belongs here: making, certifying, revoking and describing keys, with `ssh-keygen`. What does not: signing with
them (signing.py). A root never signs data and never lies on the machine that publishes; a release key has no
passphrase, for nobody is there to type it, and is worth no more than the months its certificate holds.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from assets.release.signatures import signing
from assets.release.signatures.openssh import NotOpenSSH, PublicKey, fingerprint, key_text, public_key
from assets.release.signatures.signing import ALLOWED, REVOKED, KeyRefused, allowed_line

CERTIFICATE = "-cert.pub"
#: a release key of a year still signs in the first months of the next: time to hand over
_LAST = (3, 31)


@dataclass(frozen=True)
class KeyFacts:
    """A public key or certificate for people. Days are the first and the last on which it may sign."""

    path: str
    kind: str  # key or certificate
    fingerprint: str
    authority: str | None
    principals: tuple[str, ...]
    label: str
    first_day: str | None
    last_day: str | None


def make_root(folder: Path, principal: str, *, passphrase: str | None) -> dict[str, Path]:
    """Makes `root`, `root.pub` and the `allowed_signers` line to give to readers. FileExistsError overwrites nothing.

    ``passphrase``: None lets `ssh-keygen` ask on the terminal, which keeps it out of every list of processes."""
    root = folder / "root"
    if passphrase is None and not _has_terminal():
        raise KeyRefused(
            "没有终端可以询问口令，未生成 there is no terminal to ask for a passphrase, no key was made; "
            "试用可加 for a trial: --no-passphrase"
        )
    _make_key(root, f"tuoyu-open-data root {principal}", passphrase)
    line = allowed_line(principal, _certified(public_of(root.with_name("root.pub"))))
    _write_new(folder / ALLOWED, line.encode(), 0o644)
    return {"root": root, "public": folder / "root.pub", "allowed_signers": folder / ALLOWED}


def make_release_key(folder: Path, year: int) -> Path:
    """Makes `release-YEAR`, without a passphrase, readable by its owner alone."""
    key = folder / f"release-{year}"
    _make_key(key, f"tuoyu-open-data release {year}", "")
    return key


def certify(root: Path, public: Path, principal: str, first: date, last: date) -> Path:
    """The root's certificate for a release key, from the first to the last day in UTC; beside the key.

    FileExistsError if there is a certificate already. The serial number is the first day."""
    shown = public_of(public)
    target = public.with_name(public.name.removesuffix(".pub") + CERTIFICATE)
    if shown.authority or target.exists():
        raise FileExistsError(17, "已有证书 there is a certificate already", str(target))
    if last < first:
        raise KeyRefused(f"有效期颠倒 the last day {last} is before the first {first}")
    until = last + timedelta(days=1)
    command = ["-q", "-s", str(root), "-I", public.name.removesuffix(".pub"), "-n", principal, "-z", f"{first:%Y%m%d}"]
    command += ["-O", "clear", "-V", f"{first:%Y%m%d}:{until:%Y%m%d}", str(public)]
    _ask(command)
    return target


def validity(year: int) -> tuple[date, date]:
    """The days of the key of a year: from 1 January to 31 March of the next year."""
    return date(year, 1, 1), date(year + 1, *_LAST)


def revoke(public: Path, folder: Path) -> Path:
    """Adds a lost key to `revoked_keys` in a folder; once."""
    blob, path = public_of(public).blob, folder / REVOKED
    line = f"{key_text(blob)}\n"
    known = path.read_text("utf-8") if path.exists() else ""
    if line not in known:
        path.write_text(known + line, "utf-8")
    return path


def public_of(path: Path) -> PublicKey:
    """The public key or certificate of a file. KeyRefused if it holds none."""
    try:
        return public_key(path.read_text("utf-8", "replace"))
    except NotOpenSSH as error:
        raise KeyRefused(f"不是 Ed25519 公钥 no public Ed25519 key: {path}: {error}") from error


def facts(path: Path) -> list[KeyFacts]:
    """What a public key, a certificate or each line of an `allowed_signers` file says of itself."""
    if path.suffix == ".pub":
        return [_facts(str(path), public_of(path))]
    if path.with_name(path.name + ".pub").exists() and path.name != ALLOWED:
        beside = [path.with_name(path.name + end) for end in (".pub", CERTIFICATE)]
        return [_facts(str(p), public_of(p)) for p in beside if p.exists()]
    found = []
    for line in path.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            head, _, rest = line.partition(" ssh-ed25519 ")
            try:
                key = public_key(f"ssh-ed25519 {rest}")
            except NotOpenSSH as error:
                raise KeyRefused(f"{path}: 看不懂的一行 a line that cannot be read: {error}") from error
            found.append(_facts(f"{path}: {head}", key))
    return found


def _facts(where: str, key: PublicKey) -> KeyFacts:
    first, last = key.first_day, key.last_day
    return KeyFacts(
        where,
        "certificate" if key.authority else "key",
        key.fingerprint,
        fingerprint(key.authority) if key.authority else None,
        key.principals,
        key.label,
        first.isoformat() if first else None,
        last.isoformat() if last else None,
    )


def _certified(key: PublicKey) -> PublicKey:
    """The key as the authority of others."""
    return PublicKey(key.blob, authority=key.blob)


def _make_key(path: Path, comment: str, passphrase: str | None) -> None:
    for there in (path, path.with_name(path.name + ".pub")):
        if there.exists():
            raise FileExistsError(17, "已有密钥，不覆盖 there is a key already, it is not replaced", str(there))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    given = [] if passphrase is None else ["-N", passphrase]
    _ask(["-q", "-t", "ed25519", "-C", comment, "-f", str(path), *given])


def _ask(arguments: list[str]) -> None:
    """With the terminal of the person: only he knows the passphrase of the root."""
    done = subprocess.run(
        [signing.program(), *arguments], stderr=subprocess.PIPE, text=True, check=False, env=signing.ENVIRONMENT
    )
    if done.returncode:
        said = "; ".join(line.strip(" @") for line in done.stderr.splitlines() if line.strip(" @"))
        raise KeyRefused(f"ssh-keygen: {said or done.returncode}")


def _has_terminal() -> bool:
    """Without one `ssh-keygen` asks nobody and makes an open key without a word."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return False
    return True


def _write_new(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
