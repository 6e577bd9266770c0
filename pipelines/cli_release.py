"""Commands about what is published: compare, verify, rebuild, withdraw. Doors only, like cli.py."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from assets.workspace import written_whole
from pipelines.cli_options import (
    HomeOption,
    JsonOption,
    ProfileOption,
    UnsignedOption,
    day_of,
    refuse,
    require_reason,
    settings_of,
)
from pipelines.exits import Exit

_REASON_HELP = (
    "Why, for the public, in Chinese. It names no value and nobody: numbers, accounts and addresses of persons are "
    "refused, and names behind a post or a word such as 联系, 找, 问, 经, 由, 请; other names are not found."
)
ReasonZh = Annotated[str, typer.Option("--reason-zh", help=_REASON_HELP)]
ReasonEn = Annotated[str, typer.Option("--reason-en", help="The same in English.")]
DoneOnOption = Annotated[
    str | None, typer.Option("--as-of", help="The day it is done, YYYY-MM-DD (default: today).")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


def add_to(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    for command in (diff, rebuild, withdraw, redact, gc):
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


def rebuild(
    dataset: Annotated[str | None, typer.Argument(help="A dataset, such as whitelist.")] = None,
    version: Annotated[str | None, typer.Argument(help="A version, such as 1.0.0.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every version ever made, in order.")] = False,
    reuse: Annotated[
        bool, typer.Option("--reuse", help="Take over what the gate made of each file; quicker, and proves less.")
    ] = False,
    home: HomeOption = None,
    profile: ProfileOption = None,
    json_out: JsonOption = False,
) -> None:
    """Make a published version once more from what was received, and compare it byte by byte.

    The ledger is cut where it stood at the release, every file is read and judged again, and the release is made
    upon the one before it, in a scratch folder: nothing published is touched. If bytes differ, the files and rows
    are named, and which of the libraries, code, contracts and corrections are not what they were.

    Ends with 0 when all is identical, 65 when something differs or cannot be rebuilt, 1 for no such version."""
    from pipelines import release_views, show, show_release, terminal

    if everything == bool(dataset and version) or bool(dataset) != bool(version):
        raise typer.BadParameter("give DATASET VERSION, or --all", param_hint="DATASET VERSION")
    wanted = None if everything else [(dataset or "", version or "")]
    try:
        with terminal.progress(json_out) as progress:
            found = release_views.rebuild(settings_of(home, profile), wanted, reuse=reuse, progress=progress)
    except LookupError as error:
        refuse(f"没有这个版本 no such version: {error}", Exit.FINDINGS)
    show.document(found) if json_out else show_release.rebuilt(found)
    raise typer.Exit(Exit.OK if found["result"] == "identical" else Exit.REFUSED)


def withdraw(
    dataset: Annotated[str, typer.Argument(help="A dataset, such as whitelist.")],
    version: Annotated[str, typer.Argument(help="A version, such as 1.0.0.")],
    reason_zh: ReasonZh,
    reason_en: ReasonEn,
    yes: YesOption = False,
    unsigned: UnsignedOption = False,
    home: HomeOption = None,
    profile: ProfileOption = None,
    as_of: DoneOnOption = None,
    json_out: JsonOption = False,
) -> None:
    """Take a published version back: its data is deleted everywhere, a tombstone with the reason stays.

    The version after it quotes it in its list of changes: it is replaced by VERSION+r1 with the same data. A
    withdrawal that was cut off is completed by saying it again, or by the next run. There is no way back.

    Example: tuoyu withdraw fees 1.2.0 --reason-zh 收费录入有误。 --reason-en "Fees were entered wrongly." """
    from pipelines import release_views, show, show_release, terminal

    settings = settings_of(home, profile, as_of).with_changes(unsigned=unsigned)
    _require_reasons(reason_zh, reason_en)
    _confirm(f"撤回并删除 withdraw and delete {dataset} {version}?", yes)
    try:
        with terminal.progress(json_out) as progress, _refusals():
            done = release_views.withdraw(
                settings, dataset, version, (reason_zh, reason_en), day_of(settings), progress
            )
    except LookupError as error:
        refuse(f"没有这个版本 no such version: {error}", Exit.FINDINGS)
    show.document(done) if json_out else show_release.withdrawn(done)


def redact(
    reason_zh: ReasonZh,
    reason_en: ReasonEn,
    field: Annotated[str | None, typer.Option("--field", help="A column, such as address.")] = None,
    table: Annotated[str | None, typer.Option("--table", help="Only in this open table (default: in all).")] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", help="Only of this provider; without --field all its rows.")
    ] = None,
    yes: YesOption = False,
    unsigned: UnsignedOption = False,
    home: HomeOption = None,
    profile: ProfileOption = None,
    as_of: DoneOnOption = None,
    json_out: JsonOption = False,
) -> None:
    """Take a field, or a provider, out of every published version and of every later one.

    Each version that holds it is withdrawn and replaced by VERSION+r1 with it left out, in every format and in the
    lists of changes; the public is told what kind of thing, how many versions and why, never the value. What is
    meant is kept in WORKSPACE/redactions.yml: without it nothing more is published. Checksums of the old files stay
    public, in manifests and tombstones.

    Example: tuoyu redact --field address --provider 330108-P-0001 --reason-zh 应当事人要求。 --reason-en "Asked." """
    from pipelines import release_views, show, show_release, terminal

    if not (field or provider) or (table and not field):
        raise typer.BadParameter("give --field, or --provider, or both; --table goes with --field")
    settings = settings_of(home, profile, as_of).with_changes(unsigned=unsigned)
    _require_reasons(reason_zh, reason_en)
    _confirm("从所有版本中删除 delete from all versions?", yes)
    target = {"table": table, "field": field, "provider": provider}
    try:
        with terminal.progress(json_out) as progress, _refusals():
            done = release_views.redact(settings, target, (reason_zh, reason_en), day_of(settings), progress)
    except LookupError as error:
        refuse(str(error.args[0]), Exit.FINDINGS)
    show.document(done) if json_out else show_release.redacted(done)


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    home: HomeOption = None,
    profile: ProfileOption = None,
    json_out: JsonOption = False,
) -> None:
    """Delete what abandoned attempts left in the published folder and no release leads to.

    Never needed for correctness: the next run finishes or replaces what a killed one left."""
    from pipelines import release_views, show, show_release

    with _refusals():
        found = release_views.gc(settings_of(home, profile), dry_run=dry_run)
    show.document(found) if json_out else show_release.collected(found)


def _require_reasons(zh: str, en: str) -> None:
    require_reason(zh, "--reason-zh")
    require_reason(en, "--reason-en")


def _confirm(question: str, yes: bool) -> None:
    """Nobody at a terminal: --yes must have been given."""
    if yes:
        return
    if not sys.stdin.isatty():
        refuse("需要确认，请加 --yes it must be confirmed: give --yes", Exit.USAGE)
    if not typer.confirm(question):
        refuse("没有改动 nothing was changed", Exit.FINDINGS)


@contextmanager
def _refusals() -> Iterator[None]:
    """What a publisher refuses with, in one line and with its exit code."""
    from assets.release.guard import WrongProfile
    from assets.release.staging import Refused
    from assets.release.stores import StoreConflict, StoreDamaged
    from quality.disclosure.columns import DisclosureRefused

    try:
        yield
    except WrongProfile as error:
        refuse(f"配置有误 configuration: {error}")
    except StoreConflict as error:
        refuse(f"另一个发布程序正在运行，请稍后再试 another publisher is at work: {error}", Exit.CONFLICT)
    except (Refused, DisclosureRefused, StoreDamaged) as error:
        refuse(f"已拒绝，没有改动 refused, nothing was changed: {error}", Exit.REFUSED)
