"""YAML as publishers write it, read into plain JSON values: no surprise survives.

PyYAML's safe loader resolves scalars; anchors, aliases, tags, merge keys, repeated keys, depth and
size are refused before anything is built, so a small document cannot become a large one.
"""

from __future__ import annotations

import math
import re

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
        _check_events(source)
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


def _check_events(source: _Source) -> None:
    depth = 0
    for event in yaml.parse(source.text, Loader=yaml.SafeLoader):
        line = event.start_mark.line if event.start_mark is not None else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise source.refused(
                Rule.YAML_ANCHOR, line, "Anchors (&) and aliases (*) are not read.", "Write it out."
            )
        if getattr(event, "tag", None) is not None:
            raise source.refused(Rule.YAML_TAG, line, "Tags (!) are not read.", "Quote the value.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise source.refused(
                Rule.YAML_TOO_DEEP, line, f"It is nested deeper than {MAX_DEPTH}.", "Flatten it."
            )


def _build(source: _Source) -> JsonValue:
    loader = yaml.SafeLoader(source.text)
    try:
        node = loader.get_single_node()
        return {} if node is None else _plain(loader, node, source)
    finally:
        loader.dispose()


def _plain(loader: yaml.SafeLoader, node: yaml.Node, source: _Source) -> JsonValue:
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, source)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, source) for item in node.value]
    return _scalar(loader, node, source)


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode, source: _Source) -> JsonObject:
    found: JsonObject = {}
    for key, value in node.value:
        line = key.start_mark.line
        if not isinstance(key, yaml.ScalarNode):
            raise source.refused(Rule.YAML_SHAPE, line, "A key must be a word.", "key: value")
        if key.tag == _TAG + "merge":
            raise source.refused(
                Rule.YAML_ANCHOR, line, "Merge keys (<<) are not read.", "Write it out."
            )
        if key.value in found:
            raise source.refused(
                Rule.YAML_DUPLICATE_KEY, line, f"{key.value!a} stands twice.", "Keep one of them."
            )
        found[key.value] = _plain(loader, value, source)
    return found


def _scalar(loader: yaml.SafeLoader, node: yaml.Node, source: _Source) -> JsonValue:
    """Build text, numbers, true, false and null; dates and what JSON lacks stay as written."""
    if node.tag in _TYPED:
        try:
            value: JsonValue = loader.construct_object(node)
        except ValueError:
            return str(node.value)
        exact = not isinstance(value, float) or math.isfinite(value)
        return value if exact and abs(value or 0) < 2**53 else str(node.value)  # type: ignore[arg-type]
    if node.tag not in _AS_WRITTEN:
        raise source.refused(
            Rule.YAML_TAG, node.start_mark.line, "A value is of no plain type.", "Quote the value."
        )
    return str(node.value)


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
