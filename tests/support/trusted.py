"""Trusted publishing against issuers on this machine, as tests of three folders use it."""

from __future__ import annotations

from typing import Any

from skreg.bootstrap import ApiContainer
from support.asgi import Answer, AsgiClient
from support.issuer import Issuer

PUBLISHERS = "/v1/packages/acme/demo/publishers"
MINT = "/v1/oidc/mint-token"


def trusting(container: ApiContainer, **issuers: Issuer) -> dict[str, Any]:
    """Return settings that trust these issuers alone: ``github=…``, ``gitlab=…``."""
    told = ",".join(f"{provider}={issuer.url}" for provider, issuer in issuers.items())
    return {"settings": container.settings.model_copy(update={"trusted_issuers": told})}


def github_publisher(**changed: Any) -> dict[str, Any]:
    found = {
        "provider": "github",
        "owner": "Acme-Corp",
        "owner_id": "4711",
        "repository": "demo",
        "workflow": "release.yml",
    }
    return found | changed


def gitlab_publisher(**changed: Any) -> dict[str, Any]:
    found = {
        "provider": "gitlab",
        "owner": "acme-group/tools",
        "repository": "demo",
        "workflow": ".gitlab-ci.yml",
    }
    return found | changed


async def trust(client: AsgiClient, body: dict[str, Any], path: str = PUBLISHERS) -> str:
    """Add a publisher and return its id."""
    made = await client.post(path, body)
    assert made.status == 201, made.body
    found: str = made.json()["id"]
    return found


async def mint(client: AsgiClient, token: str, package: str = "acme/demo") -> Answer:
    return await AsgiClient(client.app).post(MINT, {"token": token, "package": package})
