"""Google Cloud CDN: ``gcpcdn://PROJECT/URL-MAP``.

Credentials are the workload's own. ``?endpoint=127.0.0.1:PORT`` reaches a stand-in on this
machine, without TLS and without credentials.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import google.auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request

from skreg.adapters.cdn.rest import Rest
from skreg.adapters.loopback import require_loopback
from skreg.errors import ConfigurationInvalid, Unavailable

_API = "https://compute.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_NAMESPACE = uuid.UUID("b5a3a1d2-4f0e-4a46-9f8e-6f4f2a5f8f11")
"""Makes request ids from paths, so that asking again is the same request."""


class GoogleCdn:
    """The cache behind one URL map."""

    def __init__(self, rest: Rest, base: str) -> None:
        self._rest = rest
        self._base = base

    async def invalidate(self, paths: Sequence[str]) -> None:
        """Ask for each path; the API takes one at a time."""
        for path in paths:
            request = uuid.uuid5(_NAMESPACE, path)
            url = f"{self._base}/invalidateCache?requestId={request}"
            await asyncio.to_thread(self._rest.post, url, {"path": path})


def open_cdn(uri: str) -> GoogleCdn:
    """Open the URL map that ``uri`` names.

    Raises:
        ConfigurationInvalid: no project or URL map, or an endpoint that is not on this machine.
    """
    parts = urlsplit(uri)
    url_map = parts.path.strip("/")
    if not parts.netloc or not url_map or "/" in url_map:
        raise ConfigurationInvalid(
            "CDN_URI names no URL map of Google Cloud.",
            why=f"It is {uri!r}.",
            fix="Write it as gcpcdn://PROJECT/URL-MAP.",
        )
    endpoint = parse_qs(parts.query).get("endpoint", [""])[0]
    api = f"http://{require_loopback(endpoint)}" if endpoint else _API
    base = f"{api}/compute/v1/projects/{parts.netloc}/global/urlMaps/{url_map}"
    return GoogleCdn(Rest("Cloud CDN", (lambda: None) if endpoint else _token), base)


def _token() -> str:
    try:
        credentials, _ = google.auth.default(scopes=[_SCOPE])
        credentials.refresh(Request())  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise Unavailable("This workload has no Google identity now.", why=str(error)) from error
    return str(credentials.token)
