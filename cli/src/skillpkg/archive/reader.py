"""Read a ``.skill`` archive: every rule, or a refusal that names rule and path.

Installing needs no YAML: the manifest binds identity and every file. ``Archive.skill`` parses the
frontmatter of SKILL.md only when it is asked for (by pack and by the registry's vetting).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from skillpkg.archive import gzip_layer, tar
from skillpkg.archive.limits import DEFAULT, Limits, Policy, check_file_type, under_policy
from skillpkg.archive.paths import check_path, check_twins, fold
from skillpkg.archive.rules import Rule
from skillpkg.archive.tar import Member
from skillpkg.errors import ArchiveInvalid, ManifestInvalid, UsageError
from skillpkg.manifest import FileEntry, Manifest

if TYPE_CHECKING:
    from skillpkg.archive.frontmatter import Frontmatter

MANIFEST = "manifest.json"
SKILL = "SKILL.md"


@dataclass(frozen=True)
class Archive:
    """A verified archive.

    Attributes:
        content_digest: sha256 of the canonical tar, 64 hexadecimal digits: equal for equal files.
        sha256: sha256 of the ``.skill`` file itself: its address.
        members: every file, ``manifest.json`` included, sorted by path.
    """

    manifest: Manifest
    content_digest: str
    sha256: str
    members: tuple[Member, ...]

    @cached_property
    def skill(self) -> Frontmatter:
        """The frontmatter of SKILL.md, held to the same rules as at packing.

        Raises:
            ArchiveInvalid: it breaks a rule, or name or description is not the manifest's.
        """
        from skillpkg.archive.frontmatter import check_description, check_name, parse_frontmatter

        skill = parse_frontmatter(self.file(SKILL))
        check_name(skill, self.manifest.name)
        check_description(skill, self.manifest.description)
        return skill

    @property
    def reports(self) -> tuple[str, ...]:
        """What is unusual about the frontmatter and allowed all the same."""
        return self.skill.reports

    def file(self, path: str) -> bytes:
        """Return one file's bytes.

        Raises:
            ArchiveInvalid: rule ``file-missing``.
        """
        for member in self.members:
            if member.path == path:
                return member.data
        raise _refused(Rule.FILE_MISSING, path, "The archive does not hold it.")


def read_archive(data: bytes, *, limits: Limits = DEFAULT, policy: Policy = "standard") -> Archive:
    """Read and check a whole archive.

    Args:
        data: the ``.skill`` file.
        limits: bounds of size and number; ``policy`` may narrow them.
        policy: ``strict`` takes 5 MiB and ``.md`` and ``.json`` files only.

    Raises:
        ArchiveInvalid: with a rule of ``skillpkg.archive.rules`` and the path.
    """
    limits = under_policy(limits, policy)
    content = gzip_layer.inflate(data, limits)
    members = tar.decode(content, limits)
    for member in members:
        check_path(member.path, depth=limits.depth)
    check_twins(member.path for member in members)
    manifest = _manifest(members)
    _check_files(manifest.files, [m for m in members if m.path != MANIFEST])
    _check_skill(members)
    for member in members:
        check_file_type(member.path, policy)
    return Archive(
        manifest,
        hashlib.sha256(content).hexdigest(),
        hashlib.sha256(data).hexdigest(),
        members,
    )


def _manifest(members: Sequence[Member]) -> Manifest:
    for member in members:
        if member.path == MANIFEST:
            try:
                return Manifest.from_bytes(member.data)
            except (ManifestInvalid, UsageError) as error:
                raise ArchiveInvalid(
                    Rule.MANIFEST_INVALID,
                    f"{MANIFEST}: {error.what}",
                    path=MANIFEST,
                    why=error.why,
                    fix=error.fix,
                ) from error
    raise _refused(Rule.MANIFEST_MISSING, MANIFEST, "The archive has no manifest.json.")


def _check_files(listed: Sequence[FileEntry], members: Sequence[Member]) -> None:
    """Hold members to the manifest in both directions, then each file's size and digest."""
    wanted, held = {f.path for f in listed}, {m.path for m in members}
    for path in sorted(held - wanted):
        raise _refused(Rule.FILE_NOT_LISTED, path, "The manifest does not list it.")
    for path in sorted(wanted - held):
        raise _refused(Rule.FILE_MISSING, path, "The manifest lists it; the archive lacks it.")
    for entry, member in zip(listed, members, strict=True):
        if entry.size != len(member.data):
            raise _refused(Rule.FILE_SIZE, entry.path, "Its size is not the manifest's.")
        if entry.sha256 != hashlib.sha256(member.data).hexdigest():
            raise _refused(Rule.FILE_DIGEST, entry.path, "Its sha256 is not the manifest's.")


def _check_skill(members: Sequence[Member]) -> None:
    if any(member.path == SKILL for member in members):
        return
    for member in members:
        if fold(member.path) == fold(SKILL):
            raise _refused(Rule.SKILL_SPELLING, member.path, f"It must be spelt {SKILL}.")
    raise _refused(Rule.SKILL_MISSING, SKILL, "A skill needs a SKILL.md at its top.")


def _refused(rule: Rule, path: str, why: str) -> ArchiveInvalid:
    return ArchiveInvalid(
        rule,
        f"{path.encode('unicode_escape').decode('ascii')[:200]}: the archive is refused.",
        path=path,
        why=why,
        fix="Build it with: skillpkg pack",
    )
