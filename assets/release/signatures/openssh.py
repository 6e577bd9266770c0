"""What OpenSSH writes, read byte by byte: public keys, certificates and signatures of Ed25519.

What belongs here: the formats (PROTOCOL.certkeys and PROTOCOL.sshsig of OpenSSH), so that a message can name the key
and its time, and so that nothing slips into a signature file that `ssh-keygen` would pass over. What does not:
whether to believe any of it; only `ssh-keygen` decides that (signing.py).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

KEY_TYPE = "ssh-ed25519"
CERTIFICATE_TYPE = "ssh-ed25519-cert-v01@openssh.com"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_WIDTH = 70  # characters a line, as ssh-keygen folds
_FOREVER = 2**64 - 1


class NotOpenSSH(ValueError):
    """Bytes that are not an Ed25519 key, certificate or signature as OpenSSH writes them."""


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 public key; of a certificate also who made it, for whom and from when until when (UTC)."""

    blob: bytes  # of the key itself, without what certifies it
    authority: bytes | None = None  # the public key that signed the certificate
    principals: tuple[str, ...] = ()
    label: str = ""
    after: int = 0
    before: int = _FOREVER

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.blob)

    @property
    def first_day(self) -> date | None:
        """The first day on which the certificate holds at noon; None for a key without one."""
        return None if self.authority is None else _day(self.after + 43_199)

    @property
    def last_day(self) -> date | None:
        """The last day on which the certificate holds at noon; None if it holds for ever."""
        return None if self.before >= 2**40 else _day(self.before - 43_201)


def fingerprint(blob: bytes) -> str:
    """The name of a key as `ssh-keygen -l` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def key_text(blob: bytes) -> str:
    """A public key as it stands in a file."""
    return f"{KEY_TYPE} {base64.b64encode(blob).decode()}"


def public_key(text: str) -> PublicKey:
    """The key of a line of a `.pub` file. NotOpenSSH if it is of another kind."""
    words = text.split()
    if len(words) < 2:
        raise NotOpenSSH("no public key")
    return _key(_decoded(words[1]))


def signer_of(armoured: bytes) -> PublicKey:
    """The key that a signature file says made it.

    NotOpenSSH unless these are exactly the bytes ssh-keygen writes: it would pass over anything after the end."""
    try:
        lines = armoured.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise NotOpenSSH("not an armoured signature") from None
    blob = _decoded("".join(lines[1:-2]))
    text = base64.b64encode(blob).decode()
    folded = [text[i : i + _WIDTH] for i in range(0, len(text), _WIDTH)]
    if lines != [_BEGIN, *folded, _END, ""]:
        raise NotOpenSSH("not an armoured signature")
    reader = _Reader(blob)
    if reader.take(6) != b"SSHSIG" or reader.number(4) != 1:
        raise NotOpenSSH("not a signature of version 1")
    return _key(reader.string())


class _Reader:
    """Takes values off a blob. NotOpenSSH if it is too short."""

    def __init__(self, blob: bytes) -> None:
        self._left = blob

    def take(self, size: int) -> bytes:
        if len(self._left) < size:
            raise NotOpenSSH("cut short")
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def string(self) -> bytes:
        return self.take(self.number(4))

    def __bool__(self) -> bool:
        return bool(self._left)


def _key(blob: bytes) -> PublicKey:
    reader = _Reader(blob)
    kind = reader.string()
    if kind == KEY_TYPE.encode():
        return PublicKey(blob)
    if kind != CERTIFICATE_TYPE.encode():
        raise NotOpenSSH(f"not Ed25519: {kind.decode('ascii', 'replace')[:40]}")
    reader.string()  # nonce
    key = reader.string()
    reader.take(8 + 4)  # serial number, kind of certificate
    label, names = reader.string(), _Reader(reader.string())
    principals = []
    while names:
        principals.append(names.string().decode("utf-8", "replace"))
    after, before = reader.number(8), reader.number(8)
    reader.string(), reader.string(), reader.string()  # critical options, extensions, reserved
    plain = len(KEY_TYPE).to_bytes(4, "big") + KEY_TYPE.encode() + len(key).to_bytes(4, "big") + key
    said = label.decode("utf-8", "replace")
    return PublicKey(plain, reader.string(), tuple(principals), said, after, before)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise NotOpenSSH("not base64") from None


def _day(seconds: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).date()
