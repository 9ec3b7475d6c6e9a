"""Mails that tell people what happened; what they tell of is done, sent or not."""

from __future__ import annotations

import structlog

from skreg.bootstrap import ApiContainer
from skreg.errors import Unavailable

_log = structlog.get_logger(__name__)


async def tell(container: ApiContainer, to: str | None, subject: str, text: str) -> None:
    """Send a mail where there is an address and a way to send; a failure is logged."""
    if container.mail is None or to is None:
        return
    try:
        await container.mail.send(to, subject, text)
    except Unavailable as error:
        _log.warning("mail-not-sent", error=str(error))
