"""Commands about the whitelist: who is on it as of a day, as known on another, and why. Doors only, like cli.py."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli_options import HomeOption, JsonOption, ProfileOption, refuse, settings_of
from pipelines.exits import Exit
from pipelines.settings import parse_date

whitelist_app = typer.Typer(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})

DayOption = Annotated[
    str | None, typer.Option("--as-of", help="The day that is asked about, YYYY-MM-DD (default: that of the last run).")
]
KnownOption = Annotated[
    str | None,
    typer.Option("--known-on", help="Of what had been received by the end of this day (default: of everything)."),
]


def add_to(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.add_typer(whitelist_app, name="whitelist")


@whitelist_app.callback()
def whitelist(
    ctx: typer.Context,
    as_of: DayOption = None,
    known_on: KnownOption = None,
    published: Annotated[
        bool, typer.Option("--published", help="Also what the release of that day said, and where it differs.")
    ] = False,
    home: HomeOption = None,
    profile: ProfileOption = None,
    json_out: JsonOption = False,
) -> None:
    """Say who is on the whitelist as of any day, of what was known on any other day, and why others are not.

    What did we know on 1 March about 1 March:  tuoyu whitelist --as-of 2026-03-01 --known-on 2026-03-01

    What do we know today about 1 March:  tuoyu whitelist --as-of 2026-03-01

    What did we publish then, and was it right:  tuoyu whitelist --as-of 2026-03-01 --published

    Why is a provider (not) on it:  tuoyu whitelist explain 330108-S-0012"""
    if ctx.invoked_subcommand:
        return
    from pipelines import show, show_whitelist, terminal, whitelist_view

    settings, known = settings_of(home, profile, as_of), parse_date(known_on, "--known-on")
    try:
        with terminal.progress(json_out) as progress:
            found = whitelist_view.whitelist(settings, known, published=published, progress=progress)
    except LookupError as error:
        refuse(str(error.args[0]), Exit.FINDINGS)
    show.document(found) if json_out else show_whitelist.whitelist(found)


@whitelist_app.command()
def explain(
    provider: Annotated[str, typer.Argument(help="Identifier, credit code, or (part of) a name, also a former one.")],
    as_of: DayOption = None,
    known_on: KnownOption = None,
    home: HomeOption = None,
    profile: ProfileOption = None,
    json_out: JsonOption = False,
) -> None:
    """Tell one provider's story: every change with its rule, law and evidence, time limits, and what is published.

    For inside use: it names the files and rows that providers sent. If several providers fit, they are listed."""
    from pipelines import show, show_whitelist, terminal, whitelist_view

    settings, known = settings_of(home, profile, as_of), parse_date(known_on, "--known-on")
    try:
        with terminal.progress(json_out) as progress:
            found = whitelist_view.explain(settings, provider, known, progress=progress)
    except LookupError as error:
        refuse(str(error.args[0]), Exit.FINDINGS)
    several = len(found["matches"]) > 1
    if json_out:
        show.document(found)
    else:
        (show_whitelist.matches if several else show_whitelist.story)(found)
    raise typer.Exit(Exit.FINDINGS if several else Exit.OK)
