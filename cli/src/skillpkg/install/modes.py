"""Two ways to verify: what is still to be chosen, and what a lock has already named by hash."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from skillpkg.crypto.encoding import printable
from skillpkg.errors import Check, VerificationRefused


class Mode(StrEnum):
    """How passed dates are judged.

    ``RESOLVE``: something is chosen from what the registry says now, so a passed date refuses.
    ``EXACT``: the archive's sha256 is known from a lock or the command line, so a passed date
    under a good signature is a warning that says its age.
    """

    RESOLVE = "resolve"
    EXACT = "exact"


def refusal(check: Check, what: str, why: str = "", fix: str = "") -> VerificationRefused:
    """Return a refusal with the advice that fits most: nothing was installed."""
    advice = fix or "Nothing was installed. Tell the registry's operator if it stays so."
    return VerificationRefused(check, printable(what), why=printable(why), fix=advice)


def judge_date(mode: Mode, check: Check, what: str) -> str:
    """Return ``what`` as a warning in exact mode; refuse otherwise.

    Raises:
        VerificationRefused: the check, in resolve mode.
    """
    if mode is Mode.EXACT:
        return what
    raise refusal(
        check,
        what,
        "What is chosen from old facts could be old and known to be bad.",
        "Check this computer's clock and the network; a locked version still installs: "
        "skillpkg sync --frozen",
    )


def age(passed: timedelta) -> str:
    """Return a span for people: the largest whole unit of days, hours or minutes."""
    minutes = max(0, int(passed.total_seconds() // 60))
    for unit, length in (("day", 1440), ("hour", 60)):
        if minutes >= length:
            count = minutes // length
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
