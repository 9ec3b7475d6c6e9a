"""OWASP API2:2023, broken authentication: guessing, forging, replaying, telling accounts apart."""

from __future__ import annotations

import base64
import dataclasses
import json
import statistics
import time
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from skreg.api.services.passwords import Passwords
from skreg.api.services.sessions import Sessions
from skreg.bootstrap import ApiContainer
from skreg.domain import tokens
from support.accounts import MovingClock, send, token_of
from support.asgi import AsgiClient
from support.registry import PASSWORD, Registry, client_of, signed_up

LOGIN = "/v1/auth/login"


def _b64(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def _parts(token: str | None) -> tuple[dict[str, object], dict[str, object], str]:
    head, body, signature = (token or "").split(".")
    return *(json.loads(base64.urlsafe_b64decode(x + "==")) for x in (head, body)), signature


async def test_forged_sessions(acme: AsgiClient, registry: Registry) -> None:
    header, claims, signature = _parts(acme.token)
    assert header["alg"] == "HS256"
    other = {**claims, "sub": "1", "exp": 2**33}
    key = OctKey.import_key(b"\0" * 32)
    forgeries = [
        f"{_b64({**header, 'alg': 'none'})}.{_b64(claims)}.",
        f"{_b64({'alg': 'none'})}.{_b64(other)}.{signature}",
        f"{_b64(header)}.{_b64(other)}.{signature}",
        f"{_b64({**header, 'alg': 'HS512'})}.{_b64(claims)}.{signature}",
        f"{_b64({**header, 'kid': '../../dev/null'})}.{_b64(claims)}.{signature}",
        f"{_b64({**header, 'jwk': key.as_dict()})}.{_b64(claims)}.{signature}",
        f"{_b64({**header, 'crit': ['x']})}.{_b64(claims)}.{signature}",
        jwt.encode({"alg": "HS256", "kid": header["kid"]}, other, key),
        jwt.encode({"alg": "HS256", "kid": ""}, other, OctKey.import_key(b" " * 32)),
        f"{acme.token}.extra",
        (acme.token or "")[:-3],
        "." * 3,
    ]
    for forgery in forgeries:
        answer = await acme.with_token(forgery).get("/v1/auth/me")
        assert answer.status == 401, forgery
        assert set(answer.json()) == {"type", "title", "status", "detail", "errors", "request_id"}


async def test_a_credential_in_another_place_is_none(acme: AsgiClient) -> None:
    bare = AsgiClient(acme.app)
    assert (await bare.get(f"/v1/auth/me?access_token={acme.token}")).status == 401
    assert (await bare.get("/v1/auth/me", cookie=f"session={acme.token}")).status == 401
    assert (await bare.get("/v1/auth/me", authorization=f"Token {acme.token}")).status == 401


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
async def test_the_scheme_is_read_as_http_says(acme: AsgiClient, scheme: str) -> None:
    bare = AsgiClient(acme.app)
    assert (await bare.get("/v1/auth/me", authorization=f"{scheme} {acme.token}")).status == 200


async def test_what_ends_a_session_ends_it(acme: AsgiClient, registry: Registry) -> None:
    old = acme.token or ""
    assert (await acme.post("/v1/auth/logout")).status == 204
    for _ in range(2):
        assert (await acme.with_token(old).get("/v1/auth/me")).status == 401


async def test_a_session_lives_for_minutes(registry: Registry, container: ApiContainer) -> None:
    clock = MovingClock()
    moved = dataclasses.replace(container, sessions=Sessions(container.pool, clock))
    client = await signed_up(client_of(moved))
    clock.advance(timedelta(minutes=16))
    assert (await client.get("/v1/auth/me")).status == 401
    _, claims, _ = _parts(client.token)
    assert int(str(claims["exp"])) - int(str(claims["iat"])) == 900


async def test_the_database_holds_nothing_to_log_in_with(
    acme: AsgiClient, registry: Registry
) -> None:
    secret = (await token_of(acme, "admin")).token or ""
    dump = "".join(
        str(registry.sql(f'SELECT * FROM "{name}"'))
        for (name,) in registry.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    )
    assert PASSWORD not in dump
    assert secret not in dump
    assert secret[10:40] not in dump
    ((encoded,),) = registry.sql("SELECT password_hash FROM accounts WHERE username = 'acme'")
    assert encoded.startswith("$argon2id$")


def test_tokens_cannot_be_guessed() -> None:
    made = {tokens.mint().secret for _ in range(200)}
    assert len(made) == 200
    assert all(len(item) == len("skreg_") + 43 + 6 for item in made)


async def test_guessing_stops(acme: AsgiClient) -> None:
    bare = AsgiClient(acme.app)
    found = []
    for number in range(15):
        body = {"username": "acme", "password": f"wrong {number} wrong"}
        found.append((await bare.post(LOGIN, body)).status)
    assert found == [401] * 10 + [429] * 5


async def test_who_has_an_account_is_not_told_by_words(acme: AsgiClient) -> None:
    bare = AsgiClient(acme.app)
    said = []
    for name in ("acme", "nobody"):
        answers = [
            await bare.post(LOGIN, {"username": name, "password": "wrong wrong"}),
            await bare.post("/v1/auth/reset/request", {"username": name}),
        ]
        said.append([(a.status, {**(a.json() or {}), "request_id": ""}) for a in answers])
    assert said[0] == said[1]


async def test_who_has_an_account_is_not_told_by_time(registry: Registry) -> None:
    """With the real argon2id: the same work is done for a name that nobody has.

    Medians of processor time, and a bound that a skipped hash would miss by far.
    """
    container = dataclasses.replace(registry.api(), passwords=Passwords())
    client = await signed_up(client_of(container))
    await container.passwords.matches("warm", None)
    took: dict[str, list[float]] = {"acme": [], "nobody": []}
    for _ in range(4):
        for name in took:
            begun = time.process_time()
            await client.post(LOGIN, {"username": name, "password": "wrong wrong"})
            took[name].append(time.process_time() - begun)
    known, unknown = (statistics.median(took[name]) for name in ("acme", "nobody"))
    assert 0.4 < known / unknown < 2.5
    await container.close()


async def test_a_password_change_wants_the_password(acme: AsgiClient) -> None:
    body = {"current_password": "wrong wrong", "new_password": "eve's new password"}
    assert (await send(acme, "POST", "/v1/auth/password", body)).status == 401
    missing = {"new_password": "eve's new password"}
    assert (await send(acme, "POST", "/v1/auth/password", missing)).status == 422


async def test_a_token_of_a_disabled_account_is_dead(acme: AsgiClient, registry: Registry) -> None:
    token = await token_of(acme, "admin")
    registry.sql("UPDATE accounts SET disabled_at = now()")
    for client in (acme, token):
        assert (await client.get("/v1/auth/me")).status == 401
