"""Only canonical paths reach the store, and nothing outside the read plane does."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readplane_driver import ARCHIVE_PATH, DOCUMENT_PATH, OBJECTS

from skreg.api.readplane.paths import address_of, key_of, owns

PREFIXES = ("index", "packages", "log", "crl", "trust")
PIECES = st.sampled_from(
    [*PREFIXES, "acme", "demo", "..", ".", "", "%2e", "%2E%2e", "%2f", "%5c", "\\", "%00", "~", "é"]
)
PATHS = st.builds(
    lambda prefix, rest: "/" + "/".join([prefix, *rest]),
    st.sampled_from(PREFIXES),
    st.lists(PIECES | st.text(max_size=12), min_size=1, max_size=8),
)


@pytest.mark.parametrize(
    "path",
    [
        "/index/../secret",
        "/index/..",
        "/index/./timestamp",
        "/index//timestamp",
        "//index/timestamp",
        "/index/timestamp/",
        "/index/%2e%2e/secret",
        "/index%2ftimestamp",
        "/index/acme%2fdemo.json",
        "/index/acme%2Fdemo.json",
        "/index/acme%5cdemo.json",
        "/index/acme/demo.json%00",
        "/index/acme/demo.jso%6e",
        "/index/%61cme/demo.json",
        "/index/acme/demo.json\n",
        "/index/acme/demo.json\\..",
        "/index/.writing",
        "/index/acme/.hidden.json",
        "/packages/" + "a" * 2000,
        "/.well-known/skreg.json/",
        DOCUMENT_PATH.replace("/index/", "/index/x/../"),
        DOCUMENT_PATH.replace("acme", "ACME"),
        ARCHIVE_PATH.replace(".skill", ".SKILL"),
        "/index/acmé/demo.json",
    ],
)
async def test_a_path_has_one_spelling(plane: Any, path: str) -> None:
    (plane.root.parent / "secret").write_text("secret")
    (plane.root / "index" / "acme" / ".hidden.json").write_text("secret")
    if not owns(path):
        assert key_of(path.encode()) is None
        return
    for _ in range(2):
        reply = await plane.client.ask(path)
        assert reply.status == 404
        reply.problem()


async def test_an_encoded_spelling_of_a_cached_object_stays_refused(plane: Any) -> None:
    await plane.client.ask(DOCUMENT_PATH)
    reply = await plane.client.ask(DOCUMENT_PATH.replace("/acme/", "/acme%2F"))
    assert reply.status == 404


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(path=PATHS)
async def test_any_path_is_an_object_or_404(plane: Any, path: str) -> None:
    reply = await plane.client.ask(quote(path, safe="/%+"))
    expected = OBJECTS.get(path.replace("%2B", "+").replace("%2b", "+"))
    assert (reply.status, reply.body) == (200, expected) if expected else reply.status == 404


@given(st.binary(max_size=80) | st.builds(lambda text: text.encode(), PATHS))
def test_a_key_never_leaves_the_store(raw: bytes) -> None:
    key = key_of(raw)
    if key is None:
        return
    assert Path(key).parts[0] in {*PREFIXES, ".well-known"}
    assert all(part and not part.startswith(".") for part in key.split("/")[1:])
    assert not set(key) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-/")


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/index/x", True),
        ("/.well-known/skreg.json", True),
        ("/.well-known/openid-configuration", False),
        ("/index", False),
        ("/indexes/x", False),
        ("/", False),
        ("/v1/packages/acme/demo", False),
    ],
)
def test_the_read_plane_owns_its_prefixes_alone(path: str, answer: bool) -> None:
    assert owns(path) is answer


def test_signature_and_release_have_no_address_of_their_own() -> None:
    assert address_of(ARCHIVE_PATH[1:]) == ARCHIVE_PATH.split("/")[-1].removesuffix(".skill")
    assert address_of(ARCHIVE_PATH.replace(".skill", ".sig")[1:]) is None
    assert address_of("index/timestamp") is None
