"""How `tuoyu verify` and `tuoyu key` print. What belongs here: their lines. What does not: where they come from."""

from __future__ import annotations

from assets.release.audit.report import FINDINGS, NOTES, Report, line
from assets.release.signatures.keys import KeyFacts
from pipelines.terminal import columns, console, say

_TRUST = {
    "given": "所给的 allowed_signers as given",
    "profile": "地区配置中的 allowed_signers of the profile",
    "store": "被核对处自带的 allowed_signers of the place itself",
}


def verified(report: Report) -> None:
    """What was checked, then every note and finding with its path."""
    out = console()
    say(out, report.address, lead="核对 verify: ", style="bold")
    if report.release:
        expires = f", 有效至 until {report.expires_on}" if report.expires_on else ""
        say(out, f"{report.release}, {report.profile or '?'}, as of {report.as_of}{expires}", lead="发布 release: ")
        say(out, signed(report.signed_by), lead="签名 signature: ")
        if report.trust and report.signed_by:
            say(out, _TRUST[report.trust], lead="依据 by: ")
        text = f"{report.releases:,} 次发布 releases, {report.versions:,} 个版本 versions, "
        say(out, f"{text}{report.files:,} 个文件 files, {report.bytes:,} bytes", lead="已核对 checked: ")
    for remark in report.notes:
        say(out, line(remark, NOTES), lead="· ", style="yellow")
    for remark in report.findings:
        say(out, line(remark, FINDINGS), lead="✗ ", style="red")
    verdict = "一切相符 all is as it should be" if report.ok else f"{len(report.findings):,} 处不符 findings"
    out.print(verdict, style="green" if report.ok else "red")


def signed(signed_by: str | None) -> str:
    """By which key, or that it is not: in the words of every door."""
    return f"Ed25519 {signed_by}" if signed_by else "未签名 unsigned"


def keys(found: list[KeyFacts]) -> None:
    """Each key with who certified it, for whom and how long."""
    out = console()
    for key in found:
        say(out, key.path, style="bold")
        facts = [("指纹 fingerprint", key.fingerprint)]
        facts += [("根密钥 certified by", key.authority)] if key.authority else []
        facts += [("主体 principal", ", ".join(key.principals))] if key.principals else []
        if key.first_day:
            facts += [("有效 holds", f"{key.first_day} – {key.last_day or '永久 for ever'} (UTC)")]
        columns(out, facts)
