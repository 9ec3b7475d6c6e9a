"""Index documents fetched side by side and verified one after another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from skillpkg.errors import Check, NotFound
from skillpkg.install.bins import Located
from skillpkg.install.fetching import MAX_INDEX, fetch
from skillpkg.install.index import PackageIndex
from skillpkg.install.modes import Mode
from skillpkg.install.ports import ReadPlane
from skillpkg.install.resolve import candidates
from skillpkg.install.verify import Verifier
from skillpkg.install.wishes import Requirement
from skillpkg.package_ref import PackageRef

_NAMES = re.compile(r"[a-z0-9-]{1,64}/[a-z0-9-]{1,64}")


class Indexes:
    """The verified index documents of one run.

    Args:
        exact: ``ns/name`` whose archive is known by hash; its passed dates only warn.
    """

    def __init__(
        self, verifier: Verifier, plane: ReadPlane, pool: ThreadPoolExecutor, exact: str | None
    ) -> None:
        self._verifier = verifier
        self._plane = plane
        self._pool = pool
        self._exact = exact
        self._found: dict[str, PackageIndex] = {}

    def get(self, package: str) -> PackageIndex:
        """Return the verified index of ``ns/name``.

        Raises:
            NotFound: the registry has no such package.
            VerificationRefused: its index does not verify.
        """
        if package not in self._found:
            mode = self._mode(package)
            located = self._verifier.locate(PackageRef.parse(package), mode=mode)
            self._keep(located, self._fetch(located))
        return self._found[package]

    def warm(self, wanted: Iterable[Requirement]) -> None:
        """Fetch what a resolution will most likely ask for, level by level, in parallel.

        A package that does not exist is left to `get`, which knows who wants it.
        """
        level = [r for r in wanted if _NAMES.fullmatch(r.package)]
        while level:
            missing = list(dict.fromkeys(r.package for r in level if r.package not in self._found))
            if missing:
                self._warm_level(missing)
            level = [
                need
                for requirement in level
                if requirement.package in self._found and requirement.package in missing
                for best in candidates(self._found[requirement.package], requirement)[:1]
                for need in best.requirements()
            ]

    def _warm_level(self, packages: list[str]) -> None:
        first, *others = packages
        found = [self._locate(first), *self._pool.map(self._locate, others)]
        located = [one for one in found if one is not None]
        for one, data in zip(located, self._pool.map(self._fetch, located), strict=True):
            self._keep(one, data)

    def _locate(self, package: str) -> Located | None:
        try:
            return self._verifier.locate(PackageRef.parse(package), mode=self._mode(package))
        except NotFound:
            return None

    def _fetch(self, located: Located) -> bytes:
        return fetch(
            self._plane,
            located.path,
            check=Check.INDEX_HASH,
            max_size=MAX_INDEX,
            immutable=True,
        )

    def _keep(self, located: Located, data: bytes) -> None:
        mode = self._mode(located.package)
        self._found[located.package] = self._verifier.check_index(located, data, mode=mode)

    def _mode(self, package: str) -> Mode:
        return Mode.EXACT if package == self._exact else Mode.RESOLVE
