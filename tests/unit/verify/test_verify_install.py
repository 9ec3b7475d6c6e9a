"""A whole install against a signed registry: what passes, and in which mode."""

from __future__ import annotations

from datetime import timedelta

import pytest

from skillpkg.crypto import names
from skillpkg.errors import Check, NetworkFailure, NotFound, UsageError, VerificationRefused
from skillpkg.install.modes import age
from skillpkg.install.verify import Mode
from skillpkg.package_ref import PackageRef
from support.certificates import DAY, NOW, Revoked, issue, leaf_shape, make_crl
from support.lies_submitted import short_lived
from support.static_registry import Client, Ref, StaticRegistry, sha256

REF = Ref("acme", "deploy")


@pytest.fixture
def registry() -> StaticRegistry:
    registry = StaticRegistry()
    registry.publish("acme", "deploy", "1.0.0").publish("acme", "deploy", "1.1.0")
    registry.publish("acme", "org-skill", publisher=True)
    return registry.build()


@pytest.fixture
def client(registry: StaticRegistry) -> Client:
    return Client(registry)


def test_a_version_passes_every_check(client: Client) -> None:
    index = client.verifier.open_index(PackageRef.parse("acme/deploy"))
    assert (index.package, index.sequence, list(index.versions)) == (
        "acme/deploy",
        2,
        ["1.0.0", "1.1.0"],
    )
    found = client.verifier.verify_release(index, "1.1.0")
    assert found.archive.manifest.package == "acme/deploy"
    assert (found.log_index, found.log_origin) == (1, client.registry.log.origin)
    assert (found.warnings, found.signer.signer_class) == ((), "registry")
    assert found.entry.time == NOW - 2 * DAY


def test_a_publisher_signs_its_own(client: Client) -> None:
    index = client.verifier.open_index(Ref("acme", "org-skill"))
    found = client.verifier.verify_release(index, "1.0.0")
    assert found.signer.publisher_namespace == "acme"


def test_a_publishers_leaf_counts_when_its_signature_was_submitted(
    registry: StaticRegistry,
) -> None:
    """A leaf of a day survives a review of weeks; so does a revocation with a later date."""
    registry.publisher = short_lived(registry, NOW - 39 * DAY)
    registry.publish("acme", "reviewed", publisher=True, submitted=NOW - 40 * DAY)
    leaf, issuer = registry.publisher
    revoked = Revoked(leaf.certificate.serial_number, NOW - 30 * DAY)
    registry.revoke(issuer, make_crl(issuer, [revoked], number=2), 2)
    client = Client(registry.build())
    found = client.verifier.verify_release(
        client.verifier.open_index(Ref("acme", "reviewed")), "1.0.0"
    )
    assert (found.time, found.entry.time) == (NOW - 40 * DAY, NOW - 2 * DAY)


def test_each_version_of_a_mixed_package_names_its_signer(registry: StaticRegistry) -> None:
    """A registry's version before a publisher's is nothing to say; after it, it is."""
    registry.publish("acme", "moving", "1.0.0", time=NOW - 9 * DAY)
    registry.publish("acme", "moving", "1.1.0", publisher=True, time=NOW - 8 * DAY)
    registry.publish("acme", "moving", "1.2.0", time=NOW - 7 * DAY)
    registry.packages["acme/moving"].signer_class = "mixed"
    client = Client(registry.build())
    index = client.verifier.open_index(Ref("acme", "moving"))
    found = {v: client.verifier.verify_release(index, v) for v in index.versions}
    assert [one.signer.publisher_namespace for one in found.values()] == [None, "acme", None]
    assert [len(one.warnings) for one in found.values()] == [0, 0, 1]
    assert "by the registry alone" in found["1.2.0"].warnings[0]


