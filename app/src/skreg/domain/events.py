"""What webhooks are told of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class EventKind(StrEnum):
    """The kinds of events that somebody may ask to be told of."""

    PUBLISHED = "version.published"
    YANKED = "version.yanked"
    UNYANKED = "version.unyanked"
    QUARANTINED = "version.quarantined"
    RELEASED = "version.released"
    REJECTED = "version.rejected"
    DEPRECATED = "version.deprecated"
    UNDEPRECATED = "version.undeprecated"
    WITHDRAWN = "version.withdrawn"
    MOVED = "package.moved"
    REPORTED = "report.created"
    TRIAGED = "report.triaged"
    ADVISORY = "advisory.published"
    ADVISORY_WITHDRAWN = "advisory.withdrawn"
    CERTIFICATE_ISSUED = "certificate.issued"
    CERTIFICATE_REVOKED = "certificate.revoked"


STAFF_ONLY = frozenset({EventKind.REPORTED, EventKind.TRIAGED})
"""Who reported what is for administrators' webhooks alone."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ``subject`` is ``ns``, ``ns/name`` or ``ns/name@version``.

    Attributes:
        also: other namespaces that are concerned, whose webhooks are told as well.
    """

    kind: EventKind
    namespace: str
    subject: str
    data: Mapping[str, object] = field(default_factory=dict)
    also: frozenset[str] = frozenset()

    @property
    def namespaces(self) -> list[str]:
        """The namespaces whose webhooks are told."""
        return sorted({self.namespace, *self.also})

    def to_json(self) -> dict[str, object]:
        """Return what a receiver is sent, without the time."""
        return {"type": self.kind.value, "data": {"subject": self.subject, **self.data}}
