"""``skill.yaml``: what a publisher says beyond the specification's frontmatter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from skillpkg.archive.frontmatter import Frontmatter
from skillpkg.archive.rules import Rule
from skillpkg.archive.strict_yaml import load_mapping
from skillpkg.canonical_json import JsonValue
from skillpkg.errors import ArchiveInvalid

SKILL_YAML = "skill.yaml"
_KEYS = frozenset(
    {"namespace", "name", "version", "category", "license", "tags", "dependencies", "requires"}
)


@dataclass(frozen=True, slots=True)
class SkillYaml:
    """The keys of ``skill.yaml`` as written, and a line for each that nobody reads."""

    keys: Mapping[str, JsonValue] = field(default_factory=dict)
    reports: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> SkillYaml:
        """Read ``skill.yaml``: namespace, name, version, category, license, tags, dependencies
        and requires, all optional.

        Raises:
            ArchiveInvalid: a ``yaml-*`` rule with line and mend, or ``frontmatter-encoding``.
        """
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ArchiveInvalid(
                Rule.FRONTMATTER_ENCODING,
                f"{SKILL_YAML} is not UTF-8.",
                path=SKILL_YAML,
                fix="Save it as UTF-8.",
            ) from error
        keys = load_mapping(text, path=SKILL_YAML)
        unknown = [key for key in keys if key not in _KEYS]
        return cls(keys, tuple(f"{SKILL_YAML}: nobody reads the key {key!a}" for key in unknown))

    def get(self, key: str, otherwise: JsonValue = None) -> JsonValue:
        """Return a key's value; ``otherwise`` when it is missing or empty (null)."""
        value = self.keys.get(key)
        return otherwise if value is None else value

    def requires(self, skill: Frontmatter) -> JsonValue:
        """Return ``requires``; without its ``tools`` those that the frontmatter allows count."""
        value = self.get("requires", {})
        if not isinstance(value, Mapping):
            return value
        return {"tools": list(skill.allowed_tools), **value}

    def dependencies(self, namespace: str) -> JsonValue:
        """Return ``dependencies``; a bare name means a package of ``namespace`` itself.

        So a family of skills can be packed for any namespace without being edited.
        """
        value = self.get("dependencies", {})
        if not isinstance(value, Mapping):
            return value
        return {key if "/" in key else f"{namespace}/{key}": v for key, v in value.items()}

    def version(self, skill: Frontmatter) -> JsonValue:
        """Return the version written here, or else in the frontmatter or its metadata."""
        fallback = skill.extra.get("version", skill.metadata.get("version"))
        return self.get("version", fallback)

    def tags(self, skill: Frontmatter) -> JsonValue:
        """Return the tags written here, or else in the frontmatter."""
        return self.get("tags", skill.extra.get("tags", []))
