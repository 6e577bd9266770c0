"""What all commands share: their common options, how they read the settings, and how they end with a plain error."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pipelines.exits import Exit
from pipelines.settings import Settings, from_environment, parse_date

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Folder of workspace and published (default: the current one).")
]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="District profile: a slug or a folder.")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="The date the release speaks of, YYYY-MM-DD (default: today).")
]
UnsignedOption = Annotated[
    bool, typer.Option("--unsigned", help="Publish without a signature, also on top of a signed release.")
]
ConfirmOption = Annotated[
    str | None,
    typer.Option(
        "--confirm",
        metavar="REASON",
        help="Why a release that changes more of a table than the profile allows unseen is right. It is published in "
        "CHANGES.md: no names, no numbers of persons. Numbers, accounts and addresses of persons are refused, and "
        "names behind a post or a word such as 联系, 找, 问, 经, 由, 请; other names are not found: read it once more.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]


def refuse(text: str, code: Exit = Exit.CONFIGURATION) -> NoReturn:
    typer.echo(text, err=True)
    raise SystemExit(code)


def require_reason(text: str, option: str) -> None:
    """Before anything is done: a reason that cannot be published is a command line that cannot be followed."""
    from assets.release.comparison.confirmation import checked_reason
    from assets.release.refusal import Refused

    try:
        checked_reason(text, option)
    except Refused as error:
        refuse(str(error), Exit.USAGE)


def settings_of(home: Path | None, profile: str | None, as_of: str | None = None) -> Settings:
    """The environment's settings with what the command line says instead."""
    given = from_environment()
    absolute = home.absolute() if home else None
    return given.with_changes(home=absolute, profile=profile, as_of=parse_date(as_of, "--as-of"))


def day_of(settings: Settings) -> date:
    """The as-of date: the one given, else today where the district is."""
    from schemas.registry import load

    return settings.today(load(settings.profile).profile.timezone)
