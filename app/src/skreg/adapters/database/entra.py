"""Azure Database for PostgreSQL: a token of Microsoft Entra for the workload's identity."""

from __future__ import annotations

from collections.abc import Callable

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential

from skreg.adapters.database.place import DatabasePlace
from skreg.errors import Unavailable

SCOPE = "https://ossrdbms-aad.database.windows.net/.default"


def open_login(_place: DatabasePlace, _secret_uri: str) -> Callable[[], str]:
    """Return what asks for a token now; Azure's client keeps one until it nears its end."""
    credential = DefaultAzureCredential()

    def token() -> str:
        try:
            return credential.get_token(SCOPE).token
        except ClientAuthenticationError as error:
            raise Unavailable(
                "No token for the database was given.",
                why=error.message,
                fix="Check the workload's identity; it must be a principal of the server.",
            ) from error

    return token