@pytest.mark.parametrize("prefix_length", [2, 3])
def test_larger_registries_have_deeper_trees(prefix_length: int) -> None:
    registry = StaticRegistry(prefix_length=prefix_length).publish("acme", "deploy").build()
    client = Client(registry)
    client.verifier.verify_release(client.verifier.open_index(REF), "1.0.0")
    assert len([p for p in client.plane.asked if "/index/tree/" in p]) == (prefix_length + 1) // 2


def test_what_one_run_has_seen_is_not_asked_for_again(client: Client) -> None:
    for ref in (REF, Ref("acme", "org-skill"), REF):
        index = client.verifier.open_index(ref)
        client.verifier.verify_release(index, "1.0.0")
    for path in ("/index/timestamp", "/log/checkpoint"):
        assert client.plane.asked.count(path) == 1
    for kind in ("/crl/", "/index/tree/", "/log/tile/"):
        asked = [path for path in client.plane.asked if path.startswith(kind)]
        assert len(asked) == len(set(asked))


def test_fetching_and_checking_can_be_apart(client: Client) -> None:
    """A caller fetches in many threads and checks in one."""
    verifier = client.verifier
    located = verifier.locate(REF)
    data = verifier.fetch_index(located)
    index = verifier.check_index(located, data)
    archive, record = verifier.fetch_release(index, "1.0.0")
    found = verifier.check_release(index, "1.0.0", archive, record)
    assert found.version.sha256 == sha256(archive)


def test_a_release_is_judged_under_a_timestamp(client: Client) -> None:
    index = client.verifier.open_index(REF)
    archive, record = client.verifier.fetch_release(index, "1.0.0")
    with pytest.raises(UsageError):
        client.restart().verifier.check_release(index, "1.0.0", archive, record)


def test_a_package_that_is_not_there_is_proven_absent(client: Client) -> None:
    for package in ("absent", "other"):
        with pytest.raises(NotFound, match="no package"):
            client.verifier.open_index(Ref("acme", package))


def test_a_version_that_is_not_there(client: Client, registry: StaticRegistry) -> None:
    index = client.verifier.open_index(REF)
    with pytest.raises(NotFound, match=r"no version 9\.9\.9"):
        client.verifier.verify_release(index, "9.9.9")
    del registry.files[next(p for p in registry.files if p.endswith(".skill") and "1.0.0" in p)]
    with pytest.raises(NotFound):
        client.verifier.verify_release(index, "1.0.0")


def test_states_of_a_version(registry: StaticRegistry) -> None:
    registry.set_state("acme/deploy", "1.0.0", state="yanked")
    registry.set_state("acme/deploy", "1.1.0", state="withdrawn", deprecated="use another")
    client = Client(registry.build())
    index = client.verifier.open_index(REF)
    assert "yanked" in client.verifier.verify_release(index, "1.0.0").warnings[0]
    with pytest.raises(NotFound, match="withdrawn"):
        client.verifier.verify_release(index, "1.1.0")
    assert index.versions["1.1.0"].deprecated == "use another"


def test_an_expired_leaf_does_not_matter_for_what_it_signed_in_time(
    registry: StaticRegistry,
) -> None:
    """B2: trusted time is the log's."""
    old = leaf_shape(
        names.REGISTRY_SIGNED,
        names.registry_uri(registry.registry_id),
        begin=NOW - 400 * DAY,
        end=NOW - 300 * DAY,
    )
    new, registry.signer = registry.signer, (
        issue(old, registry.pki.registry_ca),
        registry.pki.registry_ca,
    )
    registry.publish("acme", "old", time=NOW - 350 * DAY)
    registry.signer = new
    client = Client(registry.build())
    index = client.verifier.open_index(Ref("acme", "old"))
    assert client.verifier.verify_release(index, "1.0.0").entry.time == NOW - 350 * DAY


