"""Lies in the archive, its release record, signature and chain."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography import x509

from skillpkg.archive.reader import read_archive
from skillpkg.crypto import names
from skillpkg.crypto.encoding import b64
from skillpkg.errors import Check
from support.certificates import DAY, NOW, issue, leaf_shape, make_pki, usage
from support.lies import attack, edit_versions, find, fresh, hook, republish
from support.skills import make_skill, pack
from support.static_registry import StaticRegistry, sha256


def archive_of(registry: StaticRegistry) -> str:
    return find(registry, "/1.0.0/", ".skill")


@attack(Check.ARCHIVE_SIZE)
def archive_longer(registry: StaticRegistry) -> None:
    registry.files[archive_of(registry)] += b"x"


@attack(Check.ARCHIVE_SHA256)
def archive_changed(registry: StaticRegistry) -> None:
    path = archive_of(registry)
    registry.files[path] = registry.files[path][:-1] + b"x"


def replace_archive(registry: StaticRegistry, data: bytes) -> None:
    """Commit everywhere to bytes that no honest registry would take."""
    good = make_skill("acme", "deploy")
    registry.packages.clear()
    registry.log.entries.clear()
    registry.publish("acme", "deploy", "1.0.0", archive=good)
    version = registry.packages["acme/deploy"].versions["1.0.0"]
    version.archive = data
    version.document |= {"sha256": sha256(data), "size": len(data)}
    registry.build()


@attack(Check.ARCHIVE_FORM)
def archive_trailing(registry: StaticRegistry) -> None:
    replace_archive(registry, make_skill("acme", "deploy") + b"x")


@attack(Check.ARCHIVE_FORM)
def archive_without_manifest(registry: StaticRegistry) -> None:
    replace_archive(registry, pack({"SKILL.md": b"x"}))


@attack(Check.ARCHIVE_FILES)
def archive_file_not_listed(registry: StaticRegistry) -> None:
    good = read_archive(make_skill("acme", "deploy"))
    files = {member.path: member.data for member in good.members}
    replace_archive(registry, pack(files | {"extra.md": b"x"}))


@attack(Check.ARCHIVE_FILES)
def archive_file_changed(registry: StaticRegistry) -> None:
    good = read_archive(make_skill("acme", "deploy"))
    files = {member.path: member.data for member in good.members}
    replace_archive(registry, pack(files | {"SKILL.md": files["SKILL.md"][:-1] + b"x"}))


@attack(Check.ARCHIVE_IDENTITY)
def archive_of_another_package(registry: StaticRegistry) -> None:
    """E18."""
    republish(registry, archive=make_skill("acme", "other"))


@attack(Check.ARCHIVE_IDENTITY)
def archive_of_another_version(registry: StaticRegistry) -> None:
    republish(registry, archive=make_skill("acme", "deploy", "1.0.1"))


@attack(Check.ARCHIVE_IDENTITY)
def archive_with_other_dependencies(registry: StaticRegistry) -> None:
    republish(registry, archive=make_skill("acme", "deploy"), dependencies={"evil/extra": "*"})


@attack(Check.ARCHIVE_IDENTITY)
def archive_with_another_content_digest(registry: StaticRegistry) -> None:
    edit_versions(registry, content_digest="0" * 64)


@attack(Check.RELEASE)
def release_changed(registry: StaticRegistry) -> None:
    registry.files[find(registry, "/1.0.0/", ".release")] += b" "


@attack(Check.RELEASE)
def release_gone(registry: StaticRegistry) -> None:
    del registry.files[find(registry, "/1.0.0/", ".release")]


@attack(Check.RELEASE)
def release_too_long(registry: StaticRegistry) -> None:
    registry.files[find(registry, "/1.0.0/", ".release")] = bytes(128 * 1024 + 1)


@attack(Check.RELEASE)
def release_schema(registry: StaticRegistry) -> None:
    fresh(registry, "release", lambda d: d.update(schema="skreg.release/2"))


@attack(Check.RELEASE)
def release_proof_endless(registry: StaticRegistry) -> None:
    fresh(registry, "release", lambda d: d.update(proof=[b64(bytes(32))] * 64))


@attack(Check.SIGNATURE)
def signature_over_other_bytes(registry: StaticRegistry) -> None:
    republish(registry, signed_bytes=b"other")


@attack(Check.SIGNATURE)
def signature_trailing(registry: StaticRegistry) -> None:
    """B19."""
    fresh(registry, "release", lambda d: d.update(signature=b64(hashlib.sha256(b"").digest() * 2)))


@attack(Check.SIGNATURE)
def signature_by_another_leaf(registry: StaticRegistry) -> None:
    """The chain is the registry's, the signature is not."""
    other = issue(
        leaf_shape(names.REGISTRY_SIGNED, names.registry_uri(registry.registry_id)),
        registry.pki.registry_ca,
    )
    fresh(
        registry,
        "release",
        lambda d: d.update(chain=[b64(other.der), b64(registry.pki.registry_ca.der)]),
    )


