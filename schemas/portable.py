"""Which regular expressions a contract may use: those that mean the same in every engine that may read them.

What does not belong here: matching by them (the engines do) and every other check of a contract (model.py).
"""

from __future__ import annotations

import re

#: the parts of a regular expression that RE2, Python, JavaScript and XML Schema read alike. `\d` is not among them (in
#: Python it takes every digit of Unicode), nor is `.`, nor anchors: Table Schema puts its own around the whole.
_PORTABLE = re.compile(
    r"""(?P<open>\() | (?P<close>\)) | (?P<or>\|) | (?P<many>[*+?]|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})
    | (?P<one>[^\\\[\](){}|*+?.^$\n\r] | \\[\\\[\](){}|*+?.^$/-] | \[\^?(?:[^\\\[\]^\n\r] | \\[\\\[\]^-])+\])""",
    re.VERBOSE,
)


def is_portable(pattern: str) -> bool:
    """Whether a regular expression means the same in every engine that may read it, matching the whole text."""
    at, depth, repeatable = 0, 0, False
    while at < len(pattern):
        part = _PORTABLE.match(pattern, at)
        if part is None or (part.lastgroup == "many" and not repeatable) or (part.lastgroup == "or" and not depth):
            return False
        depth += {"open": 1, "close": -1}.get(part.lastgroup or "", 0)
        if depth < 0:
            return False
        repeatable, at = part.lastgroup in ("one", "close"), part.end()
    return depth == 0
