"""Cloud SQL: the workload's own OAuth token, for the one purpose of logging in."""

from __future__ import annotations

from collections.abc import Callable

import google.auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request

from skreg.adapters.database.place import DatabasePlace
from skreg.errors import Unavailable

SCOPE = "https://www.googleapis.com/auth/sqlservice.login"


def open_login(_place: DatabasePlace, _secret_uri: str) -> Callable[[], str]:
    """Return what asks for a token now; the metadata server keeps one until it nears its end."""

    def token() -> str:
        try:
            credentials, _ = google.auth.default(scopes=[SCOPE])
            credentials.refresh(Request())  # type: ignore[no-untyped-call]
        except GoogleAuthError as error:
            raise Unavailable(
                "No token for the database was given.",
                why=str(error),
                fix="Check the workload's service account; it needs roles/cloudsql.instanceUser.",
            ) from error
        return str(credentials.token)

    return token
