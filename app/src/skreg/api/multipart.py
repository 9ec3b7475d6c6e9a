"""The parts of a multipart/form-data body, gathered in memory while it arrives.

An archive is wanted whole and is at most 10 MiB, so nothing is spooled to a file and read back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_PARTS = 20
"""More parts than any upload has."""


class NotMultipart(ValueError):
    """The body is not what its content type says; the text tells why."""


class _Parts:
    """What the parser calls: names and values of the parts, in order."""

    def __init__(self) -> None:
        self.found: list[tuple[str, list[bytes]]] = []
        self.is_whole = False
        self._header = self._value = self._disposition = b""

    def callbacks(self) -> MultipartCallbacks:
        """Return the methods under the parser's names for them."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._more,
            "on_header_end": self._header_end,
            "on_headers_finished": self._name,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._disposition = b""
        if len(self.found) >= MAX_PARTS:
            raise NotMultipart(f"It has more than {MAX_PARTS} parts.")

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _more(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _name(self) -> None:
        name = parse_options_header(self._disposition)[1].get(b"name")
        if name is None:
            raise NotMultipart("A part has no name in its Content-Disposition.")
        self.found.append((name.decode("utf-8", "replace"), []))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.found[-1][1].append(data[start:end])

    def _end(self) -> None:
        self.is_whole = True


async def read_parts(content_type: str, chunks: AsyncIterator[bytes]) -> dict[str, bytes]:
    """Return each part's bytes by its field's name; of several of one name the last.

    Raises:
        NotMultipart: another content type, no boundary, or a body that breaks the form.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise NotMultipart("The body is not multipart/form-data.")
    if b"boundary" not in options:
        raise NotMultipart("Its content type names no boundary.")
    parts = _Parts()
    try:
        parser = MultipartParser(options[b"boundary"], parts.callbacks())
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise NotMultipart("Its parts cannot be told apart.") from error
    if not parts.is_whole:
        raise NotMultipart("It ends before its last boundary.")
    return {name: b"".join(data) for name, data in parts.found}
