"""The frontmatter of SKILL.md, by the Agent Skills specification.

Keys of the specification are checked. Other keys and rich metadata, which a third of published
skills have, are kept and reported, never refused. Each refusal says line, rule and mend.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from skillpkg.archive.rules import Rule
from skillpkg.archive.strict_yaml import load_mapping
from skillpkg.canonical_json import JsonObject, JsonValue
from skillpkg.errors import ArchiveInvalid, ManifestInvalid, NameInvalid
from skillpkg.manifest_fields import read_description, read_plain
from skillpkg.types import PackageName, suggest_name

SKILL = "SKILL.md"
MAX_COMPATIBILITY = 500
_LINE_END = re.compile(r"\r\n|\n|\r")
_FENCE = re.compile(r"---[ \t]*")
_KNOWN = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")
_TOOL = re.compile(r"[^\s,()]+(?:\([^)]*\))?")


@dataclass(frozen=True)
class Frontmatter:
    """What SKILL.md says of itself.

    Attributes:
        description: trimmed.
        allowed_tools: ``allowed-tools`` cut into its parts: ``Bash(git:*)``, ``Read``.
        metadata: as written, values of any shape.
        extra: keys outside the specification, kept as written.
        reports: one line for each thing that is unusual and allowed.
    """

    name: str
    description: str
    license: str | None
    compatibility: str | None
    allowed_tools: tuple[str, ...]
    metadata: Mapping[str, JsonValue]
    extra: Mapping[str, JsonValue]
    reports: tuple[str, ...]


def parse_frontmatter(data: bytes, *, suggested_name: str = "my-skill") -> Frontmatter:
    """Read the frontmatter of a SKILL.md.

    Args:
        data: the whole file.
        suggested_name: the name that a mend proposes when the file has none.

    Raises:
        ArchiveInvalid: a ``frontmatter-*`` or ``yaml-*`` rule with line and mend.
    """
    lines = _LINE_END.split(_decode(data))
    block = _block(lines, suggested_name)
    keys = load_mapping("\n".join(block), path=SKILL, first_line=2)
    reader = _Keys(keys, block)
    return Frontmatter(
        name=reader.name(suggested_name),
        description=reader.description(),
        license=reader.text("license", 256),
        compatibility=reader.text("compatibility", MAX_COMPATIBILITY),
        allowed_tools=reader.allowed_tools(),
        metadata=reader.metadata(),
        extra={key: value for key, value in keys.items() if key not in _KNOWN},
        reports=tuple(_reports(keys)),
    )


def check_description(skill: Frontmatter, description: str) -> None:
    """Refuse a manifest that tells people something else than SKILL.md tells agents.

    Raises:
        ArchiveInvalid: rule ``description-mismatch``.
    """
    if skill.description != description:
        raise ArchiveInvalid(
            Rule.DESCRIPTION_MISMATCH,
            f"The manifest's description is not that of {SKILL}.",
            path=SKILL,
            fix="Build it with: skillpkg pack",
        )


def check_name(skill: Frontmatter, name: PackageName) -> None:
    """Refuse a skill that agents would know by another name than the registry does.

    Raises:
        ArchiveInvalid: rule ``name-mismatch``.
    """
    if skill.name != name:
        raise ArchiveInvalid(
            Rule.NAME_MISMATCH,
            f"{SKILL}: its name is {skill.name!r}, the package's is {str(name)!r}.",
            path=SKILL,
            fix=f"Write name: {name} into {SKILL}, or pack under the name {skill.name}.",
        )


def _decode(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise _refused(
            Rule.FRONTMATTER_BOM,
            1,
            "The file begins with a byte order mark.",
            "Save it as UTF-8 without BOM.",
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(
            Rule.FRONTMATTER_ENCODING, line, "The file is not UTF-8.", "Save it as UTF-8."
        ) from error


def _block(lines: list[str], suggested_name: str) -> list[str]:
    if not lines or not _FENCE.fullmatch(lines[0]):
        raise _refused(
            Rule.FRONTMATTER_MISSING,
            1,
            "The file does not begin with frontmatter.",
            f"Begin it with these lines:\n---\nname: {suggested_name}\n"
            "description: What it does, and when an agent should use it.\n---",
        )
    for index, line in enumerate(lines[1:], start=1):
        if _FENCE.fullmatch(line):
            return lines[1:index]
    raise _refused(
        Rule.FRONTMATTER_UNCLOSED,
        1,
        "The frontmatter that begins here has no end.",
        "Put a line of three hyphens after its last key.",
    )


class _Keys:
    """The specification's keys, each by its rule; ``block`` finds a key's line for messages."""

    def __init__(self, keys: JsonObject, block: list[str]) -> None:
        self._keys, self._block = keys, block

    def _line(self, key: str) -> int:
        for index, line in enumerate(self._block):
            if re.match(rf"['\"]?{re.escape(key)}['\"]?\s*:", line):
                return index + 2
        return 2

    def name(self, suggested: str) -> str:
        value = self._keys.get("name")
        if value is None:
            raise _refused(
                Rule.FRONTMATTER_NAME, 2, "There is no name.", f"Add the line: name: {suggested}"
            )
        try:
            return PackageName.parse_new(read_plain("name", value, 1024))
        except (NameInvalid, ManifestInvalid) as error:
            mend = suggest_name(str(value)) or suggested
            raise _refused(
                Rule.FRONTMATTER_NAME,
                self._line("name"),
                " ".join(filter(None, (error.what, error.why))),
                f"Write it as: name: {mend}",
            ) from error

    def description(self) -> str:
        value = self._keys.get("description", "")
        try:
            return read_description(value.strip() if isinstance(value, str) else value)
        except ManifestInvalid as error:
            raise self._invalid(Rule.FRONTMATTER_DESCRIPTION, "description", error) from error

    def text(self, key: str, longest: int) -> str | None:
        value = self._keys.get(key)
        if value is None:
            return None
        try:
            return read_plain(key, value, longest).strip() or None
        except ManifestInvalid as error:
            raise self._invalid(Rule.FRONTMATTER_FIELD, key, error) from error

    def allowed_tools(self) -> tuple[str, ...]:
        value = self._keys.get("allowed-tools")
        parts = value if isinstance(value, list) else _TOOL.findall(str(value or ""))
        return tuple(dict.fromkeys(str(part) for part in parts))

    def metadata(self) -> JsonObject:
        value = self._keys.get("metadata")
        return value if isinstance(value, dict) else {}

    def _invalid(self, rule: Rule, key: str, error: ManifestInvalid) -> ArchiveInvalid:
        why = " ".join(filter(None, (error.what, error.why)))
        return _refused(rule, self._line(key), why, error.fix)


def _reports(keys: JsonObject) -> list[str]:
    found = [
        f"{SKILL}: kept the key {k!a}, which the specification does not know"
        for k in keys
        if k not in _KNOWN
    ]
    metadata = keys.get("metadata")
    if isinstance(metadata, dict):
        found += [
            f"{SKILL}: kept metadata.{key}, which is not text"
            for key, value in metadata.items()
            if not isinstance(value, str)
        ]
    elif metadata is not None:
        found.append(f"{SKILL}: metadata is no mapping and says nothing to anyone")
    if isinstance(keys.get("allowed-tools"), list):
        found.append(f"{SKILL}: allowed-tools is a list; the specification wants one line of text")
    return found


def _refused(rule: Rule, line: int, why: str, fix: str) -> ArchiveInvalid:
    return ArchiveInvalid(
        rule,
        f"{SKILL} line {line}: the frontmatter cannot be accepted.",
        path=SKILL,
        why=why,
        fix=fix,
    )
