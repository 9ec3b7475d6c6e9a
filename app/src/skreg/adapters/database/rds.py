"""Amazon RDS: a token of 15 minutes, signed here with the role's own credentials."""

from __future__ import annotations

import threading
from collections.abc import Callable

import boto3  # type: ignore[import-untyped]  # boto3 makes its clients at run time
from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]

from skreg.adapters.database.place import DatabasePlace
from skreg.errors import Unavailable

_MAKING = threading.Lock()
"""AWS's library must not make two clients at once, and connections are made in threads."""


def open_login(place: DatabasePlace, _secret_uri: str) -> Callable[[], str]:
    """Return what makes a token now; the region comes from ``AWS_REGION``."""

    def token() -> str:
        try:
            with _MAKING:
                client = boto3.client("rds", region_name=_region(place.host))
            return str(
                client.generate_db_auth_token(
                    DBHostname=place.host, Port=place.port, DBUsername=place.user
                )
            )
        except BotoCoreError as error:
            raise Unavailable(
                "No token for the database could be made.",
                why=str(error),
                fix="Check this process's role; it needs rds-db:connect for the user.",
            ) from error

    return token


def _region(host: str) -> str | None:
    """Return the region in ``name.id.REGION.rds.amazonaws.com``, None to let AWS's client say."""
    parts = host.split(".")
    return parts[2] if len(parts) > 4 and parts[3] == "rds" else None
