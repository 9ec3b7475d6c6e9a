"""Writes docs/API_SPEC.md from the OpenAPI document; a test holds them equal.

Run as ``python -m support.api_reference`` from ``tests`` (``make docs`` does): it plays the story
of ``api_story.yaml`` against a registry and keeps the answers in ``api_answers.json``, from which
the page is written.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from skreg.api.app import create_app
from skreg.bootstrap import ApiContainer
from support import api_story, matrix

PAGE = Path(__file__).parents[2] / "docs" / "API_SPEC.md"
ANSWERS = Path(__file__).with_name("api_answers.json")
METHODS = ("get", "post", "put", "patch", "delete")
USUAL = ("400", "429", "503")
Json = dict[str, Any]
HEADER = """# API

Every route of the registry, from its OpenAPI document (`GET /openapi.json`); `make docs` writes
this page. Installs need none of it: they read signed static objects.

**Credentials.** `Authorization: Bearer` with a session (15 minutes) or an API token
(`skreg_…`), or Basic with it as the password. "For" says who may call a route: roles are those in
the namespace, `admin` administrates the registry; a token needs the scope as well, and acts for
nobody who may not.

**Errors** are [Problem](#problem) documents, RFC 9457, `application/problem+json`. Any route may
answer 429 and 503, with `Retry-After`, and 400 when its body cannot be read; these three are not
listed below.

| Status | Meaning |
|---|---|
{statuses}

**Every answer** has `X-Request-Id`, `Cache-Control` and what is left of the rate limit:
`X-RateLimit-Limit`, `X-RateLimit-Remaining`, `X-RateLimit-Reset`.

**Once.** A POST or PUT with an `Idempotency-Key` header is done once: sent again within a day it
gets the same answer.

**Examples** are one story that a test plays from beginning to end; `$REGISTRY` is the registry's
address, other variables are from answers before: `$ALICE`, `$BOB` and `$STAFF` (an administrator)
are sessions, `$TOKEN` is alice's token. Lists show two items, secrets are cut off.
"""


def document() -> Json:
    """Return the OpenAPI document; making it needs no registry."""
    return create_app(cast("ApiContainer", object())).openapi()


def routes(found: Json) -> Iterator[tuple[str, Json]]:
    """Yield ``METHOD /path`` and operation, as the document has them."""
    for path, methods in found["paths"].items():
        for method in METHODS:
            if method in methods:
                yield f"{method.upper()} {path}", methods[method]


def page(found: Json, answers: Mapping[str, Json]) -> str:
    """Return the whole page."""
    calls = {call.call: call for call in reversed(api_story.story()) if not call.quiet}
    tags: dict[str, list[str]] = {tag["name"]: [] for tag in found["tags"]}
    for name, operation in routes(found):
        text = _route(name, operation, calls[name], answers[name])
        tags[operation["tags"][0]].append(text)
    parts = [f"## {tag.capitalize()}\n\n{''.join(texts)}" for tag, texts in tags.items()]
    return HEADER.format(statuses=_statuses(found)) + "\n" + "".join(parts) + _shapes(found)


def _statuses(found: Json) -> str:
    told: dict[str, str] = {}
    for _, operation in routes(found):
        for status, response in operation["responses"].items():
            if int(status) >= 400 and "application/problem+json" in response.get("content", {}):
                told.setdefault(status, response["description"])
    return "\n".join(f"| {status} | {told[status]} |" for status in sorted(told))


def _route(name: str, operation: Json, call: api_story.Call, answer: Json) -> str:
    lines = [f"### {operation['summary']}", "", f"`{name}`", ""]
    lines += [operation["description"], ""]
    lines += [f"- For: {_who(name)}"]
    lines += [_parameter(item) for item in operation.get("parameters", []) if _is_told(item)]
    lines += [f"- Body: {text}" for text in _body(operation.get("requestBody"))]
    lines += [f"- Answers: {_answers(operation['responses'])}", ""]
    lines += ["```console", f"$ {call.command()}", f"{_status_line(answer)}", "```", ""]
    if answer["body"] is not None:
        shown = json.dumps(answer["body"], indent=2, ensure_ascii=False)
        lines += ["```json", shown, "```", ""]
    return "\n".join(lines) + "\n"


def _status_line(answer: Json) -> str:
    parts = [str(answer["status"]), answer["kind"], answer["location"]]
    return " ".join(part for part in parts if part)


def _who(name: str) -> str:
    allow = matrix.rows()[name].allow
    if "anonymous" in allow:
        return "anybody"
    sessions = [role for role in ("stranger", *matrix.ROLES, "admin") if role in allow]
    scopes = [f"`{scope}`" for scope in matrix.SCOPES if f"token:{scope}" in allow]
    people = "every account" if "stranger" in sessions else ", ".join(sessions)
    return f"{people}; " + (f"tokens with {' or '.join(scopes)}" if scopes else "no token")


def _is_told(parameter: Json) -> bool:
    """Whether a parameter says more than its name: parts of the path mostly do not."""
    return parameter["in"] != "path" or "description" in parameter


def _parameter(parameter: Json) -> str:
    facts = [_type(parameter["schema"]), *_limits(parameter["schema"])]
    told = parameter.get("description")
    where = "" if parameter["in"] == "query" else f" in the {parameter['in']}"
    return f"- `{parameter['name']}`{where} ({', '.join(facts)}){f': {told}' if told else ''}"


def _body(body: Json | None) -> Iterator[str]:
    for kind, content in (body or {}).get("content", {}).items():
        told = _type(content["schema"]) if "$ref" in content["schema"] else _inline(content)
        yield told if kind == "application/json" else f"{told} as `{kind}`"


def _inline(content: Json) -> str:
    schema = content["schema"]
    if "anyOf" in schema:
        return f"{_type(schema)}, may be left out"
    named = (f"`{name}` {_told(item)}" for name, item in schema.get("properties", {}).items())
    return "; ".join(named)


def _answers(responses: Json) -> str:
    good = [f"{status}{_shape(found)}" for status, found in responses.items() if status < "4"]
    bad = [status for status in responses if status >= "4" and status not in USUAL]
    return ", ".join([*good, *bad])


def _shape(response: Json) -> str:
    for content in response.get("content", {}).values():
        told = _type(content.get("schema", {}))
        return f" {told}" if told.startswith("[") else ""
    return ""


def _shapes(found: Json) -> str:
    lines = ["## Shapes", "", "A field that is not marked optional is always there.", ""]
    for name, schema in sorted(found["components"]["schemas"].items()):
        lines += [f"### {name}", ""]
        if told := schema.get("description"):
            lines += [told, ""]
        needed = schema.get("required", [])
        for field, item in schema.get("properties", {}).items():
            optional = "" if field in needed else "optional "
            lines.append(f"- `{field}`: {optional}{_told(item)}")
        if "enum" in schema:
            lines.append(f"One of {_listed(schema['enum'])}.")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _told(schema: Json) -> str:
    facts = ", ".join([_type(schema), *_limits(schema)])
    return f"{facts}: {schema['description']}" if "description" in schema else facts


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(item) for item in schema["anyOf"])
    if "enum" in schema:
        return f"one of {_listed(schema['enum'])}"
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema.get("format") or schema.get("type", "any JSON"))


def _listed(values: list[Any]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _limits(schema: Json) -> Iterator[str]:
    """Yield what a value is held to."""
    least, most = schema.get("minLength"), schema.get("maxLength")
    if most is not None:
        yield f"{least} to {most} characters" if least else f"at most {most} characters"
    if "maximum" in schema:
        yield f"{schema.get('minimum', 0)} to {schema['maximum']}"
    if "pattern" in schema:
        yield f"`{schema['pattern']}`"
    if schema.get("default") not in (None, "", []):
        yield f"default `{json.dumps(schema['default'])}`"


def answers() -> dict[str, Json]:
    """Return the answers that were kept."""
    found: dict[str, Json] = json.loads(ANSWERS.read_text("utf-8"))
    return found


def main() -> None:
    """Play the story and write answers and page."""
    with tempfile.TemporaryDirectory() as folder:
        found = api_story.plain(api_story.told(Path(folder)))
    text = json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True)
    ANSWERS.write_text(text + "\n", "utf-8")
    PAGE.write_text(page(document(), answers()), "utf-8")
    sys.stderr.write(f"{len(found)} routes\n")


if __name__ == "__main__":
    main()
