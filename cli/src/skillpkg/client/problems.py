"""The registry's problem documents (RFC 9457) as this client's errors."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from http import HTTPStatus

from skillpkg.canonical_json import JsonObject
from skillpkg.client.transport import Response
from skillpkg.errors import (
    NetworkFailure,
    NotAllowed,
    NotFound,
    PublishRejected,
    SkillpkgError,
    UsageError,
)

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9'\"(])")
_TOKEN_VARIABLE = re.compile(r"SKILLPKG(_REGISTRY_[A-Z0-9_]+)?_TOKEN")


def json_object(answer: Response, url: str) -> JsonObject:
    """Return the JSON object of an answer.

    Raises:
        NetworkFailure: it is none.
    """
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise NetworkFailure(
            "The registry did not answer as it should.",
            why=f"{answer.status} from {url} is not a JSON object.",
            fix="Check the registry's address: skillpkg registry list",
        )
    return document


def json_list(answer: Response, url: str) -> list[JsonObject]:
    """Return the JSON objects of an answer that is a list.

    Raises:
        NetworkFailure: it is none.
    """
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise NetworkFailure(
            "The registry did not answer as it should.",
            why=f"{answer.status} from {url} is not a list of JSON objects.",
        )
    return document


def refuse(answer: Response, url: str) -> SkillpkgError:
    """Return the error that an answer of 400 or more stands for."""
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    what, why = _said(document, answer.status, url)
    if request_id := document.get("request_id"):
        why = f"{why} (request {request_id})"
    return _error(answer, what, why, _findings(document))


def _said(document: Mapping[str, object], status: int, url: str) -> tuple[str, str]:
    """Return what happened and why: a problem's ``detail`` begins with what happened.

    Its title is often a status's phrase alone, which tells a person nothing.
    """
    title, detail = str(document.get("title") or ""), str(document.get("detail") or "")
    named = f"The registry answered {status} {_phrase(status)}".rstrip()
    if not detail:
        return title or f"{named}.", f"{status} from {url}"
    what, *rest = _SENTENCE.split(detail, maxsplit=1)
    return what, rest[0] if rest else f"{named}."


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _error(answer: Response, what: str, why: str, findings: tuple[str, ...]) -> SkillpkgError:
    status = answer.status
    if status == 401:
        return NotAllowed(what, why=why, fix=_log_in())
    if status == 403:
        return NotAllowed(what, why=why, fix="See what you may do: skillpkg whoami")
    if status in (404, 410):
        return NotFound(what, why=why, fix="Check the name: skillpkg search WORD")
    if status == 409:
        return PublishRejected(what, why=why, findings=findings)
    if status == 413 or status == 422:
        return PublishRejected(what, why=why, findings=findings, fix="Mend this and try again.")
    if status == 429:
        seconds = answer.headers.get("retry-after", "60")
        return NetworkFailure(what, why=why, fix=f"Wait {seconds[:10]} s and try again.")
    if status >= 500:
        return NetworkFailure(what, why=why, fix="Try again later.")
    return UsageError(what, why="\n".join((why, *findings)))


def _log_in() -> str:
    """Return what to type without a good token; one in the environment comes before a login."""
    held = [name for name in os.environ if _TOKEN_VARIABLE.fullmatch(name)]
    if held:
        return f"Put a good token into {held[0]}, or unset it and type: skillpkg login"
    return "Log in: skillpkg login"


def _findings(document: Mapping[str, object]) -> tuple[str, ...]:
    errors = document.get("errors")
    if not isinstance(errors, list):
        return ()
    return tuple(finding_line(error) for error in errors[:100] if isinstance(error, dict))


def finding_line(finding: Mapping[str, object]) -> str:
    """Return one finding as a line: where, which rule, what."""
    where = finding.get("path") or finding.get("field") or ""
    detail = finding.get("detail") or finding.get("message") or ""
    rule = finding.get("rule")
    said = f"{detail} [{rule}]" if rule else str(detail)
    return f"{where}: {said}" if where else said
