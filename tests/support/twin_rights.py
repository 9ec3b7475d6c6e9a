"""Holds every request of a container to the policies that the program gave its role.

moto has no authorisation that knows resources. This one reads an AWS request as IAM does:
who signed it, which action it is, on which ARN. An action that it does not know is refused.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Call:
    """One request: who, which action, on what; and whether the policies allow it."""

    role: str
    action: str
    resource: str
    allowed: bool


@dataclass
class Rights:
    """The roles' statements, the keys they sign requests with, and what was asked so far."""

    roles: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def around(self, application: Wsgi) -> Wsgi:
        """Return the application that refuses what a role may not do."""

        def guarded(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            service, role = self._signer(environ)
            if role is None:
                return application(environ, start)
            action, resource = _asked(service, environ)
            call = Call(role, action, resource, self._allows(role, action, resource))
            with self._turn:
                self.calls.append(call)
            return application(environ, start) if call.allowed else _refuse(service, call, start)

        return guarded

    def signed_with(self, key_arn: str) -> int:
        """Return how often a key was used."""
        return sum(call.action == "kms:Sign" and call.resource == key_arn for call in self.calls)

    def refused(self) -> list[Call]:
        """Return what the containers asked for and may not do: it should be nothing."""
        return [call for call in self.calls if not call.allowed]

    def _signer(self, environ: Mapping[str, Any]) -> tuple[str, str | None]:
        scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0]
        if not scope:
            scope = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0]
        parts = scope.split("/")
        return (parts[3], self.keys.get(parts[0])) if len(parts) == 5 else ("", None)

    def _allows(self, role: str, action: str, resource: str) -> bool:
        return any(
            action in statement["Action"]
            and any(fnmatchcase(resource, target) for target in statement["Resource"])
            for statement in self.roles.get(role, ())
            if statement["Effect"] == "Allow"
        )


def _asked(service: str, environ: dict[str, Any]) -> tuple[str, str]:
    if service == "s3":
        return _of_s3(environ)
    if service == "cloudfront":
        distribution = environ["PATH_INFO"].split("/")[3]
        return (
            "cloudfront:CreateInvalidation",
            f"arn:aws:cloudfront::123456789012:distribution/{distribution}",
        )
    size = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(size)
    environ["wsgi.input"] = io.BytesIO(body)
    told = json.loads(body or b"{}")
    name = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return f"{service}:{name}", str(told.get("KeyId") or told.get("SecretId") or "*")


def _of_s3(environ: Mapping[str, Any]) -> tuple[str, str]:
    bucket, _, key = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    method = environ["REQUEST_METHOD"]
    arn = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    if not key:
        listing = method == "GET" and "list-type" in query
        deleting = method == "POST" and "delete" in query
        if deleting:
            return "s3:DeleteObject", f"{arn}/*"
        return ("s3:ListBucket" if listing else f"s3:{method}Bucket"), arn
    if method == "DELETE" and "uploadId" in query:
        return "s3:AbortMultipartUpload", arn
    verbs = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "POST": "Put", "DELETE": "Delete"}
    return f"s3:{verbs[method]}Object", arn


def _refuse(service: str, call: Call, start: Callable[..., Any]) -> Iterable[bytes]:
    text = f"{call.role} is not authorized to perform {call.action} on {call.resource}"
    if service in ("s3", "cloudfront"):
        body = f"<Error><Code>AccessDenied</Code><Message>{text}</Message></Error>".encode()
        kind = "application/xml"
    else:
        body = json.dumps({"__type": "AccessDeniedException", "message": text}).encode()
        kind = "application/x-amz-json-1.1"
    status = "403 Forbidden" if service == "s3" else "400 Bad Request"
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
