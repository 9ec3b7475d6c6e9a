"""Multipart bodies: any parts in any chunks come through, and what breaks the form is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skreg.api.multipart import MAX_PARTS, NotMultipart, read_parts

BOUNDARY = "a-boundary"
KIND = f"multipart/form-data; boundary={BOUNDARY}"


def part(name: str, data: bytes, more: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def chunks(data: bytes, sizes: Sequence[int]) -> AsyncIterator[bytes]:
    for size in sizes:
        if piece := data[:size]:
            yield piece
        data = data[size:]
    yield data


@given(
    archive=st.binary(max_size=300),
    chain=st.binary(max_size=50),
    sizes=st.lists(st.integers(min_value=1, max_value=40), max_size=30),
)
async def test_parts_come_through_in_any_chunks(
    archive: bytes, chain: bytes, sizes: list[int]
) -> None:
    sent = body(part("archive", archive, '; filename="a.skill"'), part("chain", chain))
    found = await read_parts(KIND, chunks(sent, sizes))
    assert found == {"archive": archive, "chain": chain}


@given(st.binary(max_size=200), st.lists(st.integers(1, 30), max_size=10))
async def test_no_body_does_anything_but_come_through_or_be_refused(
    data: bytes, sizes: list[int]
) -> None:
    for sent in (data, f"--{BOUNDARY}\r\n".encode() + data):
        with suppress(NotMultipart):  # any other error is a defect
            await read_parts(KIND, chunks(sent, sizes))


async def test_bytes_near_a_boundary_are_data() -> None:
    data = f"\r\n--{BOUNDARY[:-1]}\r\n--\r\r\n-".encode()
    assert await read_parts(KIND, chunks(body(part("archive", data)), [7] * 40)) == {
        "archive": data
    }


async def test_what_another_library_writes_is_read() -> None:
    made = MIMEMultipart("form-data", BOUNDARY)
    file = MIMEApplication(b"\x00\xff")
    file.add_header("Content-Disposition", "form-data", name="archive", filename="a.skill")
    made.attach(file)
    head, _, sent = made.as_bytes().replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
    kind = head.partition(b"Content-Type: ")[2].partition(b"\r\nMIME")[0].decode()
    assert (await read_parts(kind, chunks(sent, [])))["archive"].strip() == b"AP8="


async def test_of_two_parts_of_one_name_the_last_counts() -> None:
    sent = body(part("archive", b"1"), part("archive", b"2"))
    assert await read_parts(KIND, chunks(sent, [])) == {"archive": b"2"}


@pytest.mark.parametrize(
    ("kind", "sent", "why"),
    [
        ("application/json", body(), "not multipart"),
        ("", body(), "not multipart"),
        ("multipart/form-data", body(), "no boundary"),
        (f"multipart/form-data; boundary={'b' * 300}", body(), "told apart"),
        (KIND, b"nothing of the kind", "told apart"),
        (KIND, part("archive", b"1"), "ends before"),
        (KIND, b"", "ends before"),
        (KIND, body(f"--{BOUNDARY}\r\nX: y\r\n\r\n1\r\n".encode()), "no name"),
        (KIND, body(*[part("a", b"")] * (MAX_PARTS + 1)), "more than 20"),
    ],
)
async def test_what_breaks_the_form_is_told(kind: str, sent: bytes, why: str) -> None:
    with pytest.raises(NotMultipart, match=why):
        await read_parts(kind, chunks(sent, []))
