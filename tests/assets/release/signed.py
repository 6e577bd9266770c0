"""A publisher with keys: a root, a release key it certified, and releases of the small house signed with it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from assets.release.publisher import ReleaseResult, publish
from assets.release.retraction.withdraw import Reason, withdraw
from assets.release.signatures import keys
from assets.release.signatures.signing import NAMESPACE, Signer, Trust, signer, trust_of_file
from assets.release.stores.local import LocalStore
from tests.assets.release import house

PRINCIPAL = house.registry().profile.slug
#: the months that `month` releases, and the day a reader looks
MONTHS = (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31))
TODAY = date(2026, 4, 2)
MISSING = None if shutil.which("ssh-keygen") else "ssh-keygen is not installed (Debian: apt-get install openssh-client)"


@dataclass(frozen=True)
class Keys:
    """The folder of a root and what it certified."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def allowed(self) -> Path:
        return self.folder / "allowed_signers"

    @property
    def trust(self) -> Trust:
        return trust_of_file(self.allowed)

    def release(self, year: int, first: date | None = None, principal: str = PRINCIPAL) -> Path:
        """The release key of a year, certified."""
        key = keys.make_release_key(self.folder, year)
        begins, ends = keys.validity(year)
        keys.certify(self.root, key.with_name(f"{key.name}.pub"), principal, first or begins, ends)
        return key


def make_keys(folder: Path) -> Keys:
    """A root that nobody else has."""
    keys.make_root(folder, PRINCIPAL, passphrase="")
    return Keys(folder)


def sign_with(key: Path, as_of: date, today: date = TODAY, trust: Trust | None = None) -> Signer:
    return signer(key, PRINCIPAL, as_of, today, trust)


def release(root: Path, as_of: date, sign: Signer | None, **rows) -> ReleaseResult:
    """The small house of one month, published below ``root``."""
    given = house.registry()
    open_dir = house.write_open(given, root / "open", **rows)
    return publish(given, open_dir, root / "published", as_of, work_dir=root / "work", sign=sign)


def month(root: Path, key: Path, number: int) -> None:
    """The release of one of MONTHS, by its number from 0: fees change each month, providers in the second."""
    fees = [("330108", "p1", f"{3000 + number}.00"), ("330108", "p3", "2875.50")]
    many = 3 if number else 2
    rows = {"open_provider": house.PROVIDERS[:many], "open_provider_class": house.CLASSES[:many]}
    release(root, MONTHS[number], sign_with(key, MONTHS[number]), open_fee_posted=fees[: 2 if number else 1], **rows)


def take_back(root: Path, key: Path, dataset: str, version: str) -> None:
    """Withdraws a version, a day before readers look."""
    store, on = LocalStore(root / "published"), date(2026, 4, 1)
    reason = Reason("金额录入有误。", "Amounts were entered wrongly.")
    withdraw(house.registry(), store, dataset, version, reason, on, work_dir=root / "work", sign=sign_with(key, on))


def raw_signature(key: Path, data: bytes, namespace: str = NAMESPACE) -> bytes:
    """A signature by any key for anything, as somebody would make it who has ssh-keygen."""
    command = ["ssh-keygen", "-Y", "sign", "-q", "-n", namespace, "-f", str(key)]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout
