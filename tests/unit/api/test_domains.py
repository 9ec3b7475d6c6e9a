"""Domains are proved where only who controls them can write."""

from __future__ import annotations

import dataclasses

import pytest

from skreg.api.services import domains
from skreg.bootstrap import ApiContainer
from skreg.ports.web import WebAnswer
from support.accounts import FakeNames, FakeWeb, organisation, send
from support.asgi import AsgiClient
from support.registry import client_of, signed_up

PATH = "/v1/namespaces/crew/domains"
FILE = "https://example.org/.well-known/skreg-verification"


@pytest.fixture
def web() -> FakeWeb:
    return FakeWeb()


@pytest.fixture
def names() -> FakeNames:
    return FakeNames()


@pytest.fixture
async def crew(container: ApiContainer, web: FakeWeb, names: FakeNames) -> AsgiClient:
    client = client_of(dataclasses.replace(container, web=web, names=names))
    return await organisation(await signed_up(client))


async def claimed(client: AsgiClient, path: str = PATH) -> str:
    made = await send(client, "POST", path, {"domain": "Example.org."})
    assert made.status == 201, made.body
    assert made.json()["record_name"] == "_skreg.example.org"
    assert made.json()["file_url"] == FILE
    proof: str = made.json()["proof"]
    return proof


async def verify(client: AsgiClient, method: str, path: str = PATH) -> int:
    return (await send(client, "POST", f"{path}/example.org/verify", {"method": method})).status


async def shown(client: AsgiClient, name: str = "crew") -> list[str]:
    found: list[str] = (await client.get(f"/v1/namespaces/{name}")).json()["domains"]
    return found


async def test_a_txt_record_proves_a_domain(crew: AsgiClient, names: FakeNames) -> None:
    proof = await claimed(crew)
    assert await verify(crew, "dns") == 409
    names.records["_skreg.example.org"] = ["v=spf1", f"{proof}x"]
    assert await verify(crew, "dns") == 409
    assert await shown(crew) == []
    names.records["_skreg.example.org"].append(proof)
    assert (await send(crew, "POST", f"{PATH}/example.org/verify")).status == 200
    assert await shown(crew) == ["example.org"]


async def test_a_file_proves_a_domain(crew: AsgiClient, web: FakeWeb) -> None:
    proof = await claimed(crew)
    web.answers[FILE] = WebAnswer(200, b"# ours\r\n " + proof.encode() + b" \r\n")
    assert await verify(crew, "https") == 200
    assert web.asked == [f"public {FILE}"]
    (found,) = (await crew.get(PATH)).json()
    assert (found["method"], found["verified_at"] is None) == ("https", False)


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_only_a_plain_answer_counts(crew: AsgiClient, web: FakeWeb, status: int) -> None:
    proof = await claimed(crew)
    web.answers[FILE] = WebAnswer(status, proof.encode())
    assert await verify(crew, "https") == 409


async def test_claiming_again_keeps_the_challenge(crew: AsgiClient) -> None:
    assert await claimed(crew) == await claimed(crew)


async def test_who_controls_the_domain_now_has_it(crew: AsgiClient, names: FakeNames) -> None:
    names.records["_skreg.example.org"] = [await claimed(crew)]
    assert await verify(crew, "dns") == 200
    other = await organisation(await signed_up(AsgiClient(crew.app), "bob"), "others")
    path = "/v1/namespaces/others/domains"
    proof = await claimed(other, path)
    assert await verify(other, "dns", path) == 409
    names.records["_skreg.example.org"] = [proof]
    assert await verify(other, "dns", path) == 200
    assert (await shown(crew), await shown(crew, "others")) == ([], ["example.org"])


async def test_a_domain_is_given_up(crew: AsgiClient) -> None:
    await claimed(crew)
    assert (await send(crew, "DELETE", f"{PATH}/example.org")).status == 204
    assert (await send(crew, "DELETE", f"{PATH}/example.org")).status == 404
    assert await verify(crew, "dns") == 404


@pytest.mark.parametrize(
    "domain",
    ["example", "127.0.0.1", "localhost", "a..b", "-a.org", "a_b.org", "x.org/y", "x.org:80",
     "[::1]", "a" * 64 + ".org", "x.org\u0000", "é" * 70 + ".org", "user@x.org", "1.2.3.04"],
)  # fmt: skip
async def test_what_is_no_domain(crew: AsgiClient, domain: str) -> None:
    answer = await send(crew, "POST", PATH, {"domain": domain})
    assert answer.status == 422


async def test_an_international_name_is_kept_in_ascii(crew: AsgiClient) -> None:
    made = await send(crew, "POST", PATH, {"domain": "bücher.example"})
    assert made.json()["domain"] == "xn--bcher-kva.example"


async def test_so_many_domains(crew: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domains, "MAX_DOMAINS", 1)
    await claimed(crew)
    await claimed(crew)
    assert (await send(crew, "POST", PATH, {"domain": "example.com"})).status == 409


async def test_the_registry_asks_others_only_so_often(
    crew: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skreg.api.services.lockout.PER_ADDRESS", 2)
    await claimed(crew)
    assert [await verify(crew, "https") for _ in range(3)] == [409, 409, 429]
