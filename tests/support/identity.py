"""What attacks on trusted publishing share: how a refusal looks, and that nothing was made."""

from __future__ import annotations

from support.asgi import Answer, AsgiClient
from support.registry import Registry
from support.trusted import mint


def why(answer: Answer) -> str:
    detail: str = answer.json()["detail"]
    return detail


def tokens(registry: Registry) -> int:
    found: int = registry.sql("SELECT count(*) FROM publisher_tokens")[0][0]
    return found


async def refused(
    client: AsgiClient, registry: Registry, token: str, said: str, status: int = 401
) -> None:
    """The token buys nothing, for the reason that is meant."""
    answer = await mint(client, token)
    assert answer.status == status, answer.body
    assert said in why(answer)
    assert tokens(registry) == 0
