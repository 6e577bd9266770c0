"""A difference between two versions as one page of HTML that needs nothing else: no script, no outside request.

Everything on it is escaped by the template engine. What does not belong here: words and order (diff_view.py).
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, StrictUndefined

from assets.release.comparison.difference import Difference
from pipelines import diff_view

PAGE = Path(__file__).parent / "pages" / "diff.html"


def page(found: Difference) -> str:
    """The page. The same difference gives the same bytes."""
    engine = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    shown = {
        "dataset": found.dataset,
        "old": found.old,
        "new": found.new,
        "bump": found.bump,
        "reasons": found.reasons,
        "tables": diff_view.tables(found),
        "hidden": sum(counts.lines for counts in found.changes.values()) - len(found.rows),
    }
    return engine.from_string(PAGE.read_text("utf-8")).render(shown)
