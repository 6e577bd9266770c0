"""What a publisher may be told about quality beyond the tables it publishes.

What belongs here: the shape of that knowledge, as comparison/knowledge.py has that of changes. What does not: getting
it from a workspace (workspace.py). Without it a report says that the rest was not evaluated.
"""

from __future__ import annotations

from typing import Protocol

from quality.report.facts import Facts
from schemas.model import Dataset


class Quality(Protocol):
    """Asked once for each dataset of which a new version is made."""

    def facts(self, dataset: Dataset) -> Facts:
        """What is known about every table behind a dataset, but for what the publisher checks itself."""
