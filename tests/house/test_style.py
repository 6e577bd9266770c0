"""Small and plain: ruff, sizes, docstrings."""

from __future__ import annotations

import ast
import subprocess
import sys

from tests.house.source import ROOT, functions, length, modules

LONGEST_FUNCTION = 60
LONGEST_MODULE = 400
DOCSTRING_FROM = 8  # lines; what is shorter may speak for itself


def test_ruff_is_clean() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "."]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_no_function_is_long() -> None:
    long = [
        f"{module.path}:{node.lineno} {name}: {node.end_lineno - node.lineno + 1} lines"
        for module in modules()
        for name, node, _ in functions(module.tree)
        if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long, "\n".join(long)


def test_no_module_is_long() -> None:
    sizes = {m.path: len(m.text.splitlines()) for m in modules()}
    assert not {path: lines for path, lines in sizes.items() if lines > LONGEST_MODULE}


def test_every_module_says_what_belongs_in_it() -> None:
    silent = [m.path for m in modules() if not ast.get_docstring(m.tree)]
    assert not silent


def _promised(path: str) -> set[str]:
    """Methods that a Protocol of the module or its package documents: who keeps the promise need not repeat it."""
    room = f"{path.rpartition('/')[0]}/__init__.py"
    protocols = [
        node
        for module in modules()
        if module.path in (path, room)
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and "Protocol" in {getattr(base, "id", "") for base in node.bases}
    ]
    return {node.name for p in protocols for _, node, _ in functions(p) if ast.get_docstring(node)}


def test_every_public_function_of_some_length_has_a_docstring() -> None:
    silent = [
        f"{module.path}:{node.lineno} {name}"
        for module in modules()
        for name, node, public in functions(module.tree)
        if public and length(node) > DOCSTRING_FROM and not ast.get_docstring(node)
        if node.name not in _promised(module.path)
    ]
    assert not silent, "\n".join(silent)
