"""An account's mail address: who may change it, what ends by it, who is told."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from skreg.bootstrap import ApiContainer
from skreg.db.pool import reading
from skreg.db.queries import rows
from support.accounts import FakeMail, token_of
from support.asgi import AsgiClient
from support.registry import PASSWORD, client_of

NEW = {"current_password": PASSWORD, "email": "new@example.org"}


@pytest.fixture
def mail() -> FakeMail:
    return FakeMail()


@pytest_asyncio.fixture
async def person(container: ApiContainer, mail: FakeMail) -> AsyncIterator[AsgiClient]:
    """Somebody with an address, logged in."""
    client = client_of(dataclasses.replace(container, mail=mail))
    body = {"username": "acme", "password": PASSWORD, "email": "old@example.org"}
    assert (await client.post("/v1/auth/signup", body)).status == 201
    yield await log_in(client)


async def log_in(client: AsgiClient) -> AsgiClient:
    body = {"username": "acme", "password": PASSWORD}
    session = (await client.post("/v1/auth/login", body)).json()["access_token"]
    return client.with_token(session)


async def test_the_old_address_is_told_and_every_session_ends(
    person: AsgiClient, mail: FakeMail, container: ApiContainer
) -> None:
    token = await token_of(person, "read")
    assert (await person.post("/v1/auth/email", NEW)).status == 204
    ((to, subject, text),) = mail.sent
    assert (to, subject) == ("old@example.org", "Your mail address was changed")
    assert "acme" in text
    assert "new@example.org" not in text
    assert (await person.get("/v1/auth/me")).status == 401
    assert (await token.get("/v1/auth/me")).json()["email"] == "new@example.org"
    async with reading(container.pool) as connection:
        told = await rows.all_rows(connection, str, "SELECT action FROM audit ORDER BY id")
    assert "email-changed" in told


async def test_codes_in_the_old_mailbox_are_void(person: AsgiClient, mail: FakeMail) -> None:
    await person.post("/v1/auth/reset/request", {"username": "acme"})
    code = mail.sent[-1][2].split("The code is ")[1].partition(". ")[0]
    assert (await person.post("/v1/auth/email", NEW)).status == 204
    used = await person.post("/v1/auth/reset", {"code": code, "new_password": "another horse one"})
    assert used.status == 422
    await person.post("/v1/auth/reset/request", {"username": "acme"})
    assert mail.sent[-1][0] == "new@example.org"


async def test_an_address_can_be_taken_away(person: AsgiClient) -> None:
    body = {"current_password": PASSWORD, "email": None}
    assert (await person.post("/v1/auth/email", body)).status == 204
    assert (await (await log_in(person)).get("/v1/auth/me")).json()["email"] is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**NEW, "current_password": "wrong wrong"}, 401),
        ({**NEW, "email": "nowhere"}, 422),
        ({**NEW, "email": "a@b\nBcc: c@d"}, 422),
        ({"current_password": PASSWORD}, 422),
    ],
)
async def test_a_wrong_password_or_no_address_changes_nothing(
    person: AsgiClient, mail: FakeMail, body: dict[str, object], status: int
) -> None:
    assert (await person.post("/v1/auth/email", body)).status == status
    assert (await person.get("/v1/auth/me")).json()["email"] == "old@example.org"
    assert mail.sent == []


async def test_a_token_changes_no_address(person: AsgiClient) -> None:
    token = await token_of(person, "admin")
    assert (await token.post("/v1/auth/email", NEW)).status == 403


async def test_a_notice_that_cannot_be_sent_stops_nothing(
    person: AsgiClient, mail: FakeMail
) -> None:
    mail.is_broken = True
    assert (await person.post("/v1/auth/email", NEW)).status == 204
