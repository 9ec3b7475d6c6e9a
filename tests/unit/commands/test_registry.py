"""`skillpkg registry`: pins, first contact, and what contradicts them."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from skillpkg.client import build
from skillpkg.output import Output
from support.client_world import BASE, World, answer


def interactive(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr(Output, "is_interactive", property(lambda self: not self.as_json))
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))


def pin(world: World, name: str, url: str, fingerprint: str) -> Path:
    folder = Path(build.ADMINISTRATOR_PINS)
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(f'name = "{name}"\nurl = "{url}"\nroot_fingerprint = "{fingerprint}"\n')
    return path


def test_a_given_fingerprint_pins_the_root(world: World) -> None:
    world.serve()
    said = world.ok("registry", "add", "acme", BASE, "--root-fingerprint", world.fingerprint)
    assert f"root      {world.fingerprint} (pinned)" in said.out
    (one,) = world.ok("registry", "list", "--json").document["registries"]  # type: ignore[misc]
    assert one["default"] is True
    assert one["registry_id"] == world.registry.registry_id
    assert "*  acme" in world.ok("registry", "list").out


def test_another_root_is_refused_and_nothing_is_kept(world: World) -> None:
    world.serve()
    result = world.run("registry", "add", "acme", BASE, "--root-fingerprint", "sha256:" + "0" * 64)
    assert result.code == 3
    assert "[root-pin]" in result.err
    assert "No registry yet" in world.ok("registry", "list").err


def test_nobody_to_ask_means_no(world: World) -> None:
    world.serve()
    result = world.run("registry", "add", "acme", BASE, "--json")
    assert result.code == 3
    assert result.error["check"] == "root-pin"
    assert "--root-fingerprint" in str(result.error["fix"])


@pytest.mark.parametrize(("typed", "code"), [("yes\n", 0), ("\n", 3), ("y\n", 3)])
def test_a_person_is_shown_the_fingerprint_and_asked(
    world: World, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    world.serve()
    interactive(monkeypatch, typed)
    result = world.run("registry", "add", "acme", BASE)
    assert result.code == code
    assert world.fingerprint in result.err
    interactive(monkeypatch, "yes\n")
    assert world.run("registry", "add", "other", BASE, "--quiet").code == 3


@pytest.mark.parametrize(
    ("url", "name", "fingerprint"),
    [
        ("http://registry.test", "acme", "sha256:" + "0" * 64),
        ("https://user@registry.test", "acme", "sha256:" + "0" * 64),
        ("https://registry.test?x=1", "acme", "sha256:" + "0" * 64),
        ("ftp://registry.test", "acme", "sha256:" + "0" * 64),
        ("https://registry.test:port", "acme", "sha256:" + "0" * 64),
        ("file://host/folder", "acme", "sha256:" + "0" * 64),
        (BASE, "Acme", "sha256:" + "0" * 64),
        (BASE, "acme", "0" * 64),
    ],
)
def test_what_cannot_be_a_registry_is_a_usage_error(
    world: World, url: str, name: str, fingerprint: str
) -> None:
    assert world.run("registry", "add", name, url, "--root-fingerprint", fingerprint).code == 2
    assert world.server.asked == []


def test_the_read_plane_is_where_the_registry_says_and_then_itself(world: World) -> None:
    world.serve(read_urls=["https://cdn.test"])
    world.ok("registry", "add", "acme", BASE, "--root-fingerprint", world.fingerprint)
    asked = [r.url for r in world.server.asked]
    assert asked[1:] == ["https://cdn.test/trust/latest.json", f"{BASE}/trust/latest.json"]


@pytest.mark.parametrize(
    "known",
    [
        {"read_urls": ["http://cdn.test"]},
        {"read_urls": ["file:///etc"]},
        {"read_urls": ["https://cdn.test?x"]},
        {"api_url": "http://localhost:1"},
    ],
)
def test_a_registry_cannot_send_its_users_off_https(world: World, known: dict[str, object]) -> None:
    world.serve(**known)
    result = world.run("registry", "add", "acme", BASE, "--root-fingerprint", world.fingerprint)
    assert result.code == 6
    assert "cannot be used" in result.err


@pytest.mark.parametrize("body", [b"<html>", b"[]"])
def test_a_site_that_is_no_registry(world: World, body: bytes) -> None:
    world.server.files["/.well-known/skreg.json"] = body
    code = world.run("registry", "add", "a", BASE, "--root-fingerprint", "sha256:" + "0" * 64).code
    assert code in (4, 6)


def test_an_offer_that_is_no_fingerprint_is_not_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.serve(root_fingerprints=["\x1b[2Jtrust me"])
    interactive(monkeypatch, "yes\n")
    result = world.run("registry", "add", "acme", BASE)
    assert result.code == 3
    assert "\x1b" not in result.err


def test_a_name_or_id_never_changes_its_root(world: World) -> None:
    world.add_folder()
    other = World(world.root / "other", world.capture, world.server)
    other.write()
    add = ("registry", "add", "acme", str(other.folder), "--root-fingerprint", other.fingerprint)
    result = world.run(*add)
    assert result.code == 3
    assert "registry remove acme" in result.err
    world.ok("registry", "remove", "acme")
    world.ok(*add)


def test_remove_forgets_and_says_when_there_is_nothing(world: World) -> None:
    world.add_folder()
    assert world.run("registry", "remove", "other").code == 4
    world.ok("registry", "remove", "acme")
    assert world.run("install", "acme/base").code == 4


def test_trust_shows_roots_logs_and_hosts(world: World) -> None:
    world.registry.hooks["trust"] = lambda d: d | {"redirect_hosts": ["cdn.test"]}
    world.add_server()
    said = world.ok("registry", "trust").out
    assert f"{world.fingerprint} (pinned)" in said
    assert "host      cdn.test" in said
    assert world.ok("registry", "trust", "acme", "--json").document["trust_version"] == 1


def test_an_administrators_pin_needs_no_question(world: World) -> None:
    world.registry.publish("acme", "base")
    world.serve()
    pin(world, "acme", BASE, world.fingerprint)
    assert "pinned by" in world.ok("registry", "list").out
    world.ok("install", "acme/base")
    world.ok("registry", "trust", "acme")
    (one,) = world.ok("registry", "list", "--json").document["registries"]  # type: ignore[misc]
    assert one["registry_id"] == world.registry.registry_id


def test_a_pinned_registry_is_met_by_trust_and_by_add_too(world: World) -> None:
    world.serve()
    pin(world, "acme", BASE, world.fingerprint)
    world.ok("registry", "trust", "acme")
    world.ok("registry", "remove", "acme")
    world.ok("registry", "add", "acme", BASE)
    assert world.run("registry", "remove", "acme").code == 0
    assert world.run("registry", "remove", "acme").code == 2


@pytest.mark.parametrize("same", ["name", "url"])
def test_what_contradicts_a_pin_is_refused(world: World, same: str) -> None:
    world.registry.publish("acme", "base")
    world.add_server()
    if same == "name":
        pin(world, "acme", "https://elsewhere.test", world.fingerprint)
    else:
        pin(world, "corp", BASE, "sha256:" + "0" * 64)
    result = world.run("install", "acme/base")
    assert result.code == 3
    assert "contradicts a pin" in result.err


@pytest.mark.parametrize("fault", ["writable", "toml", "key"])
def test_a_pin_file_that_cannot_be_used_stops_everything(world: World, fault: str) -> None:
    path = pin(world, "acme", BASE, "sha256:" + "0" * 64)
    if fault == "writable":
        path.chmod(0o666)
    else:
        path.write_text("name = 1" if fault == "key" else "=")
    assert world.run("registry", "list").code == 2


def test_a_build_can_carry_a_registry(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.registry.publish("acme", "base")
    world.serve()
    monkeypatch.setattr(build, "BUILT_IN_REGISTRY", ("acme", BASE, world.fingerprint))
    world.ok("install", "acme/base")


def test_a_folder_without_a_description_is_a_registry(world: World) -> None:
    world.registry.publish("acme", "base")
    world.add_folder()
    document = world.ok("registry", "list", "--json").document["registries"]
    assert document[0]["url"] == world.folder.as_uri()  # type: ignore[index]
    assert world.run("search", "base").code == 2
    assert world.ok("install", f"{world.folder.as_uri()}/acme/base").code == 0


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("localhost:8470", "http://localhost:8470"),
        ("skills.example.com", "https://skills.example.com"),
    ],
)
def test_an_address_without_its_scheme_is_not_taken_for_a_folder(
    world: World, address: str, meant: str
) -> None:
    result = world.run("registry", "add", "home", address)
    assert (result.code, f"Write {meant}," in result.err) == (2, True)


def test_a_folder_that_is_no_registry_is_told_so(world: World, tmp_path: Path) -> None:
    words = ("registry", "add", "here", str(tmp_path), "--root-fingerprint", world.fingerprint)
    result = world.run(*words)
    assert (result.code, "is no registry" in result.err) == (4, True)


def test_a_server_that_answers_no_bundle(world: World) -> None:
    world.serve()
    world.server.routes["GET /trust/latest.json"] = answer(500)
    result = world.run("registry", "add", "acme", BASE, "--root-fingerprint", world.fingerprint)
    assert result.code == 6
