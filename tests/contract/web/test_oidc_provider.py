"""A login over real HTTP at an issuer that this test starts."""

from __future__ import annotations

import dataclasses

from skreg.adapters.web import HttpWeb
from support.asgi import AsgiClient
from support.oidc_issuer import Issuer, serving
from support.registry import Registry, client_of
from support.registry_fixtures import prepared, registry, server

__all__ = ["prepared", "registry", "server"]


async def test_a_login_at_a_provider(registry: Registry) -> None:
    with serving(Issuer(claims={"sub": "u1", "preferred_username": "alice"})) as issuer:
        registry.common |= {"OIDC_ISSUER": issuer.url, "OIDC_CLIENT_ID": issuer.client_id}
        container = registry.api()
        client = client_of(dataclasses.replace(container, web=HttpWeb()))
        begun = await client.get("/v1/auth/oidc/start")
        cookie = begun.headers["set-cookie"].partition(";")[0]
        back = issuer.visit(begun.headers["location"])
        answer = await client.get(f"/v1/auth/oidc/callback?{back}", cookie=cookie)
        assert answer.status == 200, answer.body
        session = AsgiClient(client.app, answer.json()["access_token"])
        assert (await session.get("/v1/auth/me")).json()["username"] == "alice"
        await container.close()
