"""The sequencer: killed anywhere, run twice, given a database or a store that went back in time."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from log_reader import check, checkpoint
from publish_support import MemoryStore, database, entry, new_log_keys

from skillpkg.crypto import note
from skillpkg.crypto.checkpoint import open_checkpoint
from skreg.errors import LogForkRefused, LogUnreadable, StorageUnavailable
from skreg.publish.log.sequencer import CHECKPOINT, LogKeys, integrate

KEYS = new_log_keys()


async def test_with_nothing_to_add_the_published_note_stands() -> None:
    blobs = MemoryStore()
    first = await integrate(blobs, KEYS, database(), 300)
    blobs.written.clear()
    assert await integrate(blobs, KEYS, database(), 300) == first
    assert blobs.written == []


async def test_the_checkpoint_is_written_last() -> None:
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), 3000)
    assert blobs.written.index(CHECKPOINT) == len(blobs.written) - 1


@settings(max_examples=40, deadline=None)
@given(old=st.integers(0, 600), grow=st.integers(1, 1300), kill=st.integers(0, 20))
async def test_a_killed_run_is_finished_by_the_next(old: int, grow: int, kill: int) -> None:
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), old)
    blobs.fail_at = kill
    try:
        await integrate(blobs, KEYS, database(), old + grow)
    except StorageUnavailable:
        assert checkpoint(blobs.objects)[1] == old
    check(blobs.objects)
    blobs.fail_at = None
    await integrate(blobs, KEYS, database(), old + grow)
    assert check(blobs.objects)[0] == old + grow


async def test_entries_that_no_checkpoint_covered_may_change() -> None:
    """A killed run's tiles may hold entries whose transaction was then rolled back."""
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), 200)
    blobs.fail_at = 4
    with pytest.raises(StorageUnavailable):
        await integrate(blobs, KEYS, database("lost", since=200), 600)
    blobs.fail_at = None
    await integrate(blobs, KEYS, database("kept", since=200), 601)
    check(blobs.objects)


async def test_a_database_with_fewer_entries_is_refused() -> None:
    blobs = MemoryStore()
    published = await integrate(blobs, KEYS, database(), 300)
    with pytest.raises(LogForkRefused, match="300 entries, the database 299"):
        await integrate(blobs, KEYS, database(), 299)
    assert blobs.objects[CHECKPOINT] == published


@pytest.mark.parametrize("published", [1, 255, 256, 300, 512])
@pytest.mark.parametrize("back", [1, 40])
async def test_a_restored_database_that_went_on_is_refused(published: int, back: int) -> None:
    blobs = MemoryStore()
    note_before = await integrate(blobs, KEYS, database(), published)
    restored = database("restored", since=max(0, published - back))
    for size in (published, published + 500):
        with pytest.raises(LogForkRefused, match="backup"):
            await integrate(blobs, KEYS, restored, size)
    assert blobs.objects[CHECKPOINT] == note_before


async def test_a_database_that_lacks_an_entry_is_refused() -> None:
    async def short(start: int, end: int) -> Sequence[bytes]:
        return [entry(i) for i in range(start, end)][:-1]

    with pytest.raises(LogUnreadable, match="gave 9 entries for 0 to 9"):
        await integrate(MemoryStore(), KEYS, short, 10)


@pytest.mark.parametrize("size", [255, 256, 300, 512, 700])
async def test_tiles_that_do_not_add_up_are_not_built_upon(size: int) -> None:
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), size)
    last = max(k for k in blobs.objects if k.startswith(f"log/tile/0/{(size - 1) // 256:03d}"))
    good = blobs.objects[last]
    for bad in (good[:-1] + bytes([good[-1] ^ 1]), good[:-32]):
        blobs.objects[last] = bad
        with pytest.raises(LogUnreadable):
            await integrate(blobs, KEYS, database(), size + 1)
    await blobs.delete(last)
    with pytest.raises(LogUnreadable, match="missing"):
        await integrate(blobs, KEYS, database(), size + 1)


async def test_a_checkpoint_that_another_run_wrote_meanwhile_is_kept() -> None:
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), 10)

    async def meanwhile(start: int, end: int) -> Sequence[bytes]:
        if end == 20:
            await integrate(blobs, KEYS, database(), 30)
        return [entry(i) for i in range(start, end)]

    with pytest.raises(LogForkRefused, match="Another checkpoint"):
        await integrate(blobs, KEYS, meanwhile, 20)
    assert check(blobs.objects)[0] == 30


async def test_a_checkpoint_by_an_unknown_key_is_refused_and_by_a_former_one_built_upon() -> None:
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), 10)
    new = new_log_keys()
    with pytest.raises(LogUnreadable, match="ECDSA"):
        await integrate(blobs, new, database(), 20)
    vkey = note.vkey_ecdsa(KEYS.origin, KEYS.signer.spki())
    await integrate(blobs, LogKeys(new.origin, new.signer, former=(vkey,)), database(), 20)
    assert check(blobs.objects)[0] == 20


async def test_a_checkpoint_of_another_shard_is_refused() -> None:
    blobs = MemoryStore()
    other = new_log_keys("skreg-0123456789abcdef/2")
    await integrate(blobs, other, database(), 10)
    vkey = note.vkey_ecdsa(other.origin, other.signer.spki())
    with pytest.raises(LogUnreadable, match="not of"):
        await integrate(blobs, LogKeys(KEYS.origin, KEYS.signer, former=(vkey,)), database(), 20)


async def test_both_lines_verify_and_each_under_its_own_key_id() -> None:
    witnessed = Ed25519PrivateKey.generate()
    keys = LogKeys(KEYS.origin, KEYS.signer, witnessed)
    signed = await integrate(MemoryStore(), keys, database(), 5)
    text, _, lines = signed.decode().partition("\n\n")
    parts = [line.split(" ") for line in lines.splitlines()]
    assert [part[:2] for part in parts] == [["\u2014", keys.origin]] * 2
    raw = base64.b64decode(parts[1][2])
    witnessed.public_key().verify(raw[4:], (text + "\n").encode())
    ours = note.parse_vkey(note.vkey_ecdsa(keys.origin, keys.signer.spki()))
    theirs = note.parse_vkey(
        note.vkey_ed25519(keys.origin, witnessed.public_key().public_bytes_raw())
    )
    assert open_checkpoint(signed, [ours, theirs]).size == 5
