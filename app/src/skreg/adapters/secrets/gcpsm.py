"""Google Secret Manager: ``gcpsm://PROJECT``.

Credentials are the workload's own. ``?endpoint=127.0.0.1:PORT`` reaches a stand-in on this
machine, without TLS and without credentials.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from urllib.parse import parse_qs, urlsplit

import grpc  # type: ignore[import-untyped]
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.cloud import secretmanager_v1
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcTransport,
)

from skreg.adapters.loopback import require_loopback
from skreg.errors import ConfigurationInvalid, Missing, Unavailable

_TIMEOUT = 10.0
_MISSING = (exceptions.NotFound, exceptions.PermissionDenied, exceptions.FailedPrecondition)
"""The last one is a version that is disabled or destroyed."""


class GcpSecrets:
    """The secrets of one project; they are made by the infrastructure, not here."""

    def __init__(self, project: str, endpoint: str) -> None:
        self._project = project
        self._endpoint = endpoint

    def read(self, name: str) -> bytes:
        """Return the latest version's value."""
        with _answering(name):
            found = self._client.access_secret_version(
                name=f"{self._full(name)}/versions/latest", retry=None, timeout=_TIMEOUT
            )
        return bytes(found.payload.data)

    def write(self, name: str, value: bytes) -> None:
        """Add a version to the secret."""
        with _answering(name):
            self._client.add_secret_version(
                parent=self._full(name),
                payload=secretmanager_v1.SecretPayload(data=value),
                retry=None,
                timeout=_TIMEOUT,
            )

    def _full(self, name: str) -> str:
        return f"projects/{self._project}/secrets/{name}"

    @cached_property
    def _client(self) -> secretmanager_v1.SecretManagerServiceClient:
        if not self._endpoint:
            return secretmanager_v1.SecretManagerServiceClient()
        channel = grpc.insecure_channel(self._endpoint)
        return secretmanager_v1.SecretManagerServiceClient(
            transport=SecretManagerServiceGrpcTransport(channel=channel)
        )


def open_store(uri: str) -> GcpSecrets:
    """Open the secrets of the project that ``uri`` names.

    Raises:
        ConfigurationInvalid: no project, or an endpoint that is not on this machine.
    """
    parts = urlsplit(uri)
    if not parts.netloc or parts.path.strip("/"):
        raise ConfigurationInvalid(
            "The secrets' URI names no Google Cloud project.",
            why=f"It is {uri!r}.",
            fix="Write it as gcpsm://PROJECT/name.",
        )
    endpoint = parse_qs(parts.query).get("endpoint", [""])[0]
    return GcpSecrets(parts.netloc, endpoint and require_loopback(endpoint))


@contextmanager
def _answering(name: str) -> Iterator[None]:
    try:
        yield
    except _MISSING as error:
        raise Missing(
            "The secret does not exist or may not be used.",
            why=f"{name}: {error.message}",
            fix="Check its name and that this identity has the role secretAccessor on it, to write "
            "secretVersionAdder.",
        ) from error
    except (exceptions.GoogleAPIError, GoogleAuthError) as error:
        raise Unavailable(
            "Google Secret Manager did not answer.",
            why=f"{name}: {error}",
            fix="Check the route to it and this workload's identity; then try again.",
        ) from error
