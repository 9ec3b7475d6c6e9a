"""What a client remembers: rollback, fork and growth across runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from skillpkg.crypto import names, note, trust
from skillpkg.crypto.checkpoint import Checkpoint
from skillpkg.crypto.merkle import EMPTY_ROOT
from skillpkg.errors import Check, VerificationRefused
from skillpkg.install.log import LogView
from skillpkg.install.verify import Verifier
from support.certificates import DAY, NOW, issue, root_shape
from support.memory import MemoryPlane, MemoryState
from support.static_registry import Client, Log, Ref, StaticRegistry

REF = Ref("acme", "deploy")


def grown(count: int = 3) -> StaticRegistry:
    registry = StaticRegistry()
    for minor in range(count):
        registry.publish("acme", "deploy", f"1.{minor}.0")
    return registry.build()


def install(client: Client, version: str = "1.0.0") -> None:
    client.verifier.verify_release(client.verifier.open_index(REF), version)


def refused(client: Client, version: str = "1.0.0") -> VerificationRefused:
    with pytest.raises(VerificationRefused) as caught:
        install(client, version)
    return caught.value


def test_memory_grows_with_the_log() -> None:
    registry = grown()
    client = Client(registry)
    install(client)
    assert client.state.issued == NOW
    assert client.state.indexes["acme/deploy"].sequence == 3
    assert client.state.checkpoints[registry.log.origin][0] == 3
    registry.now += timedelta(hours=1)
    registry.publish("acme", "deploy", "2.0.0").build()
    client.clock.now = registry.now
    install(client.restart(), "2.0.0")
    assert client.state.checkpoints[registry.log.origin][0] == 4
    assert client.state.issued == registry.now


def test_an_older_timestamp_is_refused() -> None:
    """A2."""
    registry = grown()
    client = Client(registry)
    old = registry.files["/index/timestamp"]
    registry.now += timedelta(hours=1)
    install(Client(registry.build(), client.state))
    registry.files["/index/timestamp"] = old
    assert refused(client).check is Check.INDEX_ROLLBACK


def test_an_older_index_under_a_new_timestamp_is_refused() -> None:
    """A19: a newer timestamp of the registry's key that commits to less."""
    registry = grown()
    client = Client(registry)
    install(client)
    del registry.packages["acme/deploy"].versions["1.2.0"]
    registry.packages["acme/deploy"].sequence = 2
    registry.build()
    assert refused(client.restart()).check is Check.INDEX_ROLLBACK


def test_two_documents_under_one_number_are_refused() -> None:
    registry = grown()
    client = Client(registry)
    install(client)
    registry.set_state("acme/deploy", "1.0.0", state="yanked")
    registry.packages["acme/deploy"].sequence = 3
    registry.build()
    assert refused(client.restart()).check is Check.INDEX_ROLLBACK


def test_a_package_that_vanishes_is_refused() -> None:
    """A19."""
    registry = grown()
    client = Client(registry)
    install(client)
    del registry.packages["acme/deploy"]
    registry.build()
    assert refused(client.restart()).check is Check.INDEX_ROLLBACK


def fork(registry: StaticRegistry, entries: int) -> StaticRegistry:
    """Rewrite history: other first entries under the same key, a whole registry again."""
    other = StaticRegistry(registry.pki)
    other.log.key, other.log.witness_key = registry.log.key, registry.log.witness_key
    other.publish("evil", "first")
    for minor in range(entries - 1):
        other.publish("acme", "deploy", f"1.{minor}.0")
    other.packages["acme/deploy"].sequence = 9
    return other.build()


@pytest.mark.parametrize("size", [3, 4, 6])
def test_a_fork_is_refused_and_both_notes_are_kept(size: int) -> None:
    """A3, A4: of the same size, and larger."""
    registry = grown()
    client = Client(registry)
    install(client)
    other = Client(fork(registry, size), client.state)
    error = refused(other)
    assert error.check is Check.LOG_FORK
    ours, theirs = client.state.forks[0]
    assert ours == registry.files["/log/checkpoint"]
    assert theirs == other.registry.files["/log/checkpoint"]
    for shown in (ours, theirs):
        assert shown.decode() in error.why
    assert client.state.checkpoints[registry.log.origin][1] == ours


def test_a_smaller_fork_is_refused() -> None:
    """The remembered tree's tiles are still there; the smaller checkpoint is not in it."""
    registry = grown(5)
    client = Client(registry)
    install(client)
    other = fork(registry, 4)
    tiles = {path: data for path, data in registry.files.items() if "/log/tile" in path}
    other.files.update(tiles)
    assert refused(Client(other, client.state)).check is Check.LOG_FORK
    for path in tiles:
        del other.files[path]
    assert refused(Client(other, client.state)).check is Check.LOG_PROOF


def test_a_smaller_checkpoint_is_proven_and_then_judged_by_the_timestamp() -> None:
    """A2: a stale copy passes where the timestamp promises no more, else not."""
    registry = grown()
    client = Client(registry)
    install(client)
    registry.files["/log/checkpoint"] = registry.log.signed(registry.log.checkpoint(2))
    assert refused(client.restart()).check is Check.LOG_ROLLBACK
    registry.hooks["timestamp"] = lambda d: d | {"checkpoint_size": 2}
    registry._write_timestamp(bytes.fromhex(_root(registry)))
    install(client.restart())
    assert client.state.checkpoints[registry.log.origin][0] == 3


