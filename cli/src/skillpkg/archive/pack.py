"""Pack a folder into a ``.skill`` archive: the same folder gives the same tar everywhere."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from dataclasses import dataclass, replace
from pathlib import Path

from skillpkg.archive import gzip_layer, tar
from skillpkg.archive.folder import Collected, collect
from skillpkg.archive.frontmatter import Frontmatter, check_name, parse_frontmatter
from skillpkg.archive.limits import DEFAULT, Policy, check_file_type, under_policy
from skillpkg.archive.paths import check_path, check_twins, fold
from skillpkg.archive.reader import MANIFEST, SKILL, read_archive
from skillpkg.archive.rules import Rule
from skillpkg.archive.skill_yaml import SKILL_YAML, SkillYaml
from skillpkg.archive.tar import Member, mode_of
from skillpkg.canonical_json import JsonValue
from skillpkg.errors import ArchiveInvalid, ManifestInvalid, VersionInvalid
from skillpkg.manifest import DEFAULT_CATEGORY, FileEntry, Manifest, Requires
from skillpkg.manifest_fields import (
    read_dependencies,
    read_license,
    read_plain,
    read_requires,
    read_slug,
    read_tags,
    slug,
)
from skillpkg.types import Namespace, PackageName, Sha256Digest, suggest_name
from skillpkg.version import Version


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed skill.

    Attributes:
        archive: the ``.skill`` file's bytes.
        content_digest: sha256 of the canonical tar inside.
        sha256: sha256 of ``archive``.
        reports: one line for each thing that was left out, replaced or is unusual.
    """

    archive: bytes
    manifest: Manifest
    content_digest: str
    sha256: str
    reports: list[str]


def pack_folder(
    folder: Path,
    *,
    namespace: str | None = None,
    name: str | None = None,
    version: str | None = None,
    policy: Policy = "standard",
) -> Packed:
    """Pack ``folder``; what is given here counts before ``skill.yaml`` and frontmatter.

    Raises:
        ArchiveInvalid: a rule is broken; path, line where there is one, and the mend.
        ManifestInvalid, NameInvalid, VersionInvalid: a field of the manifest is wrong or missing.
        UsageError: ``.skillignore`` cannot be read.
    """
    limits = under_policy(DEFAULT, policy)
    _require_skill(folder)
    found = collect(folder, limits)
    replaced = found.files.pop(MANIFEST, None) is not None
    _check_paths(found, policy)
    author = _read_author(found, folder)
    found = _without_yaml(found, policy)
    given = {"namespace": namespace, "name": name, "version": version}
    manifest = _manifest(author, given, found.files)
    members = _members(manifest, found.files)
    content = tar.encode(members)
    archive = gzip_layer.deflate(content)
    read_archive(archive, limits=limits, policy=policy)
    return Packed(
        archive,
        manifest,
        hashlib.sha256(content).hexdigest(),
        hashlib.sha256(archive).hexdigest(),
        _reports(found, author, folder, replaced),
    )


def _require_skill(folder: Path) -> None:
    """Say of a wrong folder that it is no skill, before anything in it is read."""
    with contextlib.suppress(OSError):  # `collect` says why a folder cannot be read
        if not any(fold(entry.name) == fold(SKILL) for entry in folder.iterdir()):
            raise _no_skill()


def _no_skill() -> ArchiveInvalid:
    return ArchiveInvalid(
        Rule.SKILL_MISSING,
        f"The folder has no {SKILL}.",
        path=SKILL,
        fix="Write one, or give the folder that holds it.",
    )


@dataclass(frozen=True, slots=True)
class _Author:
    """What the author wrote: the frontmatter and ``skill.yaml``."""

    skill: Frontmatter
    more: SkillYaml


def _read_author(found: Collected, folder: Path) -> _Author:
    suggested = suggest_name(folder.resolve().name) or "my-skill"
    skill = parse_frontmatter(found.files[SKILL], suggested_name=suggested)
    source = found.files.get(SKILL_YAML)
    return _Author(skill, SkillYaml() if source is None else SkillYaml.parse(source))


