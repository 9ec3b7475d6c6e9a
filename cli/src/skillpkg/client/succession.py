"""Follows a registry's trust bundles from one to the next, and re-pins its root on the way.

Bundle N+1 counts when the root that N made the present one has signed it and, where N+1 names a
new present root, that one too. Nothing is skipped and nothing goes back.
"""

from __future__ import annotations

from dataclasses import dataclass

from skillpkg.crypto.trust import MAX_BUNDLE, TrustBundle, open_bundle
from skillpkg.errors import Check, NotFound, VerificationRefused
from skillpkg.install.ports import ReadPlane

LATEST = "/trust/latest.json"
MOST_STEPS = 256
"""Bundles followed in one run; a registry has a handful in its life."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """A verified bundle, its bytes as signed, and the roots it was reached by.

    Attributes:
        pin: fingerprint of the present root: what is pinned from now on.
        former: roots that were pinned before it on the way, oldest first.
    """

    bundle: TrustBundle
    data: bytes
    pin: str
    former: tuple[str, ...] = ()


def follow(
    plane: ReadPlane, pin: str, stored: TrustBundle | None, *, remembered_version: int = 0
) -> Trusted | None:
    """Return the registry's newest bundle, reached step by step; None when there is no newer one.

    Args:
        pin: fingerprint of the pinned root.
        stored: the bundle that was verified under it before.
        remembered_version: the highest version ever seen of this registry.

    Raises:
        VerificationRefused: root-pin, trust-bundle, or trust-rollback (older than one seen
            before, or a step is missing or out of its place).
        NotFound, NetworkFailure: the newest bundle cannot be fetched.
    """
    data = plane.get(LATEST, max_size=MAX_BUNDLE, immutable=False)
    if stored is None:
        return _meet(plane, pin, data, remembered_version)
    newest = _open_as(data, pin, stored, remembered_version)
    if newest.version == stored.version:
        return None
    return _walk(plane, Trusted(stored, b"", pin), newest.version, data)


def _open_as(data: bytes, pin: str, stored: TrustBundle, remembered_version: int) -> TrustBundle:
    """Return what the newest bundle says of itself; it is believed only once it was walked to."""
    try:
        return open_bundle(data, pin, remembered_version=remembered_version)
    except VerificationRefused as error:
        if error.check is not Check.ROOT_PIN:
            raise
    claimed = _claims(data)
    if claimed.version <= stored.version:
        raise refused(
            Check.ROOT_PIN, f"Bundle {claimed.version} is not signed by the pinned root {pin}."
        )
    return claimed


def _claims(data: bytes) -> TrustBundle:
    """Return a bundle that is signed by the root it names itself; that proves nothing yet."""
    from skillpkg.crypto import dsse, trust

    try:
        present = trust.parse_payload(dsse.parse(data).payload).present_root
    except ValueError as error:
        raise refused(Check.TRUST_BUNDLE, f"{error}.") from error
    return open_bundle(data, present.fingerprint)


def _meet(plane: ReadPlane, pin: str, data: bytes, remembered_version: int) -> Trusted:
    """Return the newest bundle for a root that was pinned by hand.

    That root may have been replaced since: then the bundles are walked from the first one that
    it signed.
    """
    try:
        found = open_bundle(data, pin, remembered_version=remembered_version)
    except VerificationRefused as error:
        if error.check is not Check.ROOT_PIN:
            raise
        return _walk_from_start(plane, pin, data, error, remembered_version)
    _require_present(found, data)
    return _stepped(Trusted(found, data, pin))


def _walk_from_start(
    plane: ReadPlane, pin: str, data: bytes, why: VerificationRefused, remembered_version: int
) -> Trusted:
    newest = _claims(data).version
    if newest < remembered_version:
        raise refused(Check.TRUST_ROLLBACK, f"It is version {newest}, after {remembered_version}.")
    for version in range(1, min(newest, MOST_STEPS)):
        try:
            fetched = _fetch(plane, version)
            found = open_bundle(fetched, pin)
        except VerificationRefused:
            continue
        if found.version == version and found.present_root.fingerprint == pin:
            return _walk(plane, Trusted(found, fetched, pin), newest, data)
    raise why


def _walk(plane: ReadPlane, at: Trusted, newest: int, last: bytes) -> Trusted:
    """Step from one bundle to the newest, whose bytes ``last`` are fetched already."""
    if newest - at.bundle.version > MOST_STEPS:
        raise refused(
            Check.TRUST_BUNDLE, f"It is {newest - at.bundle.version} versions ahead of the last."
        )
    while at.bundle.version < newest:
        wanted = at.bundle.version + 1
        at = _step(at, last if wanted == newest else _fetch(plane, wanted))
    return at


def _step(at: Trusted, data: bytes) -> Trusted:
    """Return bundle N+1 after N, signed by N's present root and by its own."""
    wanted = at.bundle.version + 1
    found = open_bundle(data, at.pin)
    if found.version != wanted:
        raise refused(
            Check.TRUST_ROLLBACK, f"Version {found.version} stands where {wanted} must follow."
        )
    if found.registry_id != at.bundle.registry_id:
        raise refused(Check.TRUST_BUNDLE, f"It is of another registry, {found.registry_id}.")
    _require_present(found, data)
    return _stepped(Trusted(found, data, at.pin, at.former))


def _require_present(found: TrustBundle, data: bytes) -> None:
    """Require the signature of the root that a bundle makes the present one."""
    open_bundle(data, found.present_root.fingerprint)


def _stepped(at: Trusted) -> Trusted:
    """Pin the present root."""
    new = at.bundle.present_root.fingerprint
    if new == at.pin:
        return at
    return Trusted(at.bundle, at.data, new, (*at.former, at.pin))


def _fetch(plane: ReadPlane, version: int) -> bytes:
    path = f"/trust/{version}.json"
    try:
        return plane.get(path, max_size=MAX_BUNDLE, immutable=True)
    except NotFound as error:
        raise refused(
            Check.TRUST_ROLLBACK, f"The registry has no {path}, and no version may be skipped."
        ) from error


def refused(check: Check, why: str) -> VerificationRefused:
    """Return the refusal of a bundle that does not follow."""
    return VerificationRefused(
        check,
        "The registry's trust bundle was refused.",
        why=why,
        fix="Ask the registry's operators, by another way than the registry itself.",
    )
