"""Atom feeds and badges: valid, cacheable, and silent about what is not published."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
import pytest_asyncio

from skreg.api import atom, badge
from skreg.db.queries.changes import Publication
from support.asgi import AsgiClient
from support.registry import Registry
from support.skills import make_skill

DEMO = "/v1/packages/acme/demo"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest_asyncio.fixture
async def published(acme: AsgiClient, registry: Registry) -> AsgiClient:
    for version in ("1.0.0", "1.1.0"):
        assert (await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo", version))).status
        await registry.work()
    other = make_skill("acme", "other")
    await acme.upload("/v1/packages/acme/other/publish", other)
    await registry.work()
    return acme


async def titles(client: AsgiClient, path: str) -> list[str]:
    answer = await client.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/atom+xml")
    root = ElementTree.fromstring(answer.body)
    return [str(title.text) for title in root.findall(f"{ATOM}entry/{ATOM}title")]


async def test_the_newest_versions_come_first(published: AsgiClient) -> None:
    everything = ["acme/other 1.0.0", "acme/demo 1.1.0", "acme/demo 1.0.0"]
    assert await titles(published, "/v1/feed.atom") == everything
    assert await titles(published, f"{DEMO}/feed.atom") == everything[1:]


async def test_a_feed_has_what_atom_asks_for(published: AsgiClient) -> None:
    root = ElementTree.fromstring((await published.get(f"{DEMO}/feed.atom")).body)
    assert root.findtext(f"{ATOM}id") == f"http://registry.test{DEMO}/feed.atom"
    assert root.findtext(f"{ATOM}title") == "acme/demo"
    assert root.findtext(f"{ATOM}updated") == root.findtext(f"{ATOM}entry/{ATOM}updated")
    entry = root.find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}id") == f"http://registry.test{DEMO}/1.1.0"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "acme"
    assert str(entry.findtext(f"{ATOM}summary")).startswith("A small skill")
    link = entry.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == f"http://registry.test{DEMO}/1.1.0"


@pytest.mark.parametrize("path", ["/v1/feed.atom", f"{DEMO}/feed.atom", f"{DEMO}/badge.svg"])
async def test_what_a_reader_holds_is_not_sent_again(published: AsgiClient, path: str) -> None:
    first = await published.get(path)
    etag = first.headers["etag"]
    assert first.headers["cache-control"].startswith("public, max-age=")
    for given in (etag, f'"other", W/{etag}', "*"):
        again = await published.get(path, **{"if-none-match": given})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    assert (await published.get(path, **{"if-none-match": '"other"'})).status == 200


async def test_a_yanked_version_leaves_feed_and_badge(
    published: AsgiClient, registry: Registry
) -> None:
    assert "demo: v1.1.0" in (await published.get(f"{DEMO}/badge.svg")).body.decode()
    await published.post(f"{DEMO}/1.1.0/yank")
    assert await titles(published, f"{DEMO}/feed.atom") == ["acme/demo 1.0.0"]
    assert "demo: v1.0.0" in (await published.get(f"{DEMO}/badge.svg")).body.decode()
    await published.post(f"{DEMO}/1.0.0/yank")
    assert await titles(published, f"{DEMO}/feed.atom") == []
    answer = await published.get(f"{DEMO}/badge.svg")
    assert (answer.headers["content-type"], answer.status) == ("image/svg+xml", 200)
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert "demo: yanked" in answer.body.decode()
    registry.sql("UPDATE versions SET state = 'withdrawn'")
    assert "demo: withdrawn" in (await published.get(f"{DEMO}/badge.svg")).body.decode()


async def test_what_is_not_published_does_not_exist(acme: AsgiClient) -> None:
    before = [(await acme.get(f"{DEMO}/{kind}")).body for kind in ("feed.atom", "badge.svg")]
    assert (await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo"))).status == 202
    for kind, known in zip(("feed.atom", "badge.svg"), before, strict=True):
        answer = await acme.get(f"{DEMO}/{kind}")
        assert answer.status == 404
        assert b"request_id" in known
        assert answer.json()["detail"] in known.decode()
    assert await titles(acme, "/v1/feed.atom") == []


@pytest.mark.parametrize("text", ["<b>&amp;]]>", "\x00\x0b\ud800\ufffe", "\U0001f600 a\tb"])
def test_any_text_makes_a_readable_feed(text: str) -> None:
    from datetime import UTC, datetime

    entry = Publication(
        "ns", "name", "1.0.0+b", text, text, [text], datetime(2026, 1, 1, tzinfo=UTC)
    )
    root = ElementTree.fromstring(atom.feed("http://r", "/feed", text, [entry]))
    assert root.findtext(f"{ATOM}entry/{ATOM}id") == "http://r/v1/packages/ns/name/1.0.0%2Bb"
    if "\ufffe" not in text:
        assert root.findtext(f"{ATOM}entry/{ATOM}summary") == text


def test_a_badge_is_one_picture_whatever_it_says() -> None:
    image = ElementTree.fromstring(badge.svg('a<b>"&', "v1.0.0"))
    assert image.get("aria-label") == 'a<b>"&: v1.0.0'
    assert {element.tag.rpartition("}")[2] for element in image.iter()} == {
        "svg",
        "title",
        "rect",
        "path",
        "g",
        "text",
    }
