"""The command line: doors only. Each command reads its options, calls one floor below, prints, exits.

Imports of engines stay inside the commands, so that `tuoyu --help` and `tuoyu check` are quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assets.release.stores import StoreDamaged, StoreUnfit, StoreUnreachable
from pipelines import cli_quality, cli_release, cli_signed, cli_whitelist
from pipelines.cli_options import (
    AsOfOption,
    ConfirmOption,
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
from pipelines.settings import SettingsError

app = typer.Typer(
    name="tuoyu",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="托育开放数据 — publish a district's childcare data as versioned open datasets.\n\n"
    "First time? Run [bold]tuoyu demo[/bold]. Then put files into the inbox and run [bold]tuoyu run[/bold].",
    epilog="Exit codes: 0 done · 1 the file has errors, or nothing found · 2 wrong usage · "
    "65 checks failed, nothing published · 69 the store does not answer · 74 the disk is full or failed · "
    "75 another publisher is at work · 78 configuration is wrong.",
)
schema_app = typer.Typer(no_args_is_help=True, help="Look at the contracts: tables, columns, code lists, rules.")
app.add_typer(schema_app, name="schema")
cli_release.add_to(app)
cli_quality.add_to(app)
cli_whitelist.add_to(app)
cli_signed.add_to(app)

def main() -> None:
    """The console script. What is set up wrongly is told in one line and ends with 78, a full disk with 74."""
    from assets.release.signatures.signing import KeyRefused
    from pipelines.run_outcome import disk_message, is_disk
    from schemas.model import ContractError

    try:
        app(prog_name="tuoyu")
    except (SettingsError, ContractError, KeyRefused, StoreUnfit) as error:
        refuse(f"配置有误 configuration: {error}")
    except StoreDamaged as error:
        refuse(f"已发布的数据有问题 what is published is damaged: {error}", Exit.REFUSED)
    except StoreUnreachable as error:
        refuse(str(error), Exit.UNREACHABLE)
    except OSError as error:
        if is_disk(error):
            refuse(disk_message(type(error).__name__, str(error)), Exit.DISK)
        if error.filename is None:
            raise
        refuse(f"无法使用 cannot use {error.filename}: {error.strerror}")


@app.command()
def demo(
    home: HomeOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the synthetic district.")] = 1,
    providers: Annotated[int, typer.Option(min=45, help="Providers on file.")] = 45,
    months: Annotated[
        int,
        typer.Option(min=1, help="Months of station reports, at least 24; with --history of releases, at most 24."),
    ] = 24,
    history: Annotated[
        bool,
        typer.Option(
            "--history",
            help="Tell the same district month by month, with a release at the end of each (a few minutes), and "
            "compare every event of the whitelist with what the generator knows. Needs a --home of its own; goes on "
            "where it was stopped.",
        ),
    ] = False,
    inbox_only: Annotated[bool, typer.Option("--inbox-only", help="Make the files, run nothing.")] = False,
    json_out: JsonOption = False,
) -> None:
    """Make a synthetic district (it says so everywhere), run the whole line on it and publish."""
    from pipelines import show, show_history, terminal
    from pipelines.demo_history import run_history
    from pipelines.demo_run import DemoShape, HomeInUse, run_demo

    if history and (months > 24 or providers != 45 or inbox_only):
        raise typer.BadParameter("takes --months 1 to 24, 45 providers, no --inbox-only", param_hint="--history")
    if not history and months < 24:
        raise typer.BadParameter("24 or more, or with --history", param_hint="--months")
    settings = settings_of(home, "binjiang")
    shape = DemoShape(seed, providers, months)
    try:
        with terminal.progress(json_out) as progress:
            if history:
                result = run_history(settings, seed=seed, months=months, progress=progress)
            else:
                result = run_demo(settings, shape, inbox_only=inbox_only, progress=progress)
    except HomeInUse as error:
        refuse(str(error))
    (show_history.history if history else show.demo)(settings, result, json_out)
    raise typer.Exit(result["exit_code"])


@app.command()
def run(
    home: HomeOption = None,
    profile: ProfileOption = None,
    as_of: AsOfOption = None,
    job: Annotated[str, typer.Option(help="receive, publish or everything.")] = "everything",
    unsigned: UnsignedOption = False,
    confirm: ConfirmOption = None,
    json_out: JsonOption = False,
) -> None:
    """Receive what is in the inbox, check it, and publish what changed: signed, when TUOYU_SIGN_KEY says with what.

    A release that changes more than a stated share of the published rows ends with 65 and names the tables: look at
    them, then run again with a reason. One that cannot be published ends with 2 before anything is done.

    Example: tuoyu run --job publish --confirm "核对无误：两街道合并 checked: two streets were merged" """
    from pipelines import show, terminal, views
    from pipelines.context import try_key
    from pipelines.run import JOBS, run_job
    from pipelines.run_outcome import exit_code

    if job not in JOBS:
        raise typer.BadParameter(f"one of {', '.join(JOBS)}", param_hint="--job")
    settings = settings_of(home, profile, as_of).with_changes(unsigned=unsigned, confirm=confirm)
    if confirm is not None:
        require_reason(confirm, "--confirm")
    if not views.anything_received(settings):
        refuse(f"收件箱里没有文件 the inbox is empty: {settings.inbox_dir}", Exit.FINDINGS)
    if job != "receive":
        try_key(settings, day_of(settings))
    with terminal.progress(json_out) as progress:
        outcome = run_job(settings, job, day_of(settings), progress=progress)
    show.run(settings, outcome, json_out)
    raise typer.Exit(exit_code(outcome))


def _print_schema(wanted: bool) -> None:
    if wanted:
        from pipelines import show
        from quality.answers.verdict import answer_schema

        show.document(answer_schema())
        raise typer.Exit(Exit.OK)


@app.command()
def check(
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, readable=True, help="Excel, CSV or NDJSON files, or folders of them."),
    ],
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            help="Write the answer to the filer here: his workbook with what is wrong marked in it, and a first "
            "sheet 校验结果 (OUT.xlsx for one file; a folder for several). Values stay as they are; macros and "
            "pictures are left out; a CSV or an old Excel file becomes a new workbook.",
        ),
    ] = None,
    profile: ProfileOption = None,
    as_of: AsOfOption = None,
    json_out: JsonOption = False,
    _schema: Annotated[
        bool,
        typer.Option(
            "--json-schema", is_eager=True, callback=_print_schema, help="Print the JSON Schema of --json, and exit."
        ),
    ] = False,
) -> None:
    """Check files by themselves, by the rules of the gate, and say what to correct. Nothing is kept or sent.

    What needs other files (a report of a station nobody filed) shows in a run.
    Ends with 0 when every file is accepted, also with warnings, and with 1 when one has errors; with 2 for a pipe."""
    from pipelines import show_check, terminal, views

    settings = settings_of(None, profile, as_of)
    if odd := [str(path) for path in files if not (path.is_file() or path.is_dir())]:
        pipe = "是管道或设备，不是普通文件，请先存成文件 not a regular file but a pipe or device, save it first"
        refuse(f"{', '.join(odd)}: {pipe}", Exit.USAGE)
    try:
        wanted = views.to_check(settings, files, report)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--report") from None
    if not wanted:
        refuse("文件夹里没有文件 there are no files in the folder", Exit.FINDINGS)
    with terminal.progress(json_out) as progress:
        answer = views.check(settings, wanted, day_of(settings), progress)
    show_check.check(answer, json_out)
    raise typer.Exit(Exit.OK if answer["result"] != "rejected" else Exit.FINDINGS)


@app.command()
def status(home: HomeOption = None, profile: ProfileOption = None, json_out: JsonOption = False) -> None:
    """Say what is published, what waits in the inbox and in quarantine, and how the last run ended."""
    from pipelines import show, views

    show.status(views.status(settings_of(home, profile)), json_out)


@app.command()
def findings(
    home: HomeOption = None,
    profile: ProfileOption = None,
    as_of: AsOfOption = None,
    sender: Annotated[str | None, typer.Option(help="Only of this sender (the first folder in the inbox).")] = None,
    state: Annotated[str, typer.Option(help="open, answered, waived or all.")] = "open",
    code: Annotated[str | None, typer.Option(help="Only this rule, such as row-orphan.")] = None,
    older_than: Annotated[
        int | None, typer.Option("--older-than", min=0, help="Only what has stood more than so many days.")
    ] = None,
    values: Annotated[
        bool, typer.Option("--values", help="Also what stood in the cells; it may be private. Never personal data.")
    ] = False,
    json_out: JsonOption = False,
) -> None:
    """List what senders still have to correct, by sender and age, as of the last run.

    A finding is open until a later file states the row without the problem (or, where the row has no readable key,
    until its file is sent again), and it keeps the day it was first seen. A correction in
    WORKSPACE/corrections/*.yml waives it until a date, with a reason; it lets no row pass. Who is who, where the rules
    cannot tell (provider-identity-uncertain), is answered there too, under identities.

    To remind a sender: tuoyu findings --sender NAME --older-than 30"""
    from pipelines import show, show_findings, standing_view

    if state not in standing_view.known_states():
        raise typer.BadParameter(f"one of {', '.join(standing_view.known_states())}", param_hint="--state")
    settings = settings_of(home, profile, as_of)
    wanted = standing_view.Wanted(sender, state, code, older_than, values)
    try:
        found = standing_view.findings(settings, day_of(settings), wanted)
    except LookupError as error:
        refuse(str(error.args[0]), Exit.FINDINGS)
    if found is None:
        refuse("还没有检查过来件 nothing has been checked yet; run: tuoyu run", Exit.FINDINGS)
    show.document(found) if json_out else show_findings.findings(found)


@schema_app.command("list")
def schema_list(profile: ProfileOption = None, json_out: JsonOption = False) -> None:
    """List the tables by layer, with their titles."""
    from pipelines import show, views

    show.tables(views.tables(settings_of(None, profile)), json_out)


@schema_app.command("show")
def schema_show(
    table: Annotated[str, typer.Argument(help="A table, such as filing or open_whitelist.")],
    profile: ProfileOption = None,
    json_out: JsonOption = False,
) -> None:
    """Show one table: columns, types, code lists. --json prints its Table Schema."""
    from pipelines import show, views

    found = views.table(settings_of(None, profile), table)
    if found is None:
        refuse(f"没有这张表 no such table: {table}; see: tuoyu schema list", Exit.FINDINGS)
    show.table(found, json_out)


@schema_app.command("rules")
def schema_rules(profile: ProfileOption = None, as_of: AsOfOption = None, json_out: JsonOption = False) -> None:
    """List the rules with severity and source, and which of them lack a figure of this district."""
    from pipelines import show, views

    settings = settings_of(None, profile, as_of)
    show.rules(views.rules(settings, day_of(settings)), json_out)


@schema_app.command("template")
def schema_template(
    tables: Annotated[
        list[str] | None, typer.Argument(metavar="TABLE...", help="Intake tables, such as filing (default: all).")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for one file a table.")] = Path("templates"),
    together: Annotated[Path | None, typer.Option("--together", help="One workbook of all of them instead.")] = None,
    all_columns: Annotated[
        bool, typer.Option("--all-columns", help="Also what the profile answers itself, such as the area.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that differ; they may be filled in.")] = False,
    profile: ProfileOption = None,
    as_of: AsOfOption = None,
    json_out: JsonOption = False,
) -> None:
    """Make the Excel templates that filers fill in: drop-downs, limits, examples and the rules, in Chinese.

    TABLE is an intake table, such as filing; none named: all of them.

    An older template is still read when it comes back; `tuoyu check` then says that there is a newer one.

    For one table: tuoyu schema template station_report

    For one sender: tuoyu schema template station station_report --together 驿站.xlsx"""
    from pipelines import show
    from pipelines.templates import FileInTheWay, NoSuchTable, write_templates

    if together and together.suffix.lower() != ".xlsx":
        raise typer.BadParameter("a file name that ends in .xlsx", param_hint="--together")
    settings = settings_of(None, profile, as_of)
    try:
        files = write_templates(
            settings.profile, tables or (), day_of(settings),
            folder=out, together=together, every_column=all_columns, replace=force,
        )  # fmt: skip
    except NoSuchTable as error:
        refuse(f"没有这张填报表 no such intake table: {error}; see: tuoyu schema list", Exit.FINDINGS)
    except FileInTheWay as error:
        refuse(f"已有内容不同的文件，没有改动 a different file is there, nothing was changed: {error}; "
                "--force 覆盖 replaces it", Exit.FINDINGS)  # fmt: skip
    show.templates(files, json_out)
