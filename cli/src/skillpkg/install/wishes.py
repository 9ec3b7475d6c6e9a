"""What somebody wants installed, and whether the store has it already; no registry is asked."""

from __future__ import annotations

import json
from dataclasses import dataclass

from skillpkg.install.altered import may_stay
from skillpkg.install.index_file import StoreIndex
from skillpkg.install.store import Store
from skillpkg.installed import InstalledPackage
from skillpkg.package_ref import PackageRef


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package and what is wanted of it: a version, a tag, a range, or None for any.

    Attributes:
        by: ``ns/name@version`` of who wants it; empty for the person who typed the command.
    """

    package: str
    wanted: str | None = None
    by: str = ""

    @property
    def ref(self) -> PackageRef:
        """The same as a reference."""
        return PackageRef.parse(f"{self.package}@{self.wanted}" if self.wanted else self.package)

    def __str__(self) -> str:
        return (
            f"{self.by or 'you'} want{'s' if self.by else ''} {self.package} {self.wanted or '*'}"
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What to install.

    Attributes:
        sha256: of the archive, for one exact version named by hash; passed dates then only warn.
        force: whether files that were changed since their install are replaced.
    """

    requirements: tuple[Requirement, ...]
    sha256: str | None = None
    force: bool = False


def granted(wish: Wish, store: Store, registry_id: str) -> list[InstalledPackage] | None:
    """Return what is installed when it already is what is wished for, dependencies included.

    Exact versions never change, so nothing need be asked of the registry.

    Raises:
        InstallFailed: files were changed since, and the wish has no ``force``.
    """
    if any(requirement.ref.version is None for requirement in wish.requirements):
        return None
    index, found = store.read(), dict[str, InstalledPackage]()
    open_wishes = list(wish.requirements)
    while open_wishes:
        requirement = open_wishes.pop()
        fitting = _fitting(index, requirement)
        if fitting is None or fitting.registry != registry_id:
            return None
        if not may_stay(fitting, store.folder(fitting), force=wish.force):
            return None
        if fitting.package not in found:
            found[fitting.package] = fitting
            needs = _needs(store, fitting)
            if needs is None:
                return None
            open_wishes += needs
    if wish.sha256 and found[wish.requirements[0].package].sha256 != wish.sha256:
        return None
    return [found[name] for name in sorted(found)]


def _needs(store: Store, package: InstalledPackage) -> list[Requirement] | None:
    """Return what an installed version depends on; None when its files cannot say.

    The manifest was held to every rule when it was installed, and `verify` does so again: here it
    only has to say what to look for, so the rules are not loaded.
    """
    try:
        needs = json.loads((store.folder(package) / "manifest.json").read_bytes())["dependencies"]
        by = f"{package.package}@{package.version}"
        return [Requirement(str(name), str(wanted), by) for name, wanted in needs.items()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _fitting(index: StoreIndex, requirement: Requirement) -> InstalledPackage | None:
    ref = requirement.ref
    for package in reversed(index.find(requirement.package)):
        if ref.version == package.version or (ref.range and ref.range.matches(package.version)):
            return package
    return None
