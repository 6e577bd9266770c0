"""Commands about what is published: compare, verify, rebuild, withdraw. Doors only, like cli.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assets.workspace import written_whole
from pipelines.cli_options import HomeOption, JsonOption, ProfileOption, refuse, settings_of
from pipelines.exits import Exit


def add_to(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    for command in (diff,):
        app.command()(command)


def diff(
    dataset: Annotated[str, typer.Argument(help="A dataset, such as whitelist.")],
    old: Annotated[str, typer.Argument(help="A version, such as 1.0.0.")],
    new: Annotated[str, typer.Argument(help="Another version, later or earlier.")],
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write one page of HTML that needs nothing else.")
    ] = None,
    home: HomeOption = None,
    profile: ProfileOption = None,
    json_out: JsonOption = False,
) -> None:
    """Say what changed between any two published versions of a dataset, row by row and field by field.

    Each change has a kind: added, removed, corrected (it had been wrong), updated (things changed), reformatted (only
    written otherwise), redacted (no longer published); why; and the received file it came from, by its hash.
    Versions in either order, with any number between them: a value that changed several times says how often.

    A page to send to people: tuoyu diff whitelist 1.0.0 1.3.0 --html changes.html"""
    from pipelines import diff_page, diff_view, show, show_diff, views

    try:
        limit = None if json_out else show_diff.MOST_ON_PAGE if html else show.MOST
        found = views.diff(settings_of(home, profile), dataset, old, new, limit=limit)
    except LookupError as error:
        refuse(f"没有这个版本 no such version: {error.args[0]}", Exit.FINDINGS)
    if html:
        with written_whole(html) as stage:
            stage.write_text(diff_page.page(found), "utf-8")
    if json_out:
        show.document(diff_view.as_document(found))
    elif html:
        show_diff.written(html)
    else:
        show_diff.diff(found)
