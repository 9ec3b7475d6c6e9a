"""Switches off a webhook whose receiver is gone, as Standard Webhooks asks, and says so.

Its receiver answered 410, or deliveries have been dying for ``FAILING`` and none arrived since.
What waits then becomes a dead letter: whoever switches it on again is not flooded with what is
old, and sends what still matters by hand.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import structlog

from skreg.bootstrap import WorkerContainer
from skreg.db.pool import Connection, writing
from skreg.db.queries import accounts, webhooks
from skreg.db.queries.webhooks import Parcel, SwitchedOff
from skreg.errors import Unavailable

FAILING = timedelta(days=5)
"""How long deliveries have been dying, without one that arrived."""
FEWEST_DEAD = 10
"""Fewer dead letters than these say nothing of a receiver."""
UNOPENED = "its secret cannot be opened: WEBHOOK_SEALING_KEY is another"
KILLED = "the process that sent it ended each time"
OWN_FAULTS = (UNOPENED, KILLED)
"""Why deliveries failed for the registry's own reasons: not held against a receiver."""
_GONE = 410
_log = structlog.get_logger(__name__)


async def switch_off(
    connection: Connection, parcel: Parcel, status: int | None
) -> SwitchedOff | None:
    """Switch a webhook off after a delivery that died, as part of the transaction that notes it.

    Returns whose it was; None when it stays on, or was off before.
    """
    if status == _GONE:
        found = await webhooks.switch_off(connection, parcel.webhook_id)
    else:
        found = await webhooks.switch_off_failing(
            connection, parcel.webhook_id, FAILING, FEWEST_DEAD, OWN_FAULTS
        )
    if found is not None:
        told: dict[str, object] = {"id": parcel.webhook_id, "reason": _reason(status)}
        await accounts.record(
            connection, None, "webhook-disabled", found.namespace or "*", details=told
        )
    return found


async def end_waiting(container: WorkerContainer, delivery_id: int) -> None:
    """Make dead letters of what waits for the webhook of a delivery, when it is switched off."""
    async with writing(container.pool) as connection:
        await webhooks.bury(connection, delivery_id)


async def tell(
    container: WorkerContainer, parcel: Parcel, off: SwitchedOff, status: int | None
) -> None:
    """Tell whoever made a webhook that it is off: by mail, when there is an address."""
    _log.warning("webhook-disabled", webhook=parcel.webhook_id, reason=_reason(status))
    if container.mail is None or off.email is None:
        return
    text = _text(container, parcel, off, status)
    try:
        await container.mail.send(off.email, "A webhook was switched off", text)
    except Unavailable as error:
        _log.warning("mail-not-sent", error=str(error))


def _reason(status: int | None) -> str:
    if status == _GONE:
        return "its receiver answered 410 Gone"
    return f"at least {FEWEST_DEAD} deliveries died in {FAILING.days} days, and none arrived"


def _text(container: WorkerContainer, parcel: Parcel, off: SwitchedOff, status: int | None) -> str:
    """Return the mail; of the webhook's address the host alone, for the rest may be a secret."""
    place = "admin" if off.namespace is None else f"namespaces/{off.namespace}"
    api = f"{container.settings.public_url}/v1/{place}/webhooks/{parcel.webhook_id}"
    return (
        f"The webhook {parcel.webhook_id} to {urlsplit(parcel.url).hostname} was switched off:\n"
        f"{_reason(status)}.\n\n"
        "What was waiting is among its dead letters; events from now on are not kept for it.\n"
        "When the receiver works, switch it on again:\n\n"
        f"  POST {api}/enable\n"
    )
