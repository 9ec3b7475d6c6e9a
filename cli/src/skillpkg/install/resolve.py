"""Choose versions: npm ranges over signed index documents, by resolvelib."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from resolvelib import (
    AbstractProvider,
    BaseReporter,
    ResolutionImpossible,
    ResolutionTooDeep,
)
from resolvelib.resolvers import Resolution
from resolvelib.structs import RequirementInformation

from skillpkg.errors import ConflictingRequirements, NotFound
from skillpkg.install.index import IndexVersion, PackageIndex
from skillpkg.install.wishes import Requirement
from skillpkg.version import Range, Version

_MAX_ROUNDS = 10_000
IndexOf: TypeAlias = Callable[[str], PackageIndex]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version that could be installed."""

    package: str
    version: Version
    facts: IndexVersion

    def requirements(self) -> list[Requirement]:
        """Return what this version depends on."""
        by = f"{self.package}@{self.version}"
        return [Requirement(p, wanted, by) for p, wanted in sorted(self.facts.dependencies.items())]


def candidates(index: PackageIndex, requirement: Requirement) -> list[Candidate]:
    """Return what satisfies a requirement: the ``latest`` tag first, then from the highest down.

    Yanked versions only satisfy an exact version that a person named; withdrawn ones nothing.
    """
    ref = requirement.ref
    if ref.tag is not None:
        tagged = index.dist_tags.get(ref.tag)
        return [c for c in _every(index) if c.facts.version == tagged]
    if ref.version is not None:
        exact = [c for c in _every(index, yanked=not requirement.by) if c.version == ref.version]
        return exact
    wanted = ref.range or Range.parse("*")
    found = [c for c in _every(index) if wanted.matches(c.version)]
    latest = index.dist_tags.get("latest")
    return sorted(found, key=lambda c: (c.facts.version == latest, c.version), reverse=True)


@lru_cache(maxsize=65536)
def _parse(text: str) -> Version:
    return Version.parse(text)


def _every(index: PackageIndex, *, yanked: bool = False) -> list[Candidate]:
    states = ("published", "yanked") if yanked else ("published",)
    return [
        Candidate(index.package, _parse(facts.version), facts)
        for facts in index.versions.values()
        if facts.state in states
    ]


def resolve(wanted: Sequence[Requirement], index_of: IndexOf) -> list[Candidate]:
    """Choose one version of every package that is wanted, directly or not; sorted by name.

    Args:
        index_of: returns the verified index of ``ns/name``.

    Raises:
        NotFound: a package or version is not in the registry, named with who wants it.
        ConflictingRequirements: the wishes contradict each other; the error says whose.
    """
    best = [_best(index_of, requirement) for requirement in wanted]
    if _are_independent(best):
        return sorted(best, key=lambda candidate: candidate.package)
    search: Resolution[Requirement, Candidate, str] = Resolution(
        _Provider(index_of), BaseReporter[Requirement, Candidate, str]()
    )
    try:
        chosen = search.resolve(wanted, max_rounds=_MAX_ROUNDS).mapping
    except ResolutionImpossible as error:
        raise _conflict([cause.requirement for cause in error.causes], index_of) from error
    except ResolutionTooDeep as error:
        raise ConflictingRequirements(
            "No set of versions was found that fits what is wanted.",
            why=f"{_MAX_ROUNDS} combinations were tried.",
            fix="Name exact versions of what matters most.",
        ) from error
    needed = _needed(wanted, chosen)
    return [chosen[package] for package in sorted(needed)]


def _needed(wanted: Sequence[Requirement], chosen: Mapping[str, Candidate]) -> set[str]:
    """Return what the wishes lead to, of what was chosen on the way.

    resolvelib's own answer goes round for ever in a circle that was left behind.
    """
    needed: set[str] = set()
    waiting = list(wanted)
    while waiting:
        package = waiting.pop().package
        if package not in needed:
            needed.add(package)
            waiting += chosen[package].requirements()
    return needed


