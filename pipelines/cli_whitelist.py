"""Commands about the whitelist: who is on it as of a day, as known on another, and why. Doors only, like cli.py."""

from __future__ import annotations

import typer


def add_to(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
