"""Tampering with what is published, at random: how much of it the documented commands find.

What belongs here: the tampering, and the counting for `make faults`. Each trial is one deed upon a copy of a signed
history of three months, after which a version was withdrawn, by somebody who can write everything below `published/`
and has no key of the publisher. What does not: what a finding says (tests/assets/release/test_audit.py).
"""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from assets.release.manifest import Manifest, Release, canonical
from assets.release.signatures import keys
from assets.release.stores import blob_path, signature_path
from pipelines.settings import Settings
from pipelines.verification import Asked, verify
from tests.assets.release import signed

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Victim:
    """A published folder after each of its releases, who its readers believe, and what they remember."""

    months: tuple[Path, ...]
    allowed: Path
    remembered: Path
    stranger: Path  # the certificate of another root

    @property
    def now(self) -> Path:
        return self.months[-1]


@dataclass(frozen=True)
class Trial:
    """A deed, and the day on which the reader looks if it is not the usual one."""

    name: str
    where: str
    on: date = signed.TODAY

    def of(self, kind: Callable[[str], bool]) -> bool:
        """Whether it was done to one file or more, each of that kind."""
        paths = [word for word in self.where.split() if "/" in word or word.endswith(".json")]
        return bool(paths) and all(map(kind, paths))


def make_victim(folder: Path) -> Victim:
    """Three signed months and a withdrawal; a copy of the published folder after each."""
    own, other = signed.make_keys(folder / "keys"), signed.make_keys(folder / "stranger")
    key, stranger = own.release(2026), other.release(2026)
    months = []
    for number in range(4):
        if number < len(signed.MONTHS):
            signed.month(folder / "house", key, number)
        else:
            signed.take_back(folder / "house", key, "fees", "1.1.0")
        months.append(folder / f"month{number}")
        _copy(folder / "house" / "published", months[-1])
    victim = Victim(tuple(months), own.allowed, folder / "seen.json", stranger.with_name("release-2026-cert.pub"))
    assert not found(victim, victim.now, Trial("", "")), "the untouched history has findings"
    return victim


def found(victim: Victim, published: Path, trial: Trial, address: str | None = None) -> bool:
    """Whether `tuoyu verify --allowed-signers --remember` finds something."""
    remembered = victim.remembered.with_name(f"seen-{published.name}.json")
    if victim.remembered.exists():
        known = json.loads(victim.remembered.read_text())
        remembered.write_text(json.dumps({address or str(published): next(iter(known.values()))}))
    asked = Asked(address or str(published), victim.allowed, on=trial.on, remember=remembered)
    report = verify(Settings(home=published), asked)
    if not victim.remembered.exists():
        shutil.copy(remembered, victim.remembered)
    return not report.ok


def script_finds(victim: Victim, published: Path, trial: Trial) -> bool:
    """Whether the shell script of the publisher's page finds something; the page a reader kept, not the one there."""
    env = os.environ | {"PUBLISHED": str(published), "ALLOWED": str(victim.allowed), "TODAY": f"{trial.on:%Y%m%d}"}
    command = ["bash", "-c", script_of(victim.now, "bash")]
    return subprocess.run(command, env=env, capture_output=True, check=False).returncode != 0