def _without_yaml(found: Collected, policy: Policy) -> Collected:
    """Leave ``skill.yaml`` out where policy is strict: the manifest says all that it says."""
    if policy != "strict" or found.files.pop(SKILL_YAML, None) is None:
        return found
    return replace(found, left_out=(*found.left_out, SKILL_YAML))


def _check_paths(found: Collected, policy: Policy) -> None:
    for path in found.files:
        check_path(path, depth=DEFAULT.depth)
        if path != SKILL_YAML:
            check_file_type(path, policy)
    check_twins(itertools.chain(found.files, [MANIFEST]))
    if SKILL in found.files:
        return
    for path in found.files:
        if fold(path) == fold(SKILL):
            raise ArchiveInvalid(
                Rule.SKILL_SPELLING,
                f"{path}: agents look for {SKILL}, spelt so.",
                path=path,
                fix=f"Rename it: mv {path} {SKILL}",
            )
    raise _no_skill()


def _manifest(author: _Author, given: dict[str, str | None], files: dict[str, bytes]) -> Manifest:
    skill, more = author.skill, author.more
    name = PackageName.parse_new(_text("name", given["name"] or more.get("name", skill.name)))
    check_name(skill, name)
    namespace = Namespace(_text("namespace", given["namespace"] or more.get("namespace")))
    license_text = more.get("license", skill.license)
    return Manifest(
        namespace=namespace,
        name=name,
        version=_version(given["version"] or more.version(skill)),
        description=skill.description,
        category=read_slug("category", more.get("category", DEFAULT_CATEGORY)),
        license=None if license_text is None else read_license(license_text),
        tags=read_tags(_tidy_tags(more.tags(skill), author)),
        dependencies=read_dependencies(more.dependencies(namespace)),
        requires=Requires(**read_requires(more.requires(skill))),
        files=tuple(_entry(path, files[path]) for path in sorted(files)),
    )


def _text(field: str, value: JsonValue) -> str:
    if value is None:
        raise ManifestInvalid(
            field,
            f"The package has no {field}.",
            fix=f"Give --{field}, or write {field}: … into {SKILL_YAML}.",
        )
    return read_plain(field, value, 256)


def _version(value: JsonValue) -> Version:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    try:
        return Version.parse(_text("version", value))
    except VersionInvalid as error:
        raise ManifestInvalid("version", error.what, why=error.why, fix=error.fix) from error


def _tidy_tags(value: JsonValue, author: _Author) -> JsonValue:
    """Bring the free tags of a frontmatter into form; those of skill.yaml must have it."""
    if author.more.get("tags") is not None or not isinstance(value, list | str):
        return [] if author.more.get("tags") is None else value
    parts = value.split(",") if isinstance(value, str) else [str(part) for part in value]
    return [tag for tag in dict.fromkeys(slug(part) for part in parts) if tag][:20]


def _entry(path: str, data: bytes) -> FileEntry:
    return FileEntry(path, len(data), Sha256Digest(hashlib.sha256(data).hexdigest()))


def _members(manifest: Manifest, files: dict[str, bytes]) -> list[Member]:
    every = files | {MANIFEST: manifest.to_bytes()}
    return [Member(path, mode_of(every[path]), every[path]) for path in sorted(every)]


def _reports(found: Collected, author: _Author, folder: Path, replaced: bool) -> list[str]:
    reports = [f"left out: {path}" for path in found.left_out]
    if replaced:
        reports.append(f"{MANIFEST}: written anew; the folder's own was not used")
    if folder.resolve().name != author.skill.name:
        reports.append(
            f"{SKILL}: its name is {author.skill.name!r}, its folder's {folder.resolve().name!r}"
        )
    return [*reports, *author.skill.reports, *author.more.reports]
