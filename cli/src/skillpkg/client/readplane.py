"""A registry's static objects over https or from a folder (PROTOCOL.md, Static read plane).

Nothing here is trusted: the verifier judges every byte.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from skillpkg.client.addresses import folder_of, is_folder, join, path_parts
from skillpkg.client.transport import Request, Response, Transport
from skillpkg.errors import NetworkFailure, NotAllowed, NotFound
from skillpkg.install.ports import ReadPlane

_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_CHUNK = 256 * 1024


def open_plane(
    urls: Sequence[str], transport: Transport, token_for: Callable[[str], str | None]
) -> ReadPlane:
    """Return a plane that reads from ``urls`` in their order (the CDN first, then the API).

    Args:
        token_for: returns the token that may be sent to a URL, or None; asked only after a
            server has refused a request without one.
    """
    planes: list[ReadPlane] = [
        FolderPlane(folder_of(url)) if is_folder(url) else HttpPlane(url, transport, token_for)
        for url in urls
    ]
    return planes[0] if len(planes) == 1 else SeveralPlanes(planes)


class HttpPlane:
    """Objects below one base URL."""

    def __init__(
        self, base: str, transport: Transport, token_for: Callable[[str], str | None]
    ) -> None:
        self._base = base.rstrip("/")
        self._transport = transport
        self._token_for = token_for
        self._token: str | None = None

    def get(self, path: str, *, max_size: int, immutable: bool) -> bytes:
        """Return the object at ``path``; see `skillpkg.install.ports.ReadPlane`."""
        url = join(self._base, path)
        headers = {} if immutable else {"Cache-Control": "no-cache"}
        answer = self._transport.send(Request(url, max_size, token=self._token, headers=headers))
        if answer.status in (401, 403) and self._token is None:
            self._token = self._token_for(self._base)
            if self._token is not None:
                request = Request(url, max_size, token=self._token, headers=headers)
                answer = self._transport.send(request)
        return _body(url, answer)


def _body(url: str, answer: Response) -> bytes:
    if answer.status == 200:
        return answer.body
    if answer.status in (404, 410):
        raise NotFound("The registry has no such object.", why=f"{answer.status} from {url}")
    if answer.status in (401, 403):
        raise NotAllowed(
            "The registry does not let you read this.",
            why=f"{answer.status} from {url}",
            fix="Log in: skillpkg login",
        )
    raise NetworkFailure(
        "The registry did not answer as it should.", why=f"{answer.status} from {url}"
    )


class FolderPlane:
    """Objects in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, path: str, *, max_size: int, immutable: bool) -> bytes:
        """Return the object at ``path``; see `skillpkg.install.ports.ReadPlane`."""
        target = self._folder.joinpath(*path_parts(path))
        try:
            return _read_file(target, max_size)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound("The registry has no such object.", why=f"No file {target}") from error
        except OSError as error:
            raise NetworkFailure(f"{target} could not be read.", why=str(error)) from error


def _read_file(path: Path, max_size: int) -> bytes:
    descriptor = os.open(path, _OPEN)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NetworkFailure(f"{path} is not a plain file.")
        data = file.read(max_size + 1)
    if len(data) > max_size:
        raise NetworkFailure("The registry sent more than it may.", why=f"max: {max_size} bytes")
    return data


class SeveralPlanes:
    """The same objects at several places; the first that has one serves it.

    A place that could not be reached is asked last from then on, so that a dead CDN costs one
    wait and not one for every object.
    """

    def __init__(self, planes: Sequence[ReadPlane]) -> None:
        self._planes = list(planes)

    def get(self, path: str, *, max_size: int, immutable: bool) -> bytes:
        """Return the object at ``path``; see `skillpkg.install.ports.ReadPlane`.

        Raises:
            NotFound: one place answered that there is no such object, and no place has it.
        """
        failures: list[NotFound | NotAllowed | NetworkFailure] = []
        for plane in tuple(self._planes):
            try:
                return plane.get(path, max_size=max_size, immutable=immutable)
            except NetworkFailure as error:
                failures.append(error)
                self._planes = [other for other in self._planes if other is not plane] + [plane]
            except (NotFound, NotAllowed) as error:
                failures.append(error)
        raise min(failures, key=_weight)


def _weight(failure: Exception) -> int:
    return 0 if isinstance(failure, NotFound) else 1 if isinstance(failure, NotAllowed) else 2