def _best(index_of: IndexOf, requirement: Requirement) -> Candidate:
    fitting = candidates(_index(index_of, requirement), requirement)
    if not fitting:
        raise _no_version(index_of(requirement.package), requirement)
    return fitting[0]


def _are_independent(best: Sequence[Candidate]) -> bool:
    """Whether nobody else has a say in these choices; then there is nothing to search.

    The resolver looks at every wish in every round: a hundred skills that need nothing, which is
    how most of them are, took it a third of the time of an install.
    """
    packages = {candidate.package for candidate in best}
    return len(packages) == len(best) and not any(each.facts.dependencies for each in best)


class _Provider(AbstractProvider[Requirement, Candidate, str]):
    """resolvelib's questions, answered from index documents."""

    def __init__(self, index_of: IndexOf) -> None:
        self._index_of = index_of
        self._fitting: dict[Requirement, dict[Version, Candidate]] = {}

    def _candidates(self, requirement: Requirement) -> dict[Version, Candidate]:
        """Return what fits, in order, by version; resolvelib asks the same again and again."""
        found = self._fitting.get(requirement)
        if found is None:
            index = _index(self._index_of, requirement)
            found = {c.version: c for c in candidates(index, requirement)}
            self._fitting[requirement] = found
        return found

    def identify(self, requirement_or_candidate: Requirement | Candidate) -> str:
        return requirement_or_candidate.package

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Candidate],
        candidates: Mapping[str, Iterator[Candidate]],
        information: Mapping[str, Iterator[RequirementInformation[Requirement, Candidate]]],
        backtrack_causes: Sequence[RequirementInformation[Requirement, Candidate]],
    ) -> tuple[bool, str]:
        in_conflict = any(cause.requirement.package == identifier for cause in backtrack_causes)
        return (not in_conflict, identifier)

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Requirement]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> list[Candidate]:
        wanted = list(requirements[identifier])
        excluded = {candidate.version for candidate in incompatibilities[identifier]}
        first, *others = [self._candidates(requirement) for requirement in wanted]
        return [
            candidate
            for version, candidate in first.items()
            if version not in excluded and all(version in other for other in others)
        ]

    def is_satisfied_by(self, requirement: Requirement, candidate: Candidate) -> bool:
        return candidate.version in self._candidates(requirement)

    def get_dependencies(self, candidate: Candidate) -> list[Requirement]:
        return candidate.requirements()


def _index(index_of: IndexOf, requirement: Requirement) -> PackageIndex:
    try:
        return index_of(requirement.package)
    except NotFound as error:
        if not requirement.by:
            raise
        why = f"{requirement}. {error.why}"
        raise NotFound(error.what, why=why, fix="Tell its publisher.") from error


def _no_version(index: PackageIndex, requirement: Requirement) -> NotFound:
    exact = index.versions.get(requirement.wanted or "")
    if exact is not None:
        index.find(exact.version)
    return NotFound(
        f"No version of {index.package} is {requirement.wanted or 'published'}.",
        why=_versions_line(index),
        fix=f"See: skillpkg info {index.package}",
    )


def _versions_line(index: PackageIndex) -> str:
    every = sorted((Version.parse(v) for v in index.versions), reverse=True)
    if not every:
        return f"{index.package} has no versions."
    shown = [_shown(index.versions[version.text]) for version in every[:8]]
    more = f" and {len(every) - 8} older ones" if len(every) > 8 else ""
    return f"{index.package} has {', '.join(shown)}{more}."


def _shown(facts: IndexVersion) -> str:
    return facts.version if facts.state == "published" else f"{facts.version} ({facts.state})"


def _conflict(causes: Iterable[Requirement], index_of: IndexOf) -> ConflictingRequirements:
    wishes = list(dict.fromkeys(causes))
    packages = sorted({wish.package for wish in wishes})
    lines = [str(wish) for wish in wishes] + [_versions_line(index_of(p)) for p in packages]
    return ConflictingRequirements(
        f"No version of {' and '.join(packages)} fits what is wanted.",
        why="\n".join(lines),
        fix="Ask for other versions of what wants it, or install them apart.",
    )
