#!/usr/bin/env python3
"""Run the checks of a JSON file against an HTTP service, one after the other."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

KEYS = frozenset({"path", "method", "status", "send", "header", "contains", "json", "max_ms"})
LONGEST_BODY = 5 * 1024 * 1024
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class CannotRunError(Exception):
    """The file or the address is wrong; nothing was sent."""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", help="for example https://staging.example.com")
    parser.add_argument("file", type=Path, help="checks, see references/checks.md")
    parser.add_argument("--json", action="store_true", help="one JSON object a check")
    return parser.parse_args()


def load(path: Path) -> tuple[list[dict[str, Any]], float]:
    """Return the checks and the time-out in seconds."""
    try:
        document = json.loads(path.read_text("utf-8"))
        checks = document["checks"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotRunError(f"{path}: {type(error).__name__}: {error}") from error
    for number, check in enumerate(checks, 1):
        unknown = check.keys() - KEYS
        if unknown or not str(check.get("path", "")).startswith("/"):
            raise CannotRunError(f"{path}: check {number}: bad path, or unknown {sorted(unknown)}")
        if check.get("method", "GET") not in ("GET", "HEAD"):
            raise CannotRunError(f"{path}: check {number}: a smoke test only reads (GET, HEAD)")
    return checks, float(document.get("timeout_seconds", 10))


def fill(text: str) -> str:
    """Put the environment's values into ``${NAME}``."""
    return VARIABLE.sub(lambda found: os.environ[found[1]], text)


def request(
    base: str, check: dict[str, Any], timeout: float
) -> tuple[http.client.HTTPResponse, bytes, float]:
    """Send one check; return the answer, its body and the milliseconds it took."""
    where = urlsplit(base)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if where.scheme not in kinds or not where.hostname:
        raise CannotRunError(f"{base}: expected http:// or https:// and a host")
    connection = kinds[where.scheme](where.hostname, where.port, timeout=timeout)
    headers = {key: fill(value) for key, value in check.get("send", {}).items()}
    started = time.monotonic()
    try:
        path = where.path.rstrip("/") + check["path"]
        connection.request(check.get("method", "GET"), path, headers=headers)
        answer = connection.getresponse()
        body = answer.read(LONGEST_BODY)
    finally:
        connection.close()
    return answer, body, (time.monotonic() - started) * 1000


def problems(
    check: dict[str, Any], answer: http.client.HTTPResponse, body: bytes, took: float
) -> Iterator[str]:
    """Yield a line for each expectation that does not hold."""
    wanted = check.get("status", 200)
    if answer.status not in (wanted if isinstance(wanted, list) else [wanted]):
        yield f"status {answer.status}, expected {wanted}"
    for name, part in check.get("header", {}).items():
        got = answer.getheader(name) or ""
        if part.lower() not in got.lower():
            yield f"header {name}: {got!r}, expected {part!r} in it"
    if check.get("contains", "") not in body.decode("utf-8", "replace"):
        yield f"the body does not hold {check['contains']!r}"
    if "json" in check:
        yield from wrong_values(check["json"], body)
    if took > check.get("max_ms", float("inf")):
        yield f"took {took:.0f} ms, at most {check['max_ms']} allowed"


def wrong_values(wanted: dict[str, Any], body: bytes) -> Iterator[str]:
    """Yield a line for each key of a JSON body with another value."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        yield "the body is not a JSON object"
        return
    for key, value in wanted.items():
        if document.get(key) != value:
            yield f"{key} is {document.get(key)!r}, expected {value!r}"


def run(base: str, check: dict[str, Any], timeout: float) -> dict[str, Any]:
    """Run one check and return its result."""
    result: dict[str, Any] = {"path": check["path"], "ms": None, "problems": []}
    try:
        answer, body, took = request(base, check, timeout)
    except KeyError as error:
        result["problems"] = [f"the environment has no {error.args[0]}"]
    except (OSError, http.client.HTTPException) as error:
        result["problems"] = [f"no answer: {error}"]
    else:
        result |= {"ms": round(took), "problems": list(problems(check, answer, body, took))}
    return result


def main() -> int:
    """Run every check; return the exit code."""
    options = arguments()
    try:
        checks, timeout = load(options.file)
        results = [run(options.base, check, timeout) for check in checks]
    except CannotRunError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for result in results:
        word = "FAIL" if result["problems"] else "ok"
        line = f"{word:<4} {result['path']} {'; '.join(result['problems'])}".rstrip()
        sys.stdout.write((json.dumps(result) if options.json else line) + "\n")
    return int(any(result["problems"] for result in results))


if __name__ == "__main__":
    sys.exit(main())
