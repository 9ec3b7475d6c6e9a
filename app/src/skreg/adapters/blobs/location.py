"""Reads the URIs of bucket stores: ``scheme://bucket[/prefix][?name=value]``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from skreg.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from obstore.store import RetryConfig

RETRIES: RetryConfig = {"max_retries": 4, "retry_timeout": timedelta(seconds=20)}
"""Kept short: a caller's job queue tries again later, a waiting request does not."""


@dataclass(frozen=True, slots=True)
class Location:
    """A bucket, the folder inside it that holds the objects, and the URI's options."""

    bucket: str
    prefix: str | None
    options: dict[str, str]


def read_location(uri: str, allowed: frozenset[str] = frozenset()) -> Location:
    """Return the parts of a bucket store's URI.

    Raises:
        ConfigurationInvalid: no bucket, or an option that is not ``allowed`` or stands twice.
    """
    parts = urlsplit(uri)
    options = parse_qs(parts.query, keep_blank_values=True)
    wrong = [name for name, values in options.items() if name not in allowed or len(values) > 1]
    if not parts.netloc or wrong:
        raise ConfigurationInvalid(
            "The store's URI cannot be read.",
            why=f"{uri!r} has {'no bucket' if not parts.netloc else f'a wrong option {wrong[0]!r}'}"
            ".",
            fix=f"Write it as {parts.scheme}://bucket/prefix"
            + (f", options: {', '.join(sorted(allowed))}." if allowed else "."),
        )
    values = {name: found[0] for name, found in options.items()}
    return Location(parts.netloc, parts.path.strip("/") or None, values)