def script_of(published: Path, language: str) -> str:
    """The blocks of the page in one language, together."""
    text = (published / "VERIFY.md").read_text("utf-8")
    return "".join(re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


# --- deeds: each changes a folder and returns what it did to what


def flip(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    path = dice.choice([p for p in files(folder) if p.stat().st_size])
    data = bytearray(path.read_bytes())
    place = dice.randrange(len(data))
    data[place] ^= 1 << dice.randrange(8)
    _overwrite(path, bytes(data))
    return Trial("flip", f"{path.relative_to(folder)} byte {place}")


def truncate(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    path = dice.choice([p for p in files(folder) if p.stat().st_size])
    data = path.read_bytes()
    _overwrite(path, data[: dice.randrange(len(data))])
    return Trial("truncate", f"{path.relative_to(folder)}")


def delete(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    path = dice.choice(files(folder))
    path.unlink()
    return Trial("delete", f"{path.relative_to(folder)}")


def add(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    """A file beside those that are there, of any content, or a copy of one under another name."""
    beside = dice.choice(files(folder))
    content = dice.choice([b"", b"area_code\n330108\n", beside.read_bytes()])
    name = dice.choice(["open_provider.tsv", "0" * 64, beside.name + "~", ".hidden", "新.csv"])
    target = beside.with_name(name) if dice.random() < 0.8 else folder / "datasets" / "extra" / "1.0.0" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return Trial("add", f"{target.relative_to(folder)}")


def swap_files(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    while True:
        one, other = dice.sample(files(folder), 2)
        if one.read_bytes() != other.read_bytes():
            return _swapped("swap files", one, other, folder)


def swap_versions(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    return _swapped("swap versions", *dice.sample(sorted(folder.glob("datasets/*/*")), 2), folder)


def swap_releases(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    return _swapped("swap releases", *dice.sample(sorted(folder.glob("releases/*")), 2), folder)


def old_pointer(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    """The pointer of an earlier month, with its signature, upon the folder of today."""
    older = dice.choice(victim.months[:-1])
    _overwrite(folder / "current.json", (older / "current.json").read_bytes())
    return Trial("old pointer", older.name)


def rollback(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    """Everything as it was: whole, signed, and old. Only memory, or the expiry, can tell."""
    older = dice.choice(victim.months[:-1])
    shutil.rmtree(folder)
    _copy(older, folder)
    return Trial("rollback", older.name)


def undelete(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    """A withdrawn file is back: in the folder of its version, or under its hash."""
    gone = next(path.parent for path in folder.glob("datasets/*/*/tombstone.json"))
    before = victim.months[-2] / gone.relative_to(folder)
    file = dice.choice([p for p in sorted(before.iterdir()) if not _is_blob(folder, p)])
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    target = dice.choice([gone / file.name, folder / blob_path(digest)])
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, target)
    return Trial("undelete", f"{target.relative_to(folder)}")


def frozen(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    """The newest release, served on after its time."""
    expires = date.fromisoformat(json.loads((folder / "current.json").read_bytes())["expires_on"])
    return Trial("expired", "current.json", date.fromordinal(expires.toordinal() + dice.randint(1, 300)))


def new_pointer(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    """A pointer that says something else, without anybody's signature or with the stranger's."""
    pointer = json.loads((folder / "current.json").read_bytes())
    change = dice.choice([{"expires_on": "2099-12-31"}, {"as_of": "2026-04-02"}, {"signed_by": None}, {"seq": 5}])
    _point(folder, pointer | change, victim.stranger if dice.random() < 0.5 else None)
    return Trial("new pointer", f"{change}")


def another_key(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    """The newest release says something else, every hash right, all signed by a root that the attacker made."""
    pointer = json.loads((folder / "current.json").read_bytes())
    manifest = Manifest.from_bytes((folder / "releases" / pointer["release"] / "manifest.json").read_bytes())
    named = keys.public_of(victim.stranger).fingerprint
    release = Release.of(replace(manifest, publisher="别人", signed_by=named))
    target = folder / "releases" / release.release_id
    shutil.move(folder / "releases" / pointer["release"], target)
    _overwrite(target / "manifest.json", release.manifest.to_bytes())
    _overwrite(target / "manifest.json.sig", signed.raw_signature(victim.stranger, release.manifest.to_bytes()))
    told = {"release": release.release_id, "sha256": release.manifest_sha256, "signed_by": named}
    _point(folder, pointer | told, victim.stranger)
    _overwrite(folder / "allowed_signers", victim.stranger.with_name("allowed_signers").read_bytes())
    return Trial("another key", release.release_id)


def unsigned(folder: Path, dice: random.Random, victim: Victim) -> Trial:
    """Every signature taken away, and every trace that there should be one."""
    pointer = json.loads((folder / "current.json").read_bytes())
    manifest = Manifest.from_bytes((folder / "releases" / pointer["release"] / "manifest.json").read_bytes())
    release = Release.of(replace(manifest, signed_by=None, previous=None, seq=1))
    shutil.rmtree(folder / "releases"), shutil.rmtree(folder / "signatures")
    (folder / "releases" / release.release_id).mkdir(parents=True)
    (folder / "releases" / release.release_id / "manifest.json").write_bytes(release.manifest.to_bytes())
    told = {"release": release.release_id, "seq": 1, "sha256": release.manifest_sha256, "signed_by": None}
    _point(folder, pointer | told, None)
    return Trial("unsigned", release.release_id)


#: deed -> its share of the trials; the first four happen by accident as well
DEEDS: dict[Callable[[Path, random.Random, Victim], Trial], int] = {
    flip: 40, delete: 8, truncate: 6, add: 10, swap_files: 8, swap_versions: 4, swap_releases: 4, old_pointer: 4,
    rollback: 4, undelete: 4, frozen: 3, new_pointer: 4, another_key: 3, unsigned: 2,
}  # fmt: skip

def trials(victim: Victim, folder: Path, number: int, seed: int = 1) -> Iterator[tuple[Trial, Path]]:
    """So many deeds, each upon a fresh copy; every deed at least once."""
    dice = random.Random(seed)
    often = [deed for deed, share in DEEDS.items() for _ in range(share)]
    deeds = [*DEEDS, *(dice.choice(often) for _ in range(number))][:number]
    for count, deed in enumerate(deeds):
        copy = folder / f"trial{count}"
        _copy(victim.now, copy)
        yield deed(copy, dice, victim), copy
        shutil.rmtree(copy)


def rows(quick: bool, victim: Victim | None = None) -> list[tuple[str, str, str, bool]]:
    """(promise, wanted, measured, whether it is kept), for the table of `make faults`.

    The short form tries the script and the web server on some deeds only."""
    number, every = (16, 4) if quick else (200, 1)
    counted: dict[str, list[tuple[Trial, bool]]] = {name: [] for name in ("folder", "script", "http")}
    with tempfile.TemporaryDirectory() as name:
        victim = victim or make_victim(Path(name) / "victim")
        earlier = _earlier_pointers(victim)
        for count, (trial, copy) in enumerate(trials(victim, Path(name), number)):
            counted["folder"].append((trial, found(victim, copy, trial)))
            if count % every == 0 and trial.name != "rollback" and not trial.of(_is_unseen_by_script):
                counted["script"].append((trial, script_finds(victim, copy, trial)))
            if count % every == 1 % every and trial.name not in _ADDS and not trial.of(earlier.__contains__):
                with served(copy) as address:
                    counted["http"].append((trial, found(victim, copy, trial, address)))
    says = {
        "folder": "tampering: tuoyu verify, of a folder",
        "script": "tampering: the script of VERIFY.md, with ssh-keygen and sha256sum (not: rollback before expiry)",
        "http": "tampering: tuoyu verify over HTTP (not: additions, which only a listing shows)",
    }
    return [_row(says[way], results) for way, results in counted.items()]


#: deeds that only a listing shows
_ADDS = ("add",)


def _is_unseen_by_script(path: str) -> bool:
    """White space in the armour of a signature, and the signature inside pages.json."""
    return path.endswith((".sig", "pages.json"))


def _earlier_pointers(victim: Victim) -> set[str]:
    """Pointers of earlier months and their signatures, to which nothing leads: only a listing shows them."""
    hashes = [hashlib.sha256((month / "current.json").read_bytes()).hexdigest() for month in victim.months[:-1]]
    return {path for digest in hashes for path in (signature_path(digest), blob_path(digest))}


def _row(promise: str, results: list[tuple[Trial, bool]]) -> tuple[str, str, str, bool]:
    missed = [f"{trial.name} {trial.where}" for trial, hit in results if not hit]
    measured = f"{len(results) - len(missed)} of {len(results)} found" + "".join(f"; missed: {m}" for m in missed[:5])
    return promise, f"{len(results)} found", measured, not missed


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A real web server for a folder, on a free port of this machine."""
    handler = functools.partial(_Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def list_directory(self, path):
        self.send_error(404)


def files(folder: Path) -> list[Path]:
    """Every file a reader can be given; not the publisher's own."""
    found = sorted(p for p in folder.rglob("*") if p.is_file())
    return [p for p in found if not p.relative_to(folder).parts[0].startswith(".")]


def _is_blob(folder: Path, file: Path) -> bool:
    """Whether a version that stands has the same bytes."""
    return (folder / blob_path(hashlib.sha256(file.read_bytes()).hexdigest())).exists()


def _point(folder: Path, pointer: dict, key: Path | None) -> None:
    data = canonical(pointer)
    _overwrite(folder / "current.json", data)
    if key:
        path = folder / signature_path(hashlib.sha256(data).hexdigest())
        path.write_bytes(signed.raw_signature(key, data))


def _overwrite(path: Path, data: bytes) -> None:
    """In place, also behind another name of the same file: as a bad disk or a bad hand would."""
    path.chmod(0o644)
    path.write_bytes(data)


def _swapped(name: str, one: Path, other: Path, folder: Path) -> Trial:
    aside = folder / "aside"
    one.rename(aside), other.rename(one), aside.rename(other)
    return Trial(name, f"{one.relative_to(folder)} {other.relative_to(folder)}")


def _copy(source: Path, target: Path) -> None:
    """With the hard links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", source, target], check=True)


if __name__ == "__main__":
    for line in rows("--quick" in sys.argv):
        print(*line, sep=" | ")
