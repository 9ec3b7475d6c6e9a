"""The registry's native API (PROTOCOL.md, Native API), as far as this client uses it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, urlencode

from skillpkg.canonical_json import JsonObject, JsonValue
from skillpkg.client.problems import json_list, json_object, refuse
from skillpkg.client.transport import Request, Response, Transport
from skillpkg.errors import NetworkFailure
from skillpkg.package_ref import PackageRef

_MAX_ANSWER = 4 * 1024 * 1024


class Api:
    """Calls one registry's API.

    Args:
        base: its address.  token: sent with every call; None to call as nobody.
        on_expiry: told when the token ends, as the registry writes it, after each call.
    """

    def __init__(
        self,
        base: str,
        transport: Transport,
        token: str | None = None,
        on_expiry: Callable[[str], None] | None = None,
    ) -> None:
        self._base = base.rstrip("/")
        self._transport = transport
        self._token = token
        self._on_expiry = on_expiry

    def with_token(self, token: str) -> Api:
        """Return the same API, called with another token."""
        return Api(self._base, self._transport, token, self._on_expiry)

    def signup(self, username: str, password: str, email: str | None) -> JsonObject:
        """Create an account and its namespace of the same name."""
        body: JsonObject = {"username": username, "password": password}
        body |= {"email": email} if email else {}
        return self._send("POST", "/v1/auth/signup", body, repeatable=False)

    def login(self, username: str, password: str) -> str:
        """Return a short-lived session token."""
        body: JsonObject = {"username": username, "password": password}
        return text_of(self._send("POST", "/v1/auth/login", body), "access_token")

    def me(self) -> JsonObject:
        """Return the account that the token belongs to."""
        return self._send("GET", "/v1/auth/me")

    def create_token(self, name: str, scopes: list[str], days: int) -> JsonObject:
        """Create a lasting token; ``token`` is shown only here."""
        body: JsonObject = {"name": name, "scopes": scopes, "expires_in_days": days}
        return self._send("POST", "/v1/tokens", body, repeatable=False)

    def delete_token(self, token_id: str) -> None:
        """Revoke a token."""
        self._send("DELETE", f"/v1/tokens/{quote(token_id, safe='')}")

    def device_code(self, client: str, scopes: Sequence[str]) -> JsonObject:
        """Begin a device login (RFC 8628)."""
        fields = {"client_id": client, "scope": " ".join(scopes)}
        return self._send("POST", "/v1/auth/device/code", raw=_form(fields), repeatable=False)

    def device_token(self, device_code: str) -> JsonObject:
        """Ask for a device's token; until there is one the answer says why in ``error``."""
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        raw = _form({"grant_type": grant, "device_code": device_code})
        answer, url = self._answer("POST", "/v1/auth/device/token", raw=raw, repeatable=False)
        if answer.status not in (200, 400):
            raise refuse(answer, url)
        return json_object(answer, url)

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, JsonValue] | None = None,
        *,
        repeatable: bool = True,
    ) -> JsonObject:
        """Send any call whose answer is an object or nothing; errors as every call."""
        return self._send(method, path, body, repeatable=repeatable)

    def call_list(self, path: str) -> list[JsonObject]:
        """Return what a route answers as a list of objects."""
        answer, url = self._answer("GET", path)
        if not 200 <= answer.status < 300:
            raise refuse(answer, url)
        return json_list(answer, url)

    def search(self, query: str, page: int, filters: Mapping[str, str]) -> JsonObject:
        """Return one page of results."""
        parameters = urlencode({"q": query, "page": page, **filters})
        return self._send("GET", f"/v1/search?{parameters}")

    def publish(
        self,
        ref: PackageRef,
        archive: bytes,
        file_name: str,
        signed: tuple[bytes, bytes] | None = None,
    ) -> JsonObject:
        """Upload an archive; the same bytes again are the same answer.

        Args:
            signed: the publisher's own signature (DER) and its certificate chain (PEM).
        """
        from urllib3.filepost import encode_multipart_formdata

        parts = {"archive": (file_name, archive, "application/gzip")}
        if signed is not None:
            parts["signature"] = (f"{file_name}.sig", signed[0], "application/octet-stream")
            parts["chain"] = ("chain.pem", signed[1], "application/pem-certificate-chain")
        body, kind = encode_multipart_formdata(parts)
        return self._send("POST", f"{_path(ref)}/publish", raw=(body, kind))

    def status(self, ref: PackageRef) -> JsonObject:
        """Return how far a published version has come."""
        return self._send("GET", f"{_path(ref)}/{_version(ref)}/status")

    def yank(self, ref: PackageRef, reason: str) -> JsonObject:
        """Hide a version from new resolutions."""
        return self._send("POST", f"{_path(ref)}/{_version(ref)}/yank", {"reason": reason})

    def unyank(self, ref: PackageRef) -> JsonObject:
        """Show a yanked version again."""
        return self._send("POST", f"{_path(ref)}/{_version(ref)}/unyank", {})

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, JsonValue] | None = None,
        *,
        raw: tuple[bytes, str] | None = None,
        repeatable: bool = True,
    ) -> JsonObject:
        """Send one call.

        Raises:
            NotAllowed, NotFound, PublishRejected, UsageError, NetworkFailure: by the status.
        """
        answer, url = self._answer(method, path, body, raw=raw, repeatable=repeatable)
        if not 200 <= answer.status < 300:
            raise refuse(answer, url)
        return json_object(answer, url) if answer.body.strip() else {}

    def _answer(
        self,
        method: str,
        path: str,
        body: Mapping[str, JsonValue] | None = None,
        *,
        raw: tuple[bytes, str] | None = None,
        repeatable: bool = True,
    ) -> tuple[Response, str]:
        url = self._base + path
        headers = {"Accept": "application/json"}
        data = None
        if raw is not None:
            data, headers["Content-Type"] = raw
        elif body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = Request(url, _MAX_ANSWER, method, self._token, data, headers, repeatable)
        answer = self._transport.send(request)
        ends = answer.headers.get("x-skreg-token-expires")
        if ends and self._on_expiry is not None:
            self._on_expiry(ends)
        return answer, url


def _form(fields: Mapping[str, str]) -> tuple[bytes, str]:
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _path(ref: PackageRef) -> str:
    return f"/v1/packages/{ref.namespace}/{ref.name}"


def _version(ref: PackageRef) -> str:
    return quote(ref.version_or_tag or "latest", safe="")


def text_of(document: JsonObject, key: str) -> str:
    """Return a text of an answer.

    Raises:
        NetworkFailure: it is missing, empty or no text.
    """
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise NetworkFailure("The registry did not answer as it should.", why=f"No {key!r} in it.")
    return value
