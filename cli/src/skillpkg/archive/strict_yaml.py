"""YAML as publishers write it, read into plain JSON values: no surprise survives.

PyYAML's safe loader resolves scalars; anchors, aliases, tags, merge keys, repeated keys, depth and
size are refused before anything is built, so a small document cannot become a large one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Protocol

import yaml

from skillpkg.archive.rules import Rule
from skillpkg.canonical_json import JsonObject, JsonValue
from skillpkg.errors import ArchiveInvalid

MAX_YAML_BYTES = 64 * 1024
MAX_DEPTH = 16
_TAG = "tag:yaml.org,2002:"
_TYPED = frozenset(_TAG + kind for kind in ("bool", "int", "float", "null"))
_AS_WRITTEN = frozenset(_TAG + kind for kind in ("str", "timestamp", "value"))
_PLAIN_VALUE = re.compile(r"(\s*(?:- )?[\w.-]+:\s+)([^\s'\"\[{|>&*!#].*)")


def load_mapping(text: str, *, path: str, first_line: int = 1) -> JsonObject:
    """Read one YAML mapping.

    Args:
        path: the file, for messages.
        first_line: the file's line on which ``text`` begins.

    Raises:
        ArchiveInvalid: a ``yaml-*`` rule; the message carries the line and the mend.
    """
    source = _Source(text, path, first_line)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_YAML_BYTES:
        raise source.refused(
            Rule.YAML_TOO_LARGE, 0, f"It is over {MAX_YAML_BYTES} bytes.", "Shorten it."
        )
    try:
        value = _build(source)
    except yaml.YAMLError as error:
        raise _syntax(source, error) from error
    if not isinstance(value, dict):
        raise source.refused(Rule.YAML_SHAPE, 0, "It must hold keys and values.", "key: value")
    return value


class _Source:
    """A YAML text and where it stands, to say file and line of what is wrong."""

    def __init__(self, text: str, path: str, first_line: int) -> None:
        self.text, self.path, self.first_line = text, path, first_line

    def line(self, index: int) -> str:
        lines = self.text.splitlines()
        return lines[index] if index < len(lines) else ""

    def refused(self, rule: Rule, index: int, why: str, fix: str) -> ArchiveInvalid:
        return ArchiveInvalid(
            rule,
            f"{self.path} line {self.first_line + index}: the YAML cannot be accepted.",
            path=self.path,
            why=why,
            fix=fix,
        )


class _Loader(Protocol):
    """What is used of PyYAML's loader."""

    def check_event(self, kind: type[yaml.Event]) -> bool: ...
    def peek_event(self) -> yaml.Event: ...
    def get_event(self) -> yaml.Event: ...
    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str: ...
    def construct_object(self, node: yaml.Node) -> JsonValue: ...
    def dispose(self) -> None: ...


def _build(source: _Source) -> JsonValue:
    """Build the one document from the parser's events; each is checked before it is used."""
    loader: _Loader = yaml.SafeLoader(source.text)
    try:
        loader.get_event()  # the stream begins
        if loader.check_event(yaml.StreamEndEvent):
            return {}
        loader.get_event()  # the document begins
        value = _plain(loader, loader.get_event(), source, 0)
        loader.get_event()  # the document ends
        if not loader.check_event(yaml.StreamEndEvent):
            why = "There is a second document."
            raise source.refused(Rule.YAML_SYNTAX, _line(loader.peek_event()), why, "Keep one.")
        return value
    finally:
        loader.dispose()


def _plain(loader: _Loader, event: yaml.Event, source: _Source, depth: int) -> JsonValue:
    """Return the value that an event begins; its last event is the next that is not read."""
    _require_plain(event, source)
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(loader, event, source)
    if depth == MAX_DEPTH:
        why = f"It is nested deeper than {MAX_DEPTH}."
        raise source.refused(Rule.YAML_TOO_DEEP, _line(event), why, "Flatten it.")
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(loader, source, depth + 1)
    return [
        _plain(loader, item, source, depth + 1) for item in _until(loader, yaml.SequenceEndEvent)
    ]


def _require_plain(event: yaml.Event, source: _Source) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        why = "Anchors (&) and aliases (*) are not read."
        raise source.refused(Rule.YAML_ANCHOR, _line(event), why, "Write it out.")
    if getattr(event, "tag", None) is not None:
        raise source.refused(
            Rule.YAML_TAG, _line(event), "Tags (!) are not read.", "Quote the value."
        )


def _until(loader: _Loader, end: type[yaml.Event]) -> Iterator[yaml.Event]:
    while not isinstance(event := loader.get_event(), end):
        yield event


def _line(event: yaml.Event) -> int:
    return event.start_mark.line if event.start_mark is not None else 0


def _mapping(loader: _Loader, source: _Source, depth: int) -> JsonObject:
    found: JsonObject = {}
    for key in _until(loader, yaml.MappingEndEvent):
        _require_plain(key, source)
        if not isinstance(key, yaml.ScalarEvent):
            raise source.refused(Rule.YAML_SHAPE, _line(key), "A key must be a word.", "key: value")
        if _tag_of(loader, key) == _TAG + "merge":
            why = "Merge keys (<<) are not read."
            raise source.refused(Rule.YAML_ANCHOR, _line(key), why, "Write it out.")
        if key.value in found:
            why = f"{key.value!a} stands twice."
            raise source.refused(Rule.YAML_DUPLICATE_KEY, _line(key), why, "Keep one of them.")
        found[key.value] = _plain(loader, loader.get_event(), source, depth)
    return found


def _tag_of(loader: _Loader, event: yaml.ScalarEvent) -> str:
    return loader.resolve(yaml.ScalarNode, event.value, event.implicit)


def _scalar(loader: _Loader, event: yaml.ScalarEvent, source: _Source) -> JsonValue:
    """Build text, numbers, true, false and null; dates and what JSON lacks stay as written."""
    tag, written = _tag_of(loader, event), str(event.value)
    if tag in _TYPED:
        try:
            value: JsonValue = loader.construct_object(yaml.ScalarNode(tag, written))
        except ValueError:
            return written
        exact = not isinstance(value, float) or math.isfinite(value)
        return value if exact and abs(value or 0) < 2**53 else written  # type: ignore[arg-type]
    if tag not in _AS_WRITTEN:
        why = "A value is of no plain type."
        raise source.refused(Rule.YAML_TAG, _line(event), why, "Quote the value.")
    return written


def _syntax(source: _Source, error: yaml.YAMLError) -> ArchiveInvalid:
    mark, place = getattr(error, "problem_mark", None), getattr(error, "position", 0)
    index = mark.line if mark is not None else source.text.count("\n", 0, place)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    value = _PLAIN_VALUE.fullmatch(source.line(index))
    if "mapping values are not allowed" in problem and value:
        quoted = value[2].replace("\\", "\\\\").replace('"', '\\"')
        return source.refused(
            Rule.YAML_COLON,
            index,
            "A value holds a colon and a space, which YAML reads as another key.",
            f'Put the value in quotes: {value[1].strip()} "{quoted}"',
        )
    return source.refused(
        Rule.YAML_SYNTAX, index, f"YAML says: {problem}.", "Correct the line, or quote its value."
    )
