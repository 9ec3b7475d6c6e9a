"""Azure Front Door: ``frontdoor://SUBSCRIPTION/RESOURCE-GROUP/PROFILE/ENDPOINT``.

Credentials are the workload's own (managed identity, ``AZURE_CLIENT_ID``).
``?endpoint=127.0.0.1:PORT`` reaches a stand-in on this machine, without TLS and credentials.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from urllib.parse import parse_qs

from azure.core.exceptions import AzureError
from azure.identity import DefaultAzureCredential

from skreg.adapters.cdn.rest import Rest, Token
from skreg.adapters.loopback import require_loopback
from skreg.errors import ConfigurationInvalid, Unavailable

_API = "https://management.azure.com"
_VERSION = "2024-02-01"
_PLACE = re.compile(
    r"frontdoor://([0-9a-fA-F-]{36})/([\w().-]{1,90})/([\w-]{1,260})/([\w-]{1,260})", re.ASCII
)


class FrontDoor:
    """One endpoint of a Front Door profile."""

    def __init__(self, rest: Rest, url: str) -> None:
        self._rest = rest
        self._url = url

    async def invalidate(self, paths: Sequence[str]) -> None:
        """Purge the paths in one request."""
        await asyncio.to_thread(self._rest.post, self._url, {"contentPaths": list(paths)})


def open_cdn(uri: str) -> FrontDoor:
    """Open the endpoint that ``uri`` names.

    Raises:
        ConfigurationInvalid: the URI names none, or a stand-in that is not on this machine.
    """
    place, _, query = uri.partition("?")
    found = _PLACE.fullmatch(place.rstrip("/"))
    if found is None:
        raise ConfigurationInvalid(
            "CDN_URI names no endpoint of Azure Front Door.",
            why=f"It is {uri!r}.",
            fix="Write it as frontdoor://SUBSCRIPTION/RESOURCE-GROUP/PROFILE/ENDPOINT.",
        )
    endpoint = parse_qs(query).get("endpoint", [""])[0]
    api = f"http://{require_loopback(endpoint)}" if endpoint else _API
    subscription, group, profile, name = found.groups()
    url = (
        f"{api}/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Cdn"
        f"/profiles/{profile}/afdEndpoints/{name}/purge?api-version={_VERSION}"
    )
    return FrontDoor(Rest("Front Door", (lambda: None) if endpoint else _managed()), url)


def _managed() -> Token:
    credential = DefaultAzureCredential()

    def token() -> str:
        try:
            return credential.get_token(f"{_API}/.default").token
        except AzureError as error:
            raise Unavailable(
                "This workload has no Azure identity now.", why=error.message
            ) from error

    return token
