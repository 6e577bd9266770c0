"""What may be committed: nothing large, nothing of one machine, pins that can be trusted."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.source import ROOT, files

LARGEST = 1_000_000  # bytes

# written in pieces, so that this file does not contain what it looks for
_HOSTS = ("py" + "pi.org", "python" + "hosted", "test.py" + "pi", "npm" + "js.org", "conda." + "anaconda")
_PATHS = ("work", "root", "opt", "home", "Users")
_FOREIGN = re.compile(
    "|".join(re.escape(host) for host in _HOSTS)
    + rf"|(?<![\w.~$)}}/-])/(?:{'|'.join(_PATHS)})/[A-Za-z0-9_.-]+"
    + r"|(?<![\w.~$)}/-])/tm" + r"p/w\b"
)


def test_no_file_is_large() -> None:
    assert not [(p.relative_to(ROOT), p.stat().st_size) for p in files() if p.stat().st_size > LARGEST]


def test_no_registry_and_no_path_of_one_machine_is_named() -> None:
    found = []
    for path in files():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)}: {hit.group()}" for hit in _FOREIGN.finditer(text)]
    assert not found, "\n".join(found)


def test_every_requirement_is_pinned_and_hashed() -> None:
    text = (ROOT / "requirements.txt").read_text("utf-8").replace("\\\n", " ")
    for line in filter(None, (line.strip() for line in text.splitlines())):
        requirement, *hashes = line.split(" --hash=")
        assert [s.operator for s in Requirement(requirement).specifier] == ["=="], requirement
        assert hashes, f"no hash: {requirement}"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", h.strip()) for h in hashes), requirement


def test_the_pins_are_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    wanted += project["build-system"]["requires"]
    lines = (ROOT / "requirements.txt").read_text("utf-8")
    pinned = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", lines, re.M)
    versions = {canonicalize_name(name): version for name, version in pinned}
    for text in wanted:
        requirement = Requirement(text)
        assert any(s.operator == ">=" for s in requirement.specifier), f"no lower bound: {text}"
        version = versions.get(canonicalize_name(requirement.name), "0")
        assert requirement.specifier.contains(version), f"`make lock` is due: {text}, pinned {version}"


def test_every_dependency_says_why() -> None:
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    stated = [line for line in lines if re.match(r' {4}"[a-z-]+[><=]', line)]
    assert stated
    assert not [line for line in stated if "#" not in line]
