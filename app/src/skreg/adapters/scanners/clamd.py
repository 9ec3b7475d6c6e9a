"""ClamAV's daemon over TCP or a Unix socket, by its INSTREAM command.

The protocol, from ``man 8 clamd``: ``zINSTREAM\\0``, then chunks, each after its length as four
bytes in network order, then a chunk of length 0. The answer ends with ``\\0``: ``stream: OK``,
``stream: <signature> FOUND``, or a sentence that ends with ``ERROR``.
"""

from __future__ import annotations

import asyncio
import socket
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
        except (OSError, EOFError, TimeoutError) as error:
            raise self._absent(str(error) or type(error).__name__) from error
        return self._read(answer)

    async def _ask(self, data: bytes) -> str:
        with await self._connect() as connection:
            return await _talk(connection, data)

    async def _connect(self) -> socket.socket:
        """Return a connected socket, at whichever of the host's addresses clamd listens."""
        if self._path:
            _, writer = await asyncio.open_unix_connection(self._path)
        else:
            _, writer = await asyncio.open_connection(self._host, self._port)
        connection: socket.socket = writer.get_extra_info("socket").dup()
        writer.close()
        connection.setblocking(False)
        return connection

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


async def _talk(connection: socket.socket, data: bytes) -> str:
    """Send the file while waiting for the answer: clamd may refuse before it has all of it.

    It then answers and closes, and what is sent after that fails. A stream would end with that
    failure and lose the answer; a socket still has it.
    """
    sending = asyncio.ensure_future(_send(connection, data))
    try:
        answer = await _answer(connection)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    return answer.decode("utf-8", "replace").strip()


async def _answer(connection: socket.socket) -> bytes:
    loop, found = asyncio.get_running_loop(), b""
    while b"\0" not in found:
        piece = await loop.sock_recv(connection, LONGEST_ANSWER)
        if not piece or len(found) > LONGEST_ANSWER:
            raise EOFError("it closed the connection" if not piece else "its answer has no end")
        found += piece
    return found.partition(b"\0")[0]


async def _send(connection: socket.socket, data: bytes) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, b"zINSTREAM\0")
    for start in range(0, len(data), CHUNK):
        chunk = data[start : start + CHUNK]
        await loop.sock_sendall(connection, struct.pack("!I", len(chunk)) + chunk)
    await loop.sock_sendall(connection, struct.pack("!I", 0))


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
