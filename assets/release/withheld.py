"""The gate for withheld numbers: whether they stay unknown once this release is out, after all those before it.

What belongs here: which tables are looked at, and by which parameters. What does not: looking
(quality/disclosure/audit.py), what is withheld (assets/measure/).
"""

from __future__ import annotations

from collections.abc import Callable

from assets.release.history import told_tables
from assets.release.manifest import Release
from assets.release.staging import Staging
from assets.release.stores import Store
from quality.disclosure.audit import Promise, require_withheld
from quality.disclosure.choice import rules_of
from quality.disclosure.told import READ, TABLES
from schemas.model import ContractError
from schemas.registry import Registry


def require_unrecoverable(
    stage: Staging, store: Store, current: Release | None, tell: Callable[[str], None]
) -> None:
    """DisclosureRefused if a hidden cell of the staged tables could be bounded too narrowly by whoever has these and
    every earlier release. Without k or the share in force nothing that would need it is published."""
    require_read(stage.registry)
    rules = rules_of(stage.registry, stage.as_of)
    staged = {name: path for name in TABLES if (path := stage.ordered(name)).exists()}
    if rules is None or not staged:
        return
    before = told_tables(store, current)(TABLES) if current else []
    found = require_withheld(stage.con, staged, before, Promise(rules.k, rules.share))
    if found.hidden:
        tell(f"disclosure: {found.hidden} hidden cells of {found.systems} systems stay unknown")


def require_read(registry: Registry) -> None:
    """ContractError for an indicator that gives a protected count back and that the gate would not read."""
    protecting = {code: i.protects.measure for code, i in registry.indicators.items() if i.protects}
    if unread := sorted(set(protecting.items()) - set(READ.items())):
        raise ContractError(
            f"指标所还原的受保护数，发布前的核对读不到 the gate cannot read the protected count of: {unread}; "
            "请在 add its reading to quality/disclosure/told.py (READ)"
        )
