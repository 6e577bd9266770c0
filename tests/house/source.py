"""The checkout as the house tests see it: its files, its Python trees, its contracts as plain YAML."""

from __future__ import annotations

import ast
import functools
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("schemas", "quality", "assets", "pipelines")
_GIT = ("git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z")


@dataclass(frozen=True)
class Module:
    """One Python file of the four packages."""

    path: str  # relative to the root, with slashes
    text: str

    @property
    def tree(self) -> ast.Module:
        return _tree(self.path, self.text)


@functools.cache
def _tree(path: str, text: str) -> ast.Module:
    return ast.parse(text, path)


@functools.cache
def files() -> tuple[Path, ...]:
    """Every file that is, or would be, committed."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(_GIT, capture_output=True, check=True).stdout.decode().split("\0")
        return tuple(ROOT / name for name in sorted(listed) if name and (ROOT / name).is_file())
    private = {".venv", "workspace", "published", "inbox", "dist", "__pycache__"}
    found = (p for p in ROOT.rglob("*") if p.is_file() and not private & set(p.relative_to(ROOT).parts))
    return tuple(sorted(p for p in found if not any(part.endswith("_cache") for part in p.parts)))


@functools.cache
def modules() -> tuple[Module, ...]:
    """The Python files of the four packages."""
    paths = [p for floor in FLOORS for p in sorted((ROOT / floor).rglob("*.py"))]
    return tuple(Module(p.relative_to(ROOT).as_posix(), p.read_text("utf-8")) for p in paths)


def functions(tree: ast.AST) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef, bool]]:
    """(qualified name, node, whether it is public) of every function and method; inner ones are private."""
    return list(_functions(tree, (), True))


def _functions(node: ast.AST, path: tuple[str, ...], public: bool):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            here = public and not child.name.startswith("_")
            yield ".".join((*path, child.name)), child, here
            yield from _functions(child, (*path, child.name), False)
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, (*path, child.name), public and not child.name.startswith("_"))
        else:
            yield from _functions(child, path, public)


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the last one, without decorators and without the docstring."""
    documented = ast.get_docstring(node) is not None
    text = node.body[0].end_lineno - node.body[0].lineno + 1 if documented else 0
    return node.end_lineno - node.lineno + 1 - text


def contracts(pattern: str) -> dict[Path, dict[str, Any]]:
    """The YAML files of `schemas/` that match, as plain data."""
    paths = sorted((ROOT / "schemas").glob(pattern))
    return {p: yaml.safe_load(p.read_text("utf-8")) or {} for p in paths}


def sql_files() -> tuple[Path, ...]:
    """Every SQL file of the four packages."""
    return tuple(p for floor in FLOORS for p in sorted((ROOT / floor).rglob("*.sql")))
