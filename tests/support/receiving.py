"""A webhook of the account ``acme``, and a receiver that stands in place of the network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from skreg.api.services.sealing import Sealing
from skreg.bootstrap import ApiContainer
from skreg.ports.hooks import HookAnswer
from skreg.ports.mail import Mail
from skreg.worker import run_worker
from support.asgi import AsgiClient
from support.registry import Registry, client_of, signed_up
from support.skills import make_skill

KEY = "a sealing key of more than 32 characters"
URL = "https://hooks.example.com/skreg?a=1"
PLACE = "/v1/namespaces/acme/webhooks"


@dataclass
class Receiver:
    """Stands for the network: answers with the statuses given, then with 200."""

    answers: list[int | Exception] = field(default_factory=list)
    got: list[tuple[str, bytes, Mapping[str, str]]] = field(default_factory=list)

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> HookAnswer:
        self.got.append((url, body, headers))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return HookAnswer(answer)

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body, _ in self.got]


def sealing(container: ApiContainer) -> ApiContainer:
    """Return an API that can keep the secrets of webhooks."""
    return replace(container, webhook_sealing=Sealing(KEY))


async def work(
    registry: Registry, receiver: Receiver, key: str | None = KEY, mail: Mail | None = None
) -> None:
    """Run the worker with this receiver in place of the network; due retries are due now."""
    registry.sql("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'")
    container = registry.worker(hooks=receiver, sealing=Sealing(key) if key else None, mail=mail)
    try:
        await run_worker(container, wait=False)
    finally:
        await container.close()


async def hooked(
    container: ApiContainer, events: list[str] | None = None
) -> tuple[AsgiClient, dict[str, Any]]:
    acme = await signed_up(client_of(container))
    made = await acme.post(PLACE, {"url": URL, "events": events or ["version.published"]})
    assert made.status == 201, made.body
    return acme, made.json()


async def publish(acme: AsgiClient, version: str = "1.0.0") -> None:
    data = make_skill("acme", "demo", version)
    assert (await acme.upload("/v1/packages/acme/demo/publish", data)).status == 202