def test_an_index_outlives_the_leaf_that_signed_it(registry: StaticRegistry) -> None:
    """A timestamp that holds commits to the document; the leaf was good at signed_at."""
    fresh = leaf_shape(
        names.REGISTRY_SIGNED,
        names.registry_uri(registry.registry_id),
        begin=NOW - DAY,
        end=NOW + 89 * DAY,
    )
    registry.now = NOW + 31 * DAY
    registry.signer = (issue(fresh, registry.pki.registry_ca), registry.pki.registry_ca)
    registry.crls = {
        ca: make_crl(holder, begin=registry.now - DAY, end=registry.now + 7 * DAY)
        for ca, holder in zip(
            registry.crls,
            (registry.pki.root, registry.pki.registry_ca, registry.pki.publisher_ca),
            strict=True,
        )
    }
    client = Client(registry.build())
    index = client.verifier.open_index(REF)
    assert client.verifier.verify_release(index, "1.0.0").warnings == ()


def test_revocation_after_signing_leaves_what_was_signed_before(
    registry: StaticRegistry,
) -> None:
    """B11."""
    publisher = registry.pki.publisher
    entry = Revoked(publisher.certificate.serial_number, NOW - DAY, NOW - DAY)
    ca = registry.pki.publisher_ca
    registry.revoke(ca, make_crl(ca, [entry], number=2), 2)
    client = Client(registry.build())
    index = client.verifier.open_index(Ref("acme", "org-skill"))
    assert client.verifier.verify_release(index, "1.0.0").warnings == ()


def refused(client: Client, mode: Mode = Mode.RESOLVE) -> Check:
    with pytest.raises(VerificationRefused) as caught:
        client.verifier.open_index(REF, mode=mode)
    return caught.value.check


def exact(client: Client) -> tuple[str, ...]:
    index = client.verifier.open_index(REF, mode=Mode.EXACT)
    digest = index.versions["1.0.0"].sha256
    return client.verifier.verify_release(index, "1.0.0", sha256=digest).warnings


def test_a_passed_timestamp_refuses_a_choice_and_warns_for_a_lock(client: Client) -> None:
    """A1: freeze."""
    client.clock.now = NOW + timedelta(hours=73)
    assert refused(client) is Check.TIMESTAMP_EXPIRED
    assert exact(client) == ("The registry's timestamp expired 1 hour ago.",)
    assert refused(client) is Check.TIMESTAMP_EXPIRED


def test_passed_lists_and_certificates_warn_for_a_lock_too(client: Client) -> None:
    client.clock.now = NOW + 40 * DAY
    warnings = exact(client)
    assert len(warnings) == 4
    assert warnings[0] == "The registry's timestamp expired 37 days ago."
    assert warnings[1] == "The registry's certificate expired 10 days ago."
    assert all("revocation list" in one and "33 days ago" in one for one in warnings[2:])


def test_each_passed_date_refuses_a_choice(registry: StaticRegistry) -> None:
    registry.valid_for = 400 * DAY
    client = Client(registry.build())
    client.clock.now = NOW + 8 * DAY
    assert refused(client) is Check.CRL_EXPIRED
    client.clock.now = NOW + 40 * DAY
    assert refused(client.restart()) is Check.TIMESTAMP_CHAIN


def test_a_wrong_clock_is_named(client: Client) -> None:
    """F3."""
    client.clock.now = NOW - timedelta(minutes=4)
    client.verifier.open_index(REF)
    client.clock.now = NOW - timedelta(minutes=50)
    assert refused(client.restart()) is Check.TIMESTAMP_EXPIRED
    assert "in the future" in exact(client)[0]


def test_exact_means_the_hash_was_known(client: Client) -> None:
    index = client.verifier.open_index(REF, mode=Mode.EXACT)
    with pytest.raises(UsageError, match="without its sha256"):
        client.verifier.verify_release(index, "1.0.0")
    with pytest.raises(VerificationRefused) as caught:
        client.verifier.verify_release(index, "1.0.0", sha256="0" * 64)
    assert caught.value.check is Check.ARCHIVE_SHA256
    resolved = client.verifier.open_index(REF)
    digest = resolved.versions["1.0.0"].sha256
    client.verifier.verify_release(resolved, "1.0.0", sha256=digest.upper())


