"""Atom (RFC 4287) feeds of published versions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote
from xml.etree import ElementTree

from skreg.db.queries.changes import Publication

MEDIA_TYPE = "application/atom+xml"
_NAMESPACE = "http://www.w3.org/2005/Atom"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def feed(base: str, path: str, title: str, entries: Sequence[Publication]) -> bytes:
    """Return a feed.

    Args:
        base: the registry's public URL, without a trailing slash.
        path: the feed's own path, which is also what names it for ever.
        entries: newest first.
    """
    root = ElementTree.Element("feed", {"xmlns": _NAMESPACE})
    _text(root, "id", base + path)
    _text(root, "title", title)
    _text(root, "updated", _moment(entries[0].at if entries else _EPOCH))
    ElementTree.SubElement(root, "link", {"rel": "self", "href": base + path, "type": MEDIA_TYPE})
    for entry in entries:
        _entry(root, base, entry)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _entry(root: ElementTree.Element, base: str, entry: Publication) -> None:
    package = f"{entry.namespace}/{entry.name}"
    address = f"{base}/v1/packages/{package}/{quote(entry.version)}"
    element = ElementTree.SubElement(root, "entry")
    _text(element, "id", address)
    _text(element, "title", f"{package} {entry.version}")
    _text(element, "updated", _moment(entry.at))
    _text(element, "published", _moment(entry.at))
    _text(ElementTree.SubElement(element, "author"), "name", entry.namespace)
    ElementTree.SubElement(element, "link", {"rel": "alternate", "href": address})
    for term in dict.fromkeys((entry.category, *entry.tags)):
        if term:
            ElementTree.SubElement(element, "category", {"term": _plain(term)})
    _text(element, "summary", entry.description)


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _plain(text)


def _plain(text: str) -> str:
    """Return the text without what XML 1.0 cannot hold at all."""
    return _NOT_XML.sub("\ufffd", text)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