def sign_with(registry: StaticRegistry, policy: str, uri: str, **shape: Any) -> None:
    """Sign the release (not the index) with another leaf under the registry's CA."""
    leaf = issue(leaf_shape(policy, uri, **shape), registry.pki.registry_ca)
    kept, registry.signer = registry.signer, (leaf, registry.pki.registry_ca)
    registry.packages.clear()
    registry.log.entries.clear()
    registry.publish("acme", "deploy", "1.0.0")
    registry.signer = kept
    registry.build()


@attack(Check.CHAIN)
def chain_of_another_root(registry: StaticRegistry) -> None:
    other = make_pki()
    fresh(
        registry,
        "release",
        lambda d: d.update(chain=[b64(other.leaf.der), b64(other.registry_ca.der)]),
    )


@attack(Check.CHAIN)
def chain_with_the_root(registry: StaticRegistry) -> None:
    fresh(registry, "release", lambda d: d["chain"].append(b64(registry.pki.root.der)))


@attack(Check.CHAIN)
def chain_leaf_usage(registry: StaticRegistry) -> None:
    change = {x509.KeyUsage: (usage(digital_signature=True, crl_sign=True), True)}
    uri = names.registry_uri(registry.registry_id)
    sign_with(registry, names.REGISTRY_SIGNED, uri, extensions=change)


@attack(Check.CHAIN_TIME)
def chain_signed_after_its_leaf(registry: StaticRegistry) -> None:
    """B1."""
    uri = names.registry_uri(registry.registry_id)
    sign_with(registry, names.REGISTRY_SIGNED, uri, end=NOW - 3 * DAY)


@attack(Check.CHAIN_TIME)
def chain_signed_before_its_leaf(registry: StaticRegistry) -> None:
    """B3."""
    uri = names.registry_uri(registry.registry_id)
    sign_with(registry, names.REGISTRY_SIGNED, uri, begin=NOW - DAY)


@attack(Check.CHAIN_EKU)
def chain_without_code_signing(registry: StaticRegistry) -> None:
    """B4."""
    change = {x509.ExtendedKeyUsage: None}
    uri = names.registry_uri(registry.registry_id)
    sign_with(registry, names.REGISTRY_SIGNED, uri, extensions=change)


@attack(Check.CHAIN_POLICY)
def chain_policy_of_the_other_class(registry: StaticRegistry) -> None:
    uri = names.publisher_uri(registry.registry_id, "acme")
    sign_with(registry, names.PUBLISHER_SIGNED, uri)


@attack(Check.CHAIN_POLICY)
def class_swap(registry: StaticRegistry) -> None:
    """B8: an organisation's package, signed by the registry's leaf."""
    hook(registry, "index", lambda d: d.update(signer_class="publisher"))


@attack(Check.CHAIN_POLICY)
def class_swap_the_other_way(registry: StaticRegistry) -> None:
    registry.packages.clear()
    registry.log.entries.clear()
    registry.publish("acme", "deploy", "1.0.0", publisher=True)
    hook(registry, "index", lambda d: d.update(signer_class="registry"))


@attack(Check.PUBLISHER_NAMESPACE)
def publisher_of_another_namespace(registry: StaticRegistry) -> None:
    """B9."""
    leaf = issue(
        leaf_shape(names.PUBLISHER_SIGNED, names.publisher_uri(registry.registry_id, "acme-labs")),
        registry.pki.publisher_ca,
    )
    registry.publisher = (leaf, registry.pki.publisher_ca)
    republish(registry, publisher=True)
