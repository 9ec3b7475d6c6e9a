"""AWS Secrets Manager: ``awssm://REGION``, names as there (or full ARNs).

Credentials, and the endpoint of another server, come from the environment variables of AWS's own
clients.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypedDict

import boto3  # type: ignore[import-untyped]  # boto3 makes its clients at run time
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from skreg.errors import ConfigurationInvalid, Missing, Unavailable

_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 3})
_MISSING = ("ResourceNotFoundException", "AccessDeniedException", "InvalidRequestException")
"""The last one is a secret that is marked for deletion."""


class _Value(TypedDict, total=False):
    SecretString: str
    SecretBinary: bytes


class _Manager(Protocol):
    """What is used of boto3's client, with the names of the service's own API."""

    def get_secret_value(self, *, SecretId: str) -> _Value: ...  # noqa: N803
    def put_secret_value(self, *, SecretId: str, SecretString: str) -> object: ...  # noqa: N803


class AwsSecrets:
    """The secrets of one account and region; they are made by the infrastructure, not here."""

    def __init__(self, manager: _Manager) -> None:
        self._manager = manager

    def read(self, name: str) -> bytes:
        """Return the current version's value."""
        with _answering(name):
            found = self._manager.get_secret_value(SecretId=name)
        return found.get("SecretBinary") or found.get("SecretString", "").encode()

    def write(self, name: str, value: bytes) -> None:
        """Store ``value``, which is UTF-8 text, as the secret's new current version."""
        with _answering(name):
            self._manager.put_secret_value(SecretId=name, SecretString=value.decode())


def open_store(uri: str) -> AwsSecrets:
    """Open the secrets of the region that ``uri`` names.

    Raises:
        ConfigurationInvalid: the URI names no region.
    """
    region = uri.removeprefix("awssm://").strip("/")
    if not region:
        raise ConfigurationInvalid(
            "The secrets' URI names no AWS region.",
            why=f"It is {uri!r}.",
            fix="Write it as awssm://eu-west-1/name.",
        )
    return AwsSecrets(boto3.client("secretsmanager", region_name=region, config=_CONFIG))


@contextmanager
def _answering(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _MISSING:
            raise Missing(
                "The secret does not exist or may not be used.",
                why=f"{name}: {code}.",
                fix="Check its name and that this role may use it.",
            ) from error
        raise _unavailable(name, code) from error
    except BotoCoreError as error:
        raise _unavailable(name, str(error)) from error


def _unavailable(name: str, cause: str) -> Unavailable:
    return Unavailable(
        "AWS Secrets Manager did not answer.",
        why=f"{name}: {cause}.",
        fix="Check the route to it and this process's role; then try again.",
    )
