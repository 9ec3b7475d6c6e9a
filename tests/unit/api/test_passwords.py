"""Passwords that change, and codes that reset them."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from skreg.bootstrap import ApiContainer
from support.accounts import FakeMail, send, token_of
from support.asgi import AsgiClient
from support.registry import PASSWORD, Registry, client_of

NEW = "another horse, another staple"


@pytest.fixture
def mail() -> FakeMail:
    return FakeMail()


@pytest_asyncio.fixture
async def mailing(container: ApiContainer, mail: FakeMail) -> AsyncIterator[AsgiClient]:
    client = client_of(dataclasses.replace(container, mail=mail))
    body = {"username": "acme", "password": PASSWORD, "email": "acme@example.org"}
    assert (await client.post("/v1/auth/signup", body)).status == 201
    yield client


async def login(client: AsgiClient, password: str) -> int:
    body = {"username": "acme", "password": password}
    return (await client.post("/v1/auth/login", body)).status


def code_in(mail: FakeMail) -> str:
    return mail.sent[-1][2].split("The code is ")[1].partition(". ")[0]


async def test_changing_the_password_ends_every_session_and_no_token(acme: AsgiClient) -> None:
    token = await token_of(acme, "read")
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert (await acme.post("/v1/auth/password", body)).status == 204
    assert (await acme.get("/v1/auth/me")).status == 401
    assert (await token.get("/v1/auth/me")).status == 200
    assert (await login(acme, PASSWORD), await login(acme, NEW)) == (401, 200)


async def test_a_wrong_or_unusable_password_changes_nothing(acme: AsgiClient) -> None:
    wrong = {"current_password": "wrong wrong", "new_password": NEW}
    assert (await acme.post("/v1/auth/password", wrong)).status == 401
    short = {"current_password": PASSWORD, "new_password": "short"}
    assert (await acme.post("/v1/auth/password", short)).status == 422
    assert await login(acme, PASSWORD) == 200


async def test_a_token_changes_no_password(acme: AsgiClient) -> None:
    token = await token_of(acme, "admin")
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert (await token.post("/v1/auth/password", body)).status == 403


async def test_a_mailed_code_works_once(mailing: AsgiClient, mail: FakeMail) -> None:
    asked = await mailing.post("/v1/auth/reset/request", {"username": "acme"})
    assert asked.status == 202
    assert mail.sent[0][0] == "acme@example.org"
    body = {"code": code_in(mail).lower().replace("-", " "), "new_password": NEW}
    assert (await mailing.post("/v1/auth/reset", body)).status == 204
    assert (await login(mailing, PASSWORD), await login(mailing, NEW)) == (401, 200)
    again = await mailing.post("/v1/auth/reset", body)
    assert (again.status, again.json()["errors"][0]["rule"]) == (422, "reset-code")


async def test_asking_tells_nobody_who_has_an_account(
    mailing: AsgiClient, mail: FakeMail, registry: Registry
) -> None:
    known = await mailing.post("/v1/auth/reset/request", {"username": "acme"})
    unknown = await mailing.post("/v1/auth/reset/request", {"username": "nobody"})
    assert (known.status, known.body) == (unknown.status, unknown.body)
    registry.sql("UPDATE accounts SET email = NULL")
    await mailing.post("/v1/auth/reset/request", {"username": "acme"})
    registry.sql("UPDATE accounts SET email = 'a@b.example', disabled_at = now()")
    await mailing.post("/v1/auth/reset/request", {"username": "acme"})
    assert len(mail.sent) == 1


async def test_nobody_can_fill_anothers_mailbox(mailing: AsgiClient, mail: FakeMail) -> None:
    for _ in range(3):
        await mailing.post("/v1/auth/reset/request", {"username": "acme"})
    assert len(mail.sent) == 1


async def test_without_a_mail_hook_or_with_a_broken_one_the_answer_is_the_same(
    mailing: AsgiClient, container: ApiContainer, mail: FakeMail
) -> None:
    mail.is_broken = True
    body = {"username": "acme"}
    broken = await mailing.post("/v1/auth/reset/request", body)
    without = await client_of(container).post("/v1/auth/reset/request", body)
    assert (broken.status, without.status) == (202, 202)


@pytest.mark.parametrize("expired", ["expires_at", "used_at"])
async def test_an_old_code_is_not_good(
    mailing: AsgiClient, mail: FakeMail, registry: Registry, expired: str
) -> None:
    await mailing.post("/v1/auth/reset/request", {"username": "acme"})
    registry.sql(f"UPDATE reset_codes SET {expired} = now() - interval '1 second'")
    body = {"code": code_in(mail), "new_password": NEW}
    assert (await mailing.post("/v1/auth/reset", body)).status == 422


async def test_a_newer_code_voids_the_older(
    mailing: AsgiClient, mail: FakeMail, registry: Registry
) -> None:
    await mailing.post("/v1/auth/reset/request", {"username": "acme"})
    registry.sql("UPDATE reset_codes SET created_at = now() - interval '6 minutes'")
    await mailing.post("/v1/auth/reset/request", {"username": "acme"})
    first, second = (text.split("The code is ")[1].partition(". ")[0] for _, _, text in mail.sent)
    assert (
        await mailing.post("/v1/auth/reset", {"code": first, "new_password": NEW})
    ).status == 422
    body = {"code": second, "new_password": NEW, "revoke_tokens": True}
    assert (await mailing.post("/v1/auth/reset", body)).status == 204


async def test_codes_are_kept_hashed(
    mailing: AsgiClient, mail: FakeMail, registry: Registry
) -> None:
    await mailing.post("/v1/auth/reset/request", {"username": "acme"})
    (row,) = registry.sql("SELECT * FROM reset_codes")
    assert code_in(mail) not in str(row)


async def test_codes_cannot_be_guessed_for_long(
    client: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skreg.api.services.lockout.PER_ADDRESS", 3)
    body = {"code": "AAAAA", "new_password": NEW}
    found = [(await send(client, "POST", "/v1/auth/reset", body)).status for _ in range(4)]
    assert found == [422, 422, 422, 429]


async def test_with_the_reset_tokens_may_go_too(
    acme: AsgiClient, container: ApiContainer, registry: Registry, mail: FakeMail
) -> None:
    registry.sql("UPDATE accounts SET email = 'a@b.example'")
    token = await token_of(acme, "read")
    client = client_of(dataclasses.replace(container, mail=mail))
    await client.post("/v1/auth/reset/request", {"username": "acme"})
    body = {"code": code_in(mail), "new_password": NEW, "revoke_tokens": True}
    assert (await client.post("/v1/auth/reset", body)).status == 204
    assert (await token.get("/v1/auth/me")).status == 401
