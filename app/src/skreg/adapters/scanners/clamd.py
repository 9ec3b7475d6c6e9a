"""ClamAV's daemon over TCP or a Unix socket, by its INSTREAM command.

The protocol, from ``man 8 clamd``: ``zINSTREAM\\0``, then chunks, each after its length as four
bytes in network order, then a chunk of length 0. The answer ends with ``\\0``: ``stream: OK``,
``stream: <signature> FOUND``, or a sentence that ends with ``ERROR``.
"""

from __future__ import annotations

import asyncio
import struct
from urllib.parse import urlsplit

from skreg.errors import ConfigurationInvalid, ScannerUnavailable, Unscannable

CHUNK = 1 << 18
LONGEST_ANSWER = 4096
PATIENCE_SECONDS = 120.0
"""How long one file may take."""
PORT = 3310


class ClamdScanner:
    """Asks one clamd, with a connection for each file.

    Args:
        host, port: where it listens; ``path`` instead, when it listens on a Unix socket.
        patience: seconds that one file may take.
    """

    def __init__(
        self,
        host: str = "",
        port: int = PORT,
        *,
        path: str = "",
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._host, self._port, self._path = host, port, path
        self._patience = patience

    async def scan(self, data: bytes) -> str | None:
        """Send one file; see the port."""
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._ask(data)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
            raise self._absent(str(error) or type(error).__name__) from error
        return self._read(answer)

    async def _ask(self, data: bytes) -> str:
        reader, writer = await self._connect()
        try:
            return await _talk(reader, writer, data)
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._path:
            return await asyncio.open_unix_connection(self._path, limit=LONGEST_ANSWER)
        return await asyncio.open_connection(self._host, self._port, limit=LONGEST_ANSWER)

    def _read(self, answer: str) -> str | None:
        text = answer.removeprefix("stream: ")
        if text == "OK":
            return None
        if text.endswith(" FOUND"):
            return text.removesuffix(" FOUND")
        if text.startswith("INSTREAM size limit exceeded"):
            raise Unscannable(
                "The malware scanner does not take files of this size.",
                why=text,
                fix="Raise StreamMaxLength in clamd.conf; 50M takes every file that skreg does.",
            )
        raise self._absent(f"it answered {text!r}")

    def _absent(self, why: str) -> ScannerUnavailable:
        place = self._path or f"{self._host}:{self._port}"
        return ScannerUnavailable(
            "The malware scanner did not scan.",
            why=f"clamd at {place}: {why}.",
            fix="Start it, or correct SCANNER_URL; what was uploaded waits until then.",
        )


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> str:
    """Send the file while waiting for the answer: clamd may refuse before it has all of it."""
    sending = asyncio.ensure_future(_send(writer, data))
    try:
        answer = await reader.readuntil(b"\0")
    finally:
        sending.cancel()
        # An answer counts, also when clamd closed before it had read everything.
        await asyncio.gather(sending, return_exceptions=True)
    return answer[:-1].decode("utf-8", "replace").strip()


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"zINSTREAM\0")
    for start in range(0, len(data), CHUNK):
        chunk = data[start : start + CHUNK]
        writer.write(struct.pack("!I", len(chunk)) + chunk)
        await writer.drain()
    writer.write(struct.pack("!I", 0))
    await writer.drain()


def open_scanner(url: str) -> ClamdScanner:
    """Open ``clamd://host:3310`` or ``clamd:///path/of/the.socket``; asks nothing.

    Raises:
        ConfigurationInvalid: neither a host nor a path, or no port number.
    """
    try:
        parts = urlsplit(url)
        host, port, path = parts.hostname or "", parts.port or PORT, parts.path
    except ValueError:
        host, port, path = "", PORT, ""
    if bool(host) is bool(path.strip("/")):
        raise ConfigurationInvalid(
            "SCANNER_URL names no clamd.",
            why=f"It is {url!r}.",
            fix="Write clamd://host:3310, or clamd:///run/clamav/clamd.ctl for a Unix socket.",
        )
    return ClamdScanner(host, port) if host else ClamdScanner(path=path)
