"""How numbers about few are protected, in words and figures, as it is published with the data.

What belongs here: the statements of `quality.yml` with the parameters in force. What does not: the protection itself,
and which cells are withheld for which reason: that would help to reckon them.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from quality.checks import figure
from quality.findings import filled
from schemas.registry import Registry


def method(registry: Registry, as_of: date) -> dict[str, Any]:
    """`statements`: code, state (evaluated, or not_evaluated without a parameter), text in both languages, source;
    `parameters`: code, value, unit, days in force, source, of all that the statements name."""
    in_force = registry.parameters(as_of)
    words = {code: parameter.value for code, parameter in in_force.items()}
    statements, named = [], {}
    for code, one in registry.quality.disclosure.items():
        named |= {name: figure(in_force[name]) for name in one.parameters if name in in_force}
        known = all(name in in_force for name in one.parameters)
        texts = {f"says_{tongue}": filled(getattr(one, tongue), words, "—") for tongue in ("zh", "en")}
        state = "evaluated" if known else "not_evaluated"
        statements.append({"code": code, "state": state, **texts, "source": one.source})
    return {"statements": statements, "parameters": [named[name] for name in sorted(named)]}
