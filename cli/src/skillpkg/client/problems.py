"""The registry's problem documents (RFC 9457) as this client's errors."""

from __future__ import annotations

import json
from collections.abc import Mapping

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

_LOGIN = "Log in: skillpkg login"


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
    title = str(document.get("title") or f"The registry answered {answer.status}.")
    why = str(document.get("detail") or f"{answer.status} from {url}")
    findings = _findings(document)
    if request_id := document.get("request_id"):
        why = f"{why} (request {request_id})"
    return _error(answer, title, why, findings)


def _error(answer: Response, title: str, why: str, findings: tuple[str, ...]) -> SkillpkgError:
    status = answer.status
    if status == 401:
        return NotAllowed(title, why=why, fix=_LOGIN)
    if status == 403:
        return NotAllowed(title, why=why, fix="Ask an owner of the namespace for the right.")
    if status in (404, 410):
        return NotFound(title, why=why, fix="Check the name: skillpkg search WORD")
    if status == 409:
        return PublishRejected(title, why=why, findings=findings)
    if status == 413 or status == 422:
        return PublishRejected(title, why=why, findings=findings, fix="Mend this and try again.")
    if status == 429:
        seconds = answer.headers.get("retry-after", "60")
        return NetworkFailure(title, why=why, fix=f"Wait {seconds[:10]} s and try again.")
    if status >= 500:
        return NetworkFailure(title, why=why, fix="Try again later.")
    return UsageError(title, why="\n".join((why, *findings)))


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
