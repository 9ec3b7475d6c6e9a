"""Opening a registry: its bundle is kept, refreshed, never rolled back; tokens stay at home."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from skillpkg.client import registries
from skillpkg.client.connect import connect, stored_bundle
from skillpkg.errors import NetworkFailure, SkillpkgError, VerificationRefused
from support.client_world import BASE, World, answer
from support.static_registry import Document

WARNED: list[str] = []


def bundle_file(world: World) -> Path:
    return world.home / "registries" / world.registry.registry_id / "trust.json"


def age(world: World, hours: float) -> None:
    then = time.time() - hours * 3600
    os.utime(bundle_file(world), (then, then))


def serve_version(world: World, number: int) -> None:
    for version in range(1, number + 1):

        def renumbered(document: Document, version: int = version) -> Document:
            return document | {"version": version}

        world.registry.hooks["trust"] = renumbered
        data = world.registry.bundle()
        world.server.files[f"/trust/{version}.json"] = data
    world.server.files["/trust/latest.json"] = data


def test_a_young_bundle_is_not_fetched_again_and_an_old_one_is(world: World) -> None:
    world.add_server()
    asked = len(world.server.asked)
    assert connect(registries.choose(None), WARNED.append).bundle.version == 1
    assert len(world.server.asked) == asked
    serve_version(world, 2)
    age(world, 30)
    assert connect(registries.choose(None), WARNED.append).bundle.version == 2
    assert connect(registries.choose(None), WARNED.append).bundle.version == 2


def test_a_lost_bundle_is_fetched(world: World) -> None:
    world.add_server()
    bundle_file(world).unlink()
    entry = registries.choose(None).entry
    assert entry is not None
    assert stored_bundle(entry) is None
    assert connect(registries.choose(None), WARNED.append).bundle.version == 1


def test_an_old_bundle_serves_while_the_registry_is_away(world: World) -> None:
    world.add_server()
    age(world, 30)
    world.server.is_down = True
    assert connect(registries.choose(None), WARNED.append).bundle.version == 1
    bundle_file(world).unlink()
    with pytest.raises(NetworkFailure):
        connect(registries.choose(None), WARNED.append)


def test_a_bundle_is_never_rolled_back(world: World) -> None:
    world.add_server()
    serve_version(world, 3)
    age(world, 30)
    connect(registries.choose(None), WARNED.append)
    serve_version(world, 2)
    age(world, 30)
    with pytest.raises(VerificationRefused, match="trust bundle"):
        connect(registries.choose(None), WARNED.append)
    bundle_file(world).write_bytes(world.server.files["/trust/latest.json"])
    with pytest.raises(VerificationRefused, match="trust bundle"):
        connect(registries.choose(None), WARNED.append)


@pytest.mark.parametrize("wanted", ["99.0.0", "soon"])
def test_a_registry_can_ask_for_a_newer_client(world: World, wanted: str) -> None:
    world.registry.hooks["trust"] = lambda d: d | {"minimum_client": wanted}
    world.add_server()
    with pytest.raises(SkillpkgError, match="or newer"):
        connect(registries.choose(None), WARNED.append)


def test_no_wish_for_a_client_is_none(world: World) -> None:
    world.registry.hooks["trust"] = lambda d: d | {"minimum_client": "0"}
    world.add_server()
    connect(registries.choose(None), WARNED.append)


def test_a_private_registry_gets_the_token_and_the_cdn_does_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.registry.publish("acme", "base")
    world.serve(read_urls=["https://cdn.test"])
    monkeypatch.setenv("SKILLPKG_TOKEN", "secret")
    world.ok("registry", "add", "acme", BASE, "--root-fingerprint", world.fingerprint)
    world.server.routes["GET https://cdn.test/index/timestamp"] = answer(401)
    world.server.routes["GET /index/timestamp"] = answer(401)
    assert world.run("install", "acme/base").code == 5
    sent = [(r.url, r.token) for r in world.server.asked if r.url.endswith("/timestamp")]
    assert ("https://cdn.test/index/timestamp", None) in sent
    assert (f"{BASE}/index/timestamp", "secret") in sent
    assert not [url for url, token in sent if token and not url.startswith(BASE)]