def _root(registry: StaticRegistry) -> str:
    tops = [path for path in registry.files if path.startswith("/index/tree/0/0/")]
    return tops[-1].rsplit("/", 1)[1]


def test_a_release_newer_than_the_checkpoint_moves_it_on() -> None:
    """The release record was read after the log's checkpoint had grown."""
    registry = grown()
    registry.files["/log/checkpoint"] = registry.log.signed(registry.log.checkpoint(1))
    registry.hooks["timestamp"] = lambda d: d | {"checkpoint_size": 1}
    registry._write_timestamp(bytes.fromhex(_root(registry)))
    client = Client(registry)
    install(client, "1.2.0")
    assert client.state.checkpoints[registry.log.origin][0] == 3


def test_a_release_of_another_history_is_a_fork() -> None:
    registry = grown()
    other = fork(registry, 2)
    version = other.packages["acme/deploy"].versions["1.0.0"]
    registry.packages["acme/deploy"].versions["1.0.0"] = version
    registry.packages["acme/deploy"].sequence = 4
    client = Client(registry.build())
    assert refused(client).check is Check.LOG_FORK
    assert len(client.state.forks) == 1


@pytest.mark.parametrize("change", [lambda d: d[:-1], lambda d: bytes(len(d))])
def test_a_damaged_tile_is_no_fork(change) -> None:  # type: ignore[no-untyped-def]
    """A17: what does not lead to the signed root says nothing about history."""
    registry = grown()
    path = "/log/tile/0/000.p/3"
    registry.files[path] = change(registry.files[path])
    client = Client(registry)
    assert refused(client).check is Check.LOG_PROOF
    assert client.state.forks == []


def test_a_tile_too_long_is_refused() -> None:
    """A20."""
    registry = grown()
    registry.files["/log/tile/0/000.p/3"] = bytes(8193)
    client = Client(registry)
    client.plane.capped = False
    assert refused(client).check is Check.LOG_PROOF


def test_the_full_tile_serves_where_the_partial_one_is_gone() -> None:
    registry = grown()
    full = registry.files.pop("/log/tile/0/000.p/3")
    client = Client(registry)
    assert refused(client).check is Check.LOG_PROOF
    registry.files["/log/tile/0/000"] = full + bytes(253 * 32)
    install(client.restart())


def test_what_was_remembered_is_verified_again() -> None:
    """F2."""
    registry = grown()
    client = Client(registry)
    install(client)
    size, kept = client.state.checkpoints[registry.log.origin]
    client.state.checkpoints[registry.log.origin] = (size, kept.replace(b"\n3\n", b"\n2\n"))
    assert refused(client.restart()).check is Check.LOG_CHECKPOINT


def test_an_equal_checkpoint_signed_again_is_the_same_tree() -> None:
    registry = grown()
    client = Client(registry)
    install(client)
    before = client.state.checkpoints[registry.log.origin]
    registry.files["/log/checkpoint"] = registry.log.signed()
    install(client.restart())
    assert client.state.checkpoints[registry.log.origin] == before


def bundle(registry: StaticRegistry, *keys: trust.LogKey) -> trust.TrustBundle:
    return replace(registry.trust_bundle(), logs=keys)


def second_shard(registry: StaticRegistry) -> Log:
    origin = names.log_origin(registry.registry_id, "2")
    return Log(origin, issue(root_shape("second log"), None), [b"first"])


@pytest.mark.parametrize("closed", [True, False])
def test_a_release_in_a_closed_log_stands_by_its_pinned_key(closed: bool) -> None:
    registry = grown()
    shard = second_shard(registry)
    registry.files["/log/checkpoint"] = shard.signed()
    registry.hooks["timestamp"] = lambda d: d | {"checkpoint_size": 1}
    registry._write_timestamp(bytes.fromhex(_root(registry)))
    end = NOW - DAY if closed else None
    old = trust.make_log_key(registry.log.origin, registry.log.vkey, NOW - 800 * DAY, end)
    new = trust.make_log_key(shard.origin, shard.vkey, NOW - DAY)
    client = Client(registry)
    client.verifier = Verifier(client.plane, bundle(registry, old, new), client.state, client.clock)
    if closed:
        install(client)
    else:
        assert refused(client).check is Check.LOG_CHECKPOINT


def test_a_log_key_counts_within_its_time_only() -> None:
    registry = grown()
    early = trust.make_log_key(
        registry.log.origin, registry.log.vkey, NOW - 800 * DAY, NOW - 3 * DAY
    )
    client = Client(registry)
    client.verifier = Verifier(client.plane, bundle(registry, early), client.state, client.clock)
    assert refused(client).check is Check.LOG_CHECKPOINT


def test_a_log_begins_empty() -> None:
    registry = grown()
    origin = registry.log.origin
    empty = registry.log.signed(Checkpoint(origin, 0, EMPTY_ROOT))
    state = MemoryState(checkpoints={origin: (0, empty)})
    install(Client(registry, state))
    assert state.checkpoints[origin][0] == 3
    assert note.parse_note(state.checkpoints[origin][1]).text.split("\n")[1] == "3"


def test_a_checkpoint_of_a_log_nobody_pinned_is_refused() -> None:
    registry = grown()
    stranger = Log("skreg-0123456789abcdef/1", registry.log.key, [b"x"])
    plane = MemoryPlane({"/log/checkpoint": stranger.signed()})
    view = LogView(plane, MemoryState(), registry.trust_bundle(), NOW, 0)
    with pytest.raises(VerificationRefused) as caught:
        view.head()
    assert caught.value.check is Check.LOG_CHECKPOINT
