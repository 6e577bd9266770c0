"""The exit codes of every door, in one place. The README's table is checked against this list."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit code means (numbers from sysexits.h where it has one)."""

    OK = 0  # done; for a check: accepted
    FINDINGS = 1  # the file has errors, or something asked for is not there
    USAGE = 2  # the command line cannot be understood
    REFUSED = 65  # checks failed: nothing was published, a report says why
    UNREACHABLE = 69  # the store to publish to does not answer; run again
    DISK = 74  # the disk is full or failed: mend it and run again
    CONFLICT = 75  # another publisher is at work; try again
    CONFIGURATION = 78  # settings or contracts are wrong
