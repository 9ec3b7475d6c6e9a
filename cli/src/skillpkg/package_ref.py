"""How people name a package: ``ns/name``, ``ns/name@1.2.0``, ``@ns/name@latest`` or a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from skillpkg.errors import UsageError, VersionInvalid
from skillpkg.types import Namespace, PackageName
from skillpkg.version import Range, Version

_TAG = re.compile(r"[a-z][a-z0-9.-]{0,63}")
_URL = re.compile(r"(https?|file)://([^/?#\s]*)(/[^?#\s]*)")
_SHAPE = "Write namespace/name or namespace/name@version, for example acme/deploy-helper@1.2.0."


def is_tag(text: str) -> bool:
    """Say whether ``text`` can be a dist-tag: ``latest``, ``beta``; never a version or range."""
    if not _TAG.fullmatch(text):
        return False
    try:
        Range.parse(text)
    except VersionInvalid:
        return True
    return False


@dataclass(frozen=True, slots=True)
class PackageRef:
    """A package as somebody asked for it.

    Attributes:
        version_or_tag: an exact version, a dist-tag or a range as written; None when left out.
        registry_url: the registry's address when a full URL was given, without a final slash.
    """

    namespace: Namespace
    name: PackageName
    version_or_tag: str | None = None
    registry_url: str | None = None

    @classmethod
    def parse(cls, text: str) -> PackageRef:
        """Read ``ns/name[@v]``, ``@ns/name[@v]`` or ``https://host[/prefix]/ns/name[@v]``.

        A URL may also be the package's page or API address (``…/v1/packages/ns/name/1.2.0``).

        Raises:
            UsageError: another shape.  NameInvalid: a name breaks a rule.
            VersionInvalid: what follows ``@`` is neither version, tag nor range.
        """
        if "://" in text:
            return _from_url(text)
        return _from_path(text.removeprefix("@"), text, None)

    @property
    def package(self) -> str:
        """``ns/name``."""
        return f"{self.namespace}/{self.name}"

    @property
    def version(self) -> Version | None:
        """The exact version asked for, or None."""
        try:
            return Version.parse(self.version_or_tag or "")
        except VersionInvalid:
            return None

    @property
    def tag(self) -> str | None:
        """The dist-tag asked for, or None."""
        wanted = self.version_or_tag
        return wanted if wanted is not None and is_tag(wanted) else None

    @property
    def range(self) -> Range | None:
        """The range asked for, or None: an exact version and a tag are not ranges."""
        if self.version_or_tag is None or self.version or self.tag:
            return None
        return Range.parse(self.version_or_tag)

    def __str__(self) -> str:
        base = f"{self.registry_url}/" if self.registry_url else ""
        version = f"@{self.version_or_tag}" if self.version_or_tag else ""
        return f"{base}{self.package}{version}"


def _from_path(path: str, whole: str, registry: str | None) -> PackageRef:
    names, at, wanted = path.partition("@")
    namespace, slash, name = names.partition("/")
    if not slash or "/" in name or (at and not wanted):
        raise UsageError(f"{whole[:200]!a} does not name a package.", fix=_SHAPE)
    ref = PackageRef(Namespace(namespace), PackageName(name), wanted or None, registry)
    if at and ref.version is None and not is_tag(wanted):
        Range.parse(wanted)  # refuses what is neither
    return ref


def _from_url(text: str) -> PackageRef:
    found = _URL.fullmatch(text)
    if found is None or "@" in found[2] or (found[1] != "file" and not found[2]):
        raise UsageError(
            f"{text[:200]!a} is not a package's address.",
            why="An address has a host and a path, no user name, no query and no fragment.",
            fix="Write https://HOST/namespace/name.",
        )
    base, path = _split_path(found[3].rstrip("/"), text)
    return _from_path(path.removeprefix("@"), text, f"{found[1]}://{found[2]}{base}")


def _split_path(path: str, text: str) -> tuple[str, str]:
    """Cut a URL's path into what belongs to the registry and ``ns/name[@v]``."""
    parts = path.split("/")
    if "packages" in parts[:-2]:
        at = parts.index("packages")
        rest = parts[at + 1 :]
        if len(rest) == 3:
            rest = [rest[0], f"{rest[1]}@{rest[2]}"]
        return "/".join(parts[:at]).removesuffix("/v1"), "/".join(rest)
    if len(parts) < 3:
        raise UsageError(f"{text[:200]!a} names no package.", fix=_SHAPE)
    return "/".join(parts[:-2]), "/".join(parts[-2:])
