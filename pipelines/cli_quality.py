"""The command about the quality of what is published. A door only, like cli.py."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli_options import HomeOption, JsonOption, ProfileOption, refuse, settings_of
from pipelines.exits import Exit


def add_to(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(quality)


def quality(
    dataset: Annotated[str | None, typer.Argument(help="A dataset, such as whitelist (default: all).")] = None,
    version: Annotated[str | None, typer.Argument(help="A version, such as 1.0.0 (default: the current one).")] = None,
    home: HomeOption = None,
    profile: ProfileOption = None,
    json_out: JsonOption = False,
) -> None:
    """Say how good what is published is: what was checked, what is wrong, how old, and who has not reported.

    Read from the quality.json that every version brings; quality.html beside it is the same for people. Without a
    dataset a few lines for each; with one every check that did not pass, the sub-indicators of GB/T 36344-2018 with
    how they moved since the version before, and what could not be checked, with the reason.

    Ends with 0, also when checks failed: a release that must not be is never made. 1: there is no such version."""
    from pipelines import quality_view, show, show_quality

    settings = settings_of(home, profile)
    try:
        found = quality_view.report(settings, dataset, version) if dataset else quality_view.reports(settings)
    except LookupError as error:
        refuse(str(error.args[0]), Exit.FINDINGS)
    if not found:
        refuse("还没有发布 nothing is published yet; run: tuoyu run", Exit.FINDINGS)
    if json_out:
        show.document(found)
    elif dataset:
        show_quality.one(found)
    else:
        show_quality.quality(found.values())
