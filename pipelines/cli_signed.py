"""Commands about trust: verify what is published, and the keys that sign it. Doors only, like cli.py."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli_options import HomeOption, JsonOption, ProfileOption, refuse, settings_of
from pipelines.exits import Exit
from pipelines.settings import parse_date

key_app = typer.Typer(
    no_args_is_help=True,
    help="Keys that sign releases: an offline root, and a release key a year that the root certifies.\n\n"
    "Once, on a computer without a network: tuoyu key root --out KEYS\n\n"
    "Each December: tuoyu key release --year 2027 --out KEYS --root KEYS/root\n\n"
    "Then TUOYU_SIGN_KEY=KEYS/release-2027 for the publisher, and KEYS/allowed_signers for every reader.",
)
OutOption = Annotated[Path, typer.Option("--out", help="Folder for what is made; nothing in it is overwritten.")]


def add_to(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.command()(verify)
    app.add_typer(key_app, name="key")


def verify(
    where: Annotated[
        str | None, typer.Argument(help="A folder, or an address: https:// or s3:// (default: what is published here).")
    ] = None,
    allowed_signers: Annotated[
        Path | None,
        typer.Option(help="Whose signatures count: an allowed_signers file that you did not get from the same place."),
    ] = None,
    on: Annotated[str | None, typer.Option(help="The day for expiry and keys, YYYY-MM-DD (default: today).")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only the current release, and no listing.")] = False,
    seen: Annotated[int | None, typer.Option(help="A release number seen before; an older one is a finding.")] = None,
    remember: Annotated[
        Path | None, typer.Option(help="A file that remembers what was seen, so that an old release shows next time.")
    ] = None,
    home: HomeOption = None,
    profile: ProfileOption = None,
    json_out: JsonOption = False,
) -> None:
    """Verify what is published: pointer, expiry, signature, the whole chain of releases and every byte.

    Needs nothing but the public key, and repairs nothing. Each finding names the path and what is wrong with it.
    Ends with 0 when all is well, 65 with findings, 69 when the address does not answer, 78 when it could not be done.

    Run it when no publisher is at work: what one is just writing belongs to no release yet."""
    from assets.release.signatures.signing import KeyRefused
    from pipelines import show_verify, terminal, verification

    asked = verification.Asked(where, allowed_signers, profile, parse_date(on, "--on"), quick, seen, remember)
    try:
        with terminal.progress(json_out) as progress:
            report = verification.verify(settings_of(home, profile), asked, progress)
    except KeyRefused as error:
        refuse(str(error))
    except OSError as error:
        remote = "://" in (where or "")
        refuse(f"读不到 cannot be read: {error}", Exit.UNREACHABLE if remote else Exit.CONFIGURATION)
    print(verification.as_document(report)) if json_out else show_verify.verified(report)
    raise typer.Exit(Exit.OK if report.ok else Exit.REFUSED)


@key_app.command("root")
def key_root(
    out: OutOption,
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="Do not ask for one: for trials only.")
    ] = False,
    profile: ProfileOption = None,
    json_out: JsonOption = False,
) -> None:
    """Make the root key of a district, on a computer without a network, and the allowed_signers of its readers.

    The root certifies release keys and signs nothing else. It stays offline, on two sticks in two safes; give
    allowed_signers to readers by another way than the data: the district's web page, and print."""
    from assets.release.signatures import keys

    made = _made(lambda: keys.make_root(out, _slug(profile), passphrase="" if no_passphrase else None))
    _show([made["public"], made["allowed_signers"]], json_out)


@key_app.command("release")
def key_release(
    out: OutOption,
    year: Annotated[int, typer.Option(min=2000, max=9998, help="The year it is for.")],
    root: Annotated[Path | None, typer.Option(help="The root key, if it is here; else certify it there.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="First day (default: 1 January).")] = None,
    until: Annotated[str | None, typer.Option(help="Last day (default: 31 March of the next year).")] = None,
    profile: ProfileOption = None,
    json_out: JsonOption = False,
) -> None:
    """Make the release key of a year, and its certificate where the root is.

    The default leaves three months in which the old and the new key both hold. For past months that are
    published late, let it begin with --from before the first of them.

    Without the root: carry release-YEAR.pub to it, and there: tuoyu key certify release-YEAR.pub --year YEAR"""
    from assets.release.signatures import keys

    key = _made(lambda: keys.make_release_key(out, year))
    made = [key.with_name(key.name + ".pub")]
    if root:
        made.append(_certificate(made[0], root, year, since, until, profile))
    _show(made, json_out)


@key_app.command("certify")
def key_certify(
    public: Annotated[Path, typer.Argument(exists=True, help="release-YEAR.pub")],
    year: Annotated[int, typer.Option(min=2000, max=9998, help="The year it is for.")],
    root: Annotated[Path, typer.Option(help="The root key.")],
    since: Annotated[str | None, typer.Option("--from", help="First day (default: 1 January).")] = None,
    until: Annotated[str | None, typer.Option(help="Last day (default: 31 March of the next year).")] = None,
    profile: ProfileOption = None,
    json_out: JsonOption = False,
) -> None:
    """Certify a release key with the root: the file release-YEAR-cert.pub goes back to the publisher."""
    _show([_certificate(public, root, year, since, until, profile)], json_out)


@key_app.command("revoke")
def key_revoke(
    public: Annotated[Path, typer.Argument(exists=True, help="The public key that was lost, or its certificate.")],
    out: OutOption,
    json_out: JsonOption = False,
) -> None:
    """Put a lost key on the list revoked_keys, which lies beside allowed_signers and goes wherever that goes.

    Then make a new release key and publish once with it: its signature vouches, by hash, for what came before."""
    from assets.release.signatures import keys

    path = _made(lambda: keys.revoke(public, out))
    if json_out:
        print(json.dumps({"revoked_keys": str(path)}))
    else:
        typer.echo(f"已列入 on the list: {path}")


@key_app.command("show")
def key_show(
    path: Annotated[Path, typer.Argument(exists=True, help="A key, a certificate or an allowed_signers file.")],
    json_out: JsonOption = False,
) -> None:
    """Say what a key or certificate is: fingerprint, who certified it, for whom, from when until when."""
    _show([path], json_out)


def _slug(profile: str | None) -> str:
    """The principal of a district's keys."""
    from schemas.registry import load

    return load(settings_of(None, profile).profile).profile.slug


def _certificate(
    public: Path, root: Path, year: int, since: str | None, until: str | None, profile: str | None
) -> Path:
    from assets.release.signatures import keys

    first, last = keys.validity(year)
    days: tuple[date, date] = parse_date(since, "--from") or first, parse_date(until, "--until") or last
    return _made(lambda: keys.certify(root, public, _slug(profile), *days))


def _made(make):
    """What was made; a plain error, with 78, for what could not be."""
    from assets.release.signatures.signing import KeyRefused

    try:
        return make()
    except KeyRefused as error:
        refuse(str(error))


def _show(paths: list[Path], json_out: bool) -> None:
    from assets.release.signatures import keys
    from pipelines import show_verify

    found = _made(lambda: [fact for path in paths for fact in keys.facts(path)])
    if json_out:
        print(json.dumps([asdict(fact) for fact in found], ensure_ascii=False, indent=1))
    else:
        show_verify.keys(found)
