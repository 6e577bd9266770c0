"""What an audit says: findings in two languages, each with the path and what is wrong there, and notes.

What belongs here: the words, and how they are printed. What does not: looking (audit.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

#: code -> what is wrong, zh and en
FINDINGS = {
    "nothing-published": ("这里没有发布任何内容", "nothing is published here"),
    "pointer-shape": ("不是发布程序写出的指针", "not a pointer as a publisher writes it"),
    "pointer-expired": ("已过有效期，可能是旧的发布被重新提供", "expired: an old release may be served again"),
    "pointer-older": ("比以前见过的发布旧", "older than what was seen before"),
    "history-replaced": ("以前见过的发布不在历史里", "a release seen before is not in this history"),
    "unsigned": ("没有签名，而这里的发布应有签名", "not signed, though it should be"),
    "no-allowed-signers": ("有签名，但没有 allowed_signers 可核对", "signed, but no allowed_signers to check by"),
    "signature-missing": ("缺少签名", "its signature is missing"),
    "signature-bad": ("签名不对，或密钥当日无效", "its signature is bad, or of a key that may not sign on that day"),
    "signature-by-another": ("签名的密钥不是所声明的那把", "signed by another key than it names"),
    "manifest-wrong": ("不是所承诺的清单", "not the manifest that was promised"),
    "chain-broken": ("发布序列不连续", "the sequence of releases is broken"),
    "other-profile": ("属于另一个地区", "of another district"),
    "withdrawal-undone": ("撤回的版本不再列为撤回", "a withdrawn version is no longer said to be"),
    "version-changed": ("同一版本在两次发布中的文件不同", "two releases have other files for the same version"),
    "file-missing": ("文件缺失", "missing"),
    "file-differs": ("字节与清单不符", "not the bytes that were released"),
    "sums-differ": ("SHA256SUMS 与清单不符", "SHA256SUMS does not agree with the manifest"),
    "descriptor-differs": ("datapackage.json 与清单不符", "datapackage.json does not agree with the manifest"),
    "tombstone-differs": ("撤回说明缺失或与清单不符", "the tombstone is missing or not the one promised"),
    "withdrawn-data": ("已撤回的数据仍在", "data of a withdrawn version is still there"),
    "unaccounted": (
        "没有任何发布引用它：被人添加，或是中断的发布所留（用 tuoyu gc 清除）",
        "no release leads to it: added by somebody, or left by a publisher that was interrupted (tuoyu gc)",
    ),
    "page-missing": ("页面缺失", "a page is missing"),
    "page-differs": ("页面与 pages.json 不符", "not the page that pages.json promises"),
    "pages-wrong": ("页面清单不对", "the list of pages is not as a publisher writes it"),
}

#: code -> what a reader should know though nothing is wrong, zh and en
NOTES = {
    "unsigned": (
        "未签名：校验和只证明文件前后一致，不能证明由谁发布",
        "unsigned: the checksums prove that nothing is mixed up, not who published it",
    ),
    "signers-of-store": (
        "这份 allowed_signers 来自被核对的同一处，只能证明前后一致；请从别处取得，用 --allowed-signers",
        "these allowed_signers come from the place that is checked and prove only that it agrees with itself: "
        "get them from elsewhere, for --allowed-signers",
    ),
    "no-expiry": ("没有有效期：旧的发布被重新提供时看不出来", "without expiry an old release does not show as old"),
    "from-the-future": ("数据日期晚于核对之日", "speaks of a day after the day of this check"),
    "release-unsigned": (
        "发布时没有签名，由其后签名的发布以哈希担保",
        "was not signed when released: vouched for by the hash in what was signed later",
    ),
    "key-revoked": (
        "签名的密钥后来作废，由其后签名的发布以哈希担保",
        "signed by a key that was revoked since: vouched for by the hash in what was signed later",
    ),
    "no-listing": (
        "此处不能列目录：从 current.json 能到达的都已核对，但看不出添加了什么",
        "nothing can be listed here: all that current.json leads to was checked, but added files do not show",
    ),
    "quick": ("只核对了现行发布", "only the current release was checked"),
    "copy-missing": ("版本文件夹里还没有，但字节在 blobs 里", "not yet in its folder, but its bytes are in blobs"),
    "unfinished": (
        "发布程序正在运行，它正在写的文件不算问题",
        "a publisher is at work here, what it is writing is no finding",
    ),
    "pages-older": ("页面是另一次发布的，请重新运行发布程序", "of another release: run the publisher again"),
}


@dataclass(frozen=True)
class Remark:
    """A finding or a note: its code, where, and what exactly (numbers, hashes, names of keys)."""

    code: str
    path: str
    detail: str = ""


@dataclass
class Report:
    """What was checked, by which trust, and what was found. ``signed_by``: the key of `current.json`."""

    address: str
    on: str
    release: str | None = None
    seq: int | None = None
    sha256: str | None = None
    as_of: str | None = None
    expires_on: str | None = None
    profile: str | None = None
    signed_by: str | None = None
    trust: str | None = None  # where the allowed_signers are from: given, profile or store
    releases: int = 0
    versions: int = 0
    files: int = 0
    bytes: int = 0
    findings: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings

    def wrong(self, code: str, path: str, detail: str = "") -> None:
        """Adds a finding. KeyError for a code without words."""
        _ = FINDINGS[code]
        if (remark := Remark(code, path, detail)) not in self.findings:
            self.findings.append(remark)

    def note(self, code: str, path: str, detail: str = "") -> None:
        """Adds a note. KeyError for a code without words."""
        _ = NOTES[code]
        if (remark := Remark(code, path, detail)) not in self.notes:
            self.notes.append(remark)

    def as_dict(self) -> dict[str, Any]:
        """For machines; each remark with its words."""
        told = {"findings": FINDINGS, "notes": NOTES}
        remarks = {
            kind: [vars(r) | {"zh": words[r.code][0], "en": words[r.code][1]} for r in getattr(self, kind)]
            for kind, words in told.items()
        }
        return asdict(self) | {"ok": self.ok} | remarks


def line(remark: Remark, words: dict[str, tuple[str, str]]) -> str:
    """One remark for people."""
    zh, en = words[remark.code]
    return f"{remark.path}: {zh} {en}" + (f" ({remark.detail})" if remark.detail else "")
