"""Commands about what is published: compare, verify, rebuild, withdraw. Doors only, like cli.py."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli_options import HomeOption, JsonOption, ProfileOption, refuse, settings_of
from pipelines.exits import Exit


def add_to(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    for command in (diff,):
        app.command()(command)


def diff(
    dataset: Annotated[str, typer.Argument(help="A dataset, such as whitelist.")],
    old: Annotated[str, typer.Argument(help="A version, such as 1.0.0.")],
    new: Annotated[str, typer.Argument(help="A later version.")],
    home: HomeOption = None,
    profile: ProfileOption = None,
    json_out: JsonOption = False,
) -> None:
    """Say what changed between two published versions of a dataset, row by row and field by field."""
    from pipelines import show, views

    try:
        limit = None if json_out else show.MOST
        changes = views.diff(settings_of(home, profile), dataset, old, new, limit=limit)
    except LookupError as error:
        refuse(f"没有这个版本 no such version: {error}", Exit.FINDINGS)
    show.diff(changes, json_out)
