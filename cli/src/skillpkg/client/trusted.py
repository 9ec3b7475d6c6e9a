"""Publishing from CI without a kept token: the job's identity token buys one for minutes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from skillpkg.canonical_json import JsonObject
from skillpkg.client.api import Api, text_of
from skillpkg.client.transport import Request, Transport
from skillpkg.errors import NetworkFailure, NotAllowed, SkillpkgError
from skillpkg.output import Output

_MAX_ANSWER = 64 * 1024
_GITHUB_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
_GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105 - the variable's name
_GITLAB = "SKILLPKG_ID_TOKEN"


def is_in_ci(environ: Mapping[str, str]) -> bool:
    """Whether this is a job of a CI whose identity a registry can check."""
    return any(environ.get(name) for name in ("GITHUB_ACTIONS", _GITHUB_URL, _GITLAB))


def exchange(
    api: Api, package: str, environ: Mapping[str, str], transport: Transport, out: Output
) -> Api:
    """Return the API called with a token that publishes ``package`` for some minutes.

    Raises:
        NotAllowed: the job may not ask for an identity token, or the registry does not trust it.
        NetworkFailure: CI or registry did not answer as they should.
    """
    audience = text_of(api.call("GET", "/v1/oidc/audience"), "audience")
    body: JsonObject = {"token": _identity(audience, environ, transport), "package": package}
    try:
        answer = api.call("POST", "/v1/oidc/mint-token", body, repeatable=False)
    except NotAllowed as error:
        raise NotAllowed(
            "The registry does not take this job's identity.",
            why=f"{error.what} {error.why}",
            fix=f"An owner of {package} adds this workflow to its trusted publishers.",
        ) from error
    warnings = answer.get("warnings")
    for warning in warnings if isinstance(warnings, list) else []:
        out.warn(str(warning))
    return api.with_token(text_of(answer, "token"))


def _identity(audience: str, environ: Mapping[str, str], transport: Transport) -> str:
    if url := environ.get(_GITHUB_URL):
        return _ask_github(url, environ.get(_GITHUB_TOKEN, ""), audience, transport)
    if token := environ.get(_GITLAB):
        return token.strip()
    raise NotAllowed(
        "This job may not ask GitHub for an identity token.",
        why=f"{_GITHUB_URL} is not set, and there is no token for the registry.",
        fix="Give the job the permission 'id-token: write', or set SKILLPKG_TOKEN.",
    )


def _ask_github(url: str, bearer: str, audience: str, transport: Transport) -> str:
    separator = "&" if "?" in url else "?"
    whole = f"{url}{separator}audience={quote(audience, safe='')}"
    answer = transport.send(Request(whole, _MAX_ANSWER, token=bearer or None))
    try:
        found: object = json.loads(answer.body)
        value = found["value"] if answer.status == 200 and isinstance(found, dict) else None
    except (ValueError, KeyError):
        value = None
    if not isinstance(value, str) or not value:
        raise NetworkFailure(
            "GitHub gave this job no identity token.",
            why=f"It answered {answer.status}.",
            fix="Run the job again; check its permission 'id-token: write'.",
        )
    return value


def not_logged_in(name: str) -> SkillpkgError:
    """Return the refusal of a publish outside CI without a token."""
    return NotAllowed(
        f"You are not logged in to {name!r}.",
        fix=f"Type: skillpkg login --registry {name}",
    )
