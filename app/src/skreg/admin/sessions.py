"""``skreg admin session``."""

from __future__ import annotations

import argparse

from skreg.admin.doing import doing, show
from skreg.api.services import staff


def end_all(parsed: argparse.Namespace) -> None:
    """Renew the keys that sign sessions."""
    count = doing(parsed, staff.end_sessions)
    show(parsed, {"keys_retired": count}, "Every session is over within a minute.")