def test_revocation_lists_are_kept_for_a_day(client: Client) -> None:
    client.verifier.open_index(REF)
    for hours, asked in ((1, 0), (23, 0), (25, 2)):
        client.plane.asked.clear()
        client.clock.now = NOW + timedelta(hours=hours)
        client.restart().verifier.open_index(REF)
        assert len([path for path in client.plane.asked if "/crl/" in path]) == asked
    client.plane.asked.clear()
    client.restart().verifier.open_index(REF)
    assert not [path for path in client.plane.asked if "/crl/" in path]


def test_a_kept_list_from_the_future_is_fetched_again(client: Client) -> None:
    client.verifier.open_index(REF)
    client.plane.asked.clear()
    client.clock.now = NOW - timedelta(minutes=1)
    client.restart().verifier.open_index(REF)
    assert len([path for path in client.plane.asked if "/crl/" in path]) == 2


def test_a_newer_promised_list_is_fetched_at_once(registry: StaticRegistry) -> None:
    client = Client(registry)
    client.verifier.open_index(REF)
    ca = registry.pki.registry_ca
    registry.revoke(ca, make_crl(ca, number=2), 2)
    registry.build()
    client.restart().verifier.open_index(REF)
    assert client.state.crls[names.ca_id(ca.spki)].number == 2


def test_without_network_a_kept_list_serves_as_long_as_it_holds(client: Client) -> None:
    """B17."""
    client.plane.down = {path for path in client.registry.files if path.startswith("/crl/")}
    with pytest.raises(NetworkFailure):
        client.verifier.open_index(REF)
    client.plane.down, down = set(), client.plane.down
    client.restart().verifier.open_index(REF)
    client.plane.down = down
    client.clock.now = NOW + timedelta(hours=30)
    client.restart().verifier.open_index(REF)
    client.clock.now = NOW + timedelta(days=8)
    assert "revocation list" in exact(client.restart())[-1]


def test_a_tampered_kept_list_is_replaced(client: Client) -> None:
    """F2."""
    client.verifier.open_index(REF)
    for ca, kept in client.state.crls.items():
        bad = kept.der[:-1] + bytes([kept.der[-1] ^ 1])
        client.state.crls[ca] = type(kept)(kept.number, kept.fetched_at, bad)
    client.restart().verifier.open_index(REF)
    for ca, kept in client.state.crls.items():
        assert kept.der == client.registry.crls[ca]


def test_archives_larger_than_any_limit_are_not_read(registry: StaticRegistry) -> None:
    """A20."""
    registry.set_state("acme/deploy", "1.0.0", size=10**12)
    client = Client(registry.build())
    index = client.verifier.open_index(REF)
    asked: list[int] = []
    inner = client.plane.get

    def watch(path: str, *, max_size: int, immutable: bool) -> bytes:
        asked.append(max_size)
        return inner(path, max_size=max_size, immutable=immutable)

    client.plane.get = watch  # type: ignore[method-assign]
    with pytest.raises(VerificationRefused):
        client.verifier.verify_release(index, "1.0.0")
    assert max(asked) <= 10 * 1024 * 1024


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=-5), "0 minutes"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(minutes=59), "59 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=47), "1 day"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_ages_are_said_in_one_unit(span: timedelta, text: str) -> None:
    assert age(span) == text


def test_dependencies_are_those_of_the_archive(registry: StaticRegistry) -> None:
    registry.publish("acme", "user", dependencies={"acme/deploy": "^1.0.0"})
    client = Client(registry.build())
    index = client.verifier.open_index(Ref("acme", "user"))
    found = client.verifier.verify_release(index, "1.0.0")
    assert dict(found.version.dependencies) == {"acme/deploy": "^1.0.0"}
