"""Lies in the timestamp, the bins' tree and the index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from skillpkg.crypto import bin_tree, dsse
from skillpkg.crypto.encoding import b64
from skillpkg.errors import Check
from support.certificates import DAY, NOW, make_pki
from support.lies import ATTACKS, attack, envelope, find, hook
from support.static_registry import StaticRegistry


@attack(Check.TIMESTAMP_SIGNATURE)
def timestamp_changed(registry: StaticRegistry) -> None:
    good = envelope(registry, "/index/timestamp")
    payload = good.payload.replace(b'"prefix_length":1', b'"prefix_length":2')
    registry.files["/index/timestamp"] = dsse.to_bytes(replace(good, payload=payload))


@attack(Check.TIMESTAMP_SIGNATURE)
def timestamp_type(registry: StaticRegistry) -> None:
    good = envelope(registry, "/index/timestamp")
    registry.files["/index/timestamp"] = registry.envelope(
        dsse.INDEX_TYPE, good.payload, *registry.signer
    )


@attack(Check.TIMESTAMP_SIGNATURE)
def timestamp_garbage(registry: StaticRegistry) -> None:
    registry.files["/index/timestamp"] = b"<html>captive portal</html>"


@attack(Check.TIMESTAMP_SIGNATURE)
def timestamp_schema(registry: StaticRegistry) -> None:
    hook(registry, "timestamp", lambda d: d.update(schema="skreg.timestamp/2"))


@attack(Check.TIMESTAMP_SIGNATURE)
def timestamp_backwards(registry: StaticRegistry) -> None:
    hook(registry, "timestamp", lambda d: d.update(expires_at=d["issued_at"]))


@attack(Check.TIMESTAMP_SIGNATURE)
def timestamp_prefix(registry: StaticRegistry) -> None:
    hook(registry, "timestamp", lambda d: d.update(prefix_length=9))


@attack(Check.TIMESTAMP_SIGNATURE)
def timestamp_key_twice(registry: StaticRegistry) -> None:
    """B21: signed, and yet two documents in one."""
    good = envelope(registry, "/index/timestamp")
    payload = good.payload.replace(b'"prefix_length":1', b'"prefix_length":1,"prefix_length":1')
    registry.files["/index/timestamp"] = registry.envelope(
        dsse.TIMESTAMP_TYPE, payload, *registry.signer
    )


@attack(Check.TIMESTAMP_SIGNATURE)
def timestamp_second_signature(registry: StaticRegistry) -> None:
    """B21: the first is bad, the second would be good."""
    good = envelope(registry, "/index/timestamp")
    bad = replace(good.signatures[0], sig=good.signatures[0].sig + b"\x00")
    both = replace(good, signatures=(bad, *good.signatures))
    registry.files["/index/timestamp"] = dsse.to_bytes(both)


@attack(Check.TIMESTAMP_CHAIN)
def timestamp_by_a_publisher(registry: StaticRegistry) -> None:
    good = envelope(registry, "/index/timestamp")
    registry.files["/index/timestamp"] = registry.envelope(
        dsse.TIMESTAMP_TYPE, good.payload, *registry.publisher
    )


@attack(Check.TIMESTAMP_CHAIN)
def timestamp_under_another_root(registry: StaticRegistry) -> None:
    other = make_pki()
    good = envelope(registry, "/index/timestamp")
    registry.files["/index/timestamp"] = registry.envelope(
        dsse.TIMESTAMP_TYPE, good.payload, other.leaf, other.registry_ca
    )


@attack(Check.TIMESTAMP_EXPIRED)
def timestamp_old(registry: StaticRegistry) -> None:
    registry.now = NOW - 4 * DAY
    registry.build()


@attack(Check.TIMESTAMP_IDENTITY)
def timestamp_of_another_registry(registry: StaticRegistry) -> None:
    hook(registry, "timestamp", lambda d: d.update(registry="0123456789abcdef"))


@attack(Check.TILE)
def tile_changed(registry: StaticRegistry) -> None:
    path = find(registry, "/index/tree/")
    registry.files[path] = bytes(32) + registry.files[path][32:]


@attack(Check.TILE)
def tile_cut(registry: StaticRegistry) -> None:
    """A17."""
    path = find(registry, "/index/tree/")
    registry.files[path] = registry.files[path][:-32]


@attack(Check.TILE)
def tile_gone(registry: StaticRegistry) -> None:
    del registry.files[find(registry, "/index/tree/")]


@attack(Check.TILE)
def tile_too_long(registry: StaticRegistry) -> None:
    """A20."""
    registry.files[find(registry, "/index/tree/")] = bytes(8193)


def bin_of(registry: StaticRegistry) -> str:
    return find(registry, f"/index/bins/{bin_tree.bin_prefix('acme/deploy', 1)}/")


@attack(Check.BIN)
def bin_changed(registry: StaticRegistry) -> None:
    registry.files[bin_of(registry)] = b"{}"


@attack(Check.BIN)
def bin_gone(registry: StaticRegistry) -> None:
    del registry.files[bin_of(registry)]


@attack(Check.BIN)
def bin_too_long(registry: StaticRegistry) -> None:
    registry.files[bin_of(registry)] = bytes(1024 * 1024 + 1)


@attack(Check.BIN)
def bin_sequence(registry: StaticRegistry) -> None:
    hook(registry, "bin", lambda d: {name: row | {"sequence": 0} for name, row in d.items()})


@attack(Check.BIN)
def bin_shape(registry: StaticRegistry) -> None:
    hook(registry, "bin", lambda d: {name: [] for name in d})


@attack(Check.BIN)
def bin_no_object(registry: StaticRegistry) -> None:
    hook(registry, "bin", lambda d: [d])


@attack(Check.BIN)
def bin_no_text(registry: StaticRegistry) -> None:
    hook(registry, "bin", lambda d: d | {"é": 1})


def index_of(registry: StaticRegistry) -> str:
    return find(registry, "/index/acme/deploy/")


@attack(Check.INDEX_HASH)
def index_changed(registry: StaticRegistry) -> None:
    registry.files[index_of(registry)] += b" "


@attack(Check.INDEX_HASH)
def index_gone(registry: StaticRegistry) -> None:
    del registry.files[index_of(registry)]


@attack(Check.INDEX_HASH)
def index_too_long(registry: StaticRegistry) -> None:
    registry.files[index_of(registry)] = bytes(8 * 1024 * 1024 + 1)


def sign_index(registry: StaticRegistry, make: Callable[[bytes], bytes]) -> None:
    """Let the timestamp commit to another envelope of the same payload."""
    registry._documents = {
        payload: make(payload) for payload, _ in list(registry._documents.items())
    }
    registry.build()


@attack(Check.INDEX_SIGNATURE)
def index_unsigned(registry: StaticRegistry) -> None:
    sign_index(
        registry,
        lambda payload: registry.envelope(
            dsse.INDEX_TYPE, payload + b" ", *registry.signer
        ).replace(b64(payload + b" ").encode(), b64(payload).encode()),
    )


@attack(Check.INDEX_SIGNATURE)
def index_type(registry: StaticRegistry) -> None:
    sign_index(registry, lambda p: registry.envelope(dsse.TIMESTAMP_TYPE, p, *registry.signer))


INDEX_LIES: dict[str, Callable[[Any], Any]] = {
    "schema": lambda d: d.update(schema="skreg.index/9"),
    "version twice": lambda d: d["versions"].append(d["versions"][0]),
    "tag to nowhere": lambda d: d["dist_tags"].update(latest="7.7.7"),
    "class": lambda d: d.update(signer_class="nobody"),
    "sequence": lambda d: d.update(sequence=0),
    "path": lambda d: d["versions"][0].update(version="../../x"),
    "state": lambda d: d["versions"][0].update(state="fine"),
    "signer": lambda d: d["versions"][0].update(signer={"kind": "publisher", "cert_serial": 5}),
    "sha256": lambda d: d["versions"][0].update(sha256="AB" * 32),
    "size": lambda d: d["versions"][0].update(size=0.5),
}
for name, lie in INDEX_LIES.items():
    ATTACKS[f"index lies about {name}"] = (
        Check.INDEX_SIGNATURE,
        lambda registry, lie=lie: hook(registry, "index", lie),
    )


@attack(Check.INDEX_CHAIN)
def index_by_a_publisher(registry: StaticRegistry) -> None:
    """B8: an organisation speaks for itself, not for the registry."""
    sign_index(registry, lambda p: registry.envelope(dsse.INDEX_TYPE, p, *registry.publisher))


@attack(Check.INDEX_CHAIN)
def index_before_its_leaf(registry: StaticRegistry) -> None:
    hook(registry, "index", lambda d: d.update(signed_at="2026-01-01T00:00:00Z"))


@attack(Check.INDEX_IDENTITY)
def index_of_another_package(registry: StaticRegistry) -> None:
    hook(registry, "index", lambda d: d.update(name="other"))


@attack(Check.INDEX_IDENTITY)
def index_of_another_registry(registry: StaticRegistry) -> None:
    hook(registry, "index", lambda d: d.update(registry="0123456789abcdef"))


@attack(Check.INDEX_IDENTITY)
def index_sequence(registry: StaticRegistry) -> None:
    hook(registry, "index", lambda d: d.update(sequence=1))
