"""Certificate chains: one right one, and each part wrong in turn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Eku

from skillpkg.crypto import chain, names
from skillpkg.errors import Check, VerificationRefused
from support.certificates import (
    DAY,
    NOW,
    Holder,
    intermediate_shape,
    issue,
    leaf_shape,
    make_pki,
    new_key,
    policies,
    root_shape,
    usage,
)

PKI = make_pki("acme")
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")


def verify(
    leaf: Holder = PKI.leaf,
    ca: Holder = PKI.registry_ca,
    root: Holder = PKI.root,
    at: datetime = NOW,
    **more: Any,
) -> chain.VerifiedChain:
    return chain.verify_chain([leaf.der, ca.der], [root.der], at, **more)


def refused(*args: Any, **more: Any) -> Check:
    with pytest.raises(VerificationRefused) as caught:
        verify(*args, **more)
    assert caught.value.why
    return caught.value.check


def registry_leaf(ca: Holder = PKI.registry_ca, **changes: Any) -> Holder:
    uri = names.registry_uri(PKI.id)
    return issue(leaf_shape(names.REGISTRY_SIGNED, uri, **changes), ca)


def registry_ca(**changes: Any) -> Holder:
    return issue(intermediate_shape(names.REGISTRY_SIGNED, **changes), PKI.root)


def test_the_registry_and_a_publisher_are_told_apart() -> None:
    registry, publisher = verify(), verify(PKI.publisher, PKI.publisher_ca)
    assert (registry.signer_class, registry.publisher_namespace) == ("registry", None)
    assert (publisher.signer_class, publisher.publisher_namespace) == ("publisher", "acme")
    assert registry.leaf == PKI.leaf.certificate
    assert registry.ca_id == names.ca_id(PKI.registry_ca.spki)
    assert registry.root_id == names.registry_id(PKI.root.spki)
    assert chain.sha256(registry.leaf) == PKI.leaf.certificate.fingerprint(hashes.SHA256()).hex()


def test_validity_is_judged_at_the_trusted_time() -> None:
    """B1, B2, B3: what matters is when it was signed, not when it is verified."""
    leaf = PKI.leaf.certificate
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    for good in (begin, NOW, end):
        verify(at=good)
    for bad in (begin - timedelta(seconds=1), end + timedelta(seconds=1), NOW + 400 * DAY):
        assert refused(at=bad) is Check.CHAIN_TIME
    assert verify().expires_at == end


def test_every_certificate_must_be_valid_at_that_time() -> None:
    late = registry_ca(begin=NOW - DAY)
    assert refused(registry_leaf(late), late, at=NOW - 2 * DAY) is Check.CHAIN_TIME
    passed = registry_ca(end=NOW - DAY)
    assert refused(registry_leaf(passed), passed) is Check.CHAIN_TIME
    apart = registry_ca(end=NOW - 100 * DAY)
    assert refused(registry_leaf(apart), apart) is Check.CHAIN_TIME


@pytest.mark.parametrize(
    "found",
    [
        None,
        x509.ExtendedKeyUsage([Eku.CLIENT_AUTH]),
        x509.ExtendedKeyUsage([Eku.ANY_EXTENDED_KEY_USAGE]),
        x509.ExtendedKeyUsage([Eku.CODE_SIGNING, Eku.SERVER_AUTH]),
        x509.ExtendedKeyUsage([Eku.CODE_SIGNING, Eku.ANY_EXTENDED_KEY_USAGE]),
    ],
)
def test_extended_key_usage_is_code_signing_alone(found: x509.ExtendedKeyUsage | None) -> None:
    """B4, on the leaf and on the intermediate."""
    change = {x509.ExtendedKeyUsage: found and (found, False)}
    assert refused(registry_leaf(extensions=change)) is Check.CHAIN_EKU
    ca = registry_ca(extensions=change)
    assert refused(registry_leaf(ca), ca) is Check.CHAIN_EKU


@pytest.mark.parametrize("oids", [(), (names.PUBLISHER_SIGNED,), ("2.25.1",), ("both",)])
def test_leaf_and_intermediate_carry_one_and_the_same_policy(oids: tuple[str, ...]) -> None:
    """B8: nobody vouches for the other class."""
    wanted = (names.REGISTRY_SIGNED, names.PUBLISHER_SIGNED) if oids == ("both",) else oids
    change = {x509.CertificatePolicies: (policies(*wanted), False) if wanted else None}
    assert refused(registry_leaf(extensions=change)) is Check.CHAIN_POLICY
    ca = registry_ca(extensions=change)
    assert refused(registry_leaf(ca), ca) is Check.CHAIN_POLICY
    both = registry_leaf(ca, extensions=change)
    if oids != (names.PUBLISHER_SIGNED,):
        assert refused(both, ca) is Check.CHAIN_POLICY


def test_an_identity_stands_only_under_its_own_policy() -> None:
    as_publisher = issue(
        leaf_shape(names.REGISTRY_SIGNED, names.publisher_uri(PKI.id, "acme")), PKI.registry_ca
    )
    as_registry = issue(
        leaf_shape(names.PUBLISHER_SIGNED, names.registry_uri(PKI.id)), PKI.publisher_ca
    )
    assert refused(as_publisher) is Check.CHAIN_POLICY
    assert refused(as_registry, PKI.publisher_ca) is Check.CHAIN_POLICY


def test_the_identity_is_of_this_registry() -> None:
    other = names.registry_uri("0123456789abcdef")
    leaf = issue(leaf_shape(names.REGISTRY_SIGNED, other), PKI.registry_ca)
    assert refused(leaf) is Check.CHAIN
    assert refused(registry_id="0123456789abcdef") is Check.CHAIN
    assert verify(leaf, registry_id="0123456789abcdef").signer_class == "registry"


def test_there_is_exactly_one_identity() -> None:
    uri = names.registry_uri(PKI.id)
    for uris in ((), (uri, uri), ("https://example.org/",), (uri, "urn:other")):
        leaf = issue(leaf_shape(names.REGISTRY_SIGNED, *uris), PKI.registry_ca)
        assert refused(leaf) is Check.CHAIN
    assert refused(registry_leaf(extensions={x509.SubjectAlternativeName: None})) is Check.CHAIN


def test_a_publisher_may_show_its_domains_beside_its_identity() -> None:
    both = x509.SubjectAlternativeName(
        [
            x509.DNSName("acme.example"),
            x509.UniformResourceIdentifier(names.publisher_uri(PKI.id, "acme")),
        ]
    )
    change = {x509.SubjectAlternativeName: (both, False)}
    leaf = issue(leaf_shape(names.PUBLISHER_SIGNED, "urn:x", extensions=change), PKI.publisher_ca)
    assert verify(leaf, PKI.publisher_ca).publisher_namespace == "acme"


def test_another_root_with_the_same_name_is_refused() -> None:
    """B7."""
    twin = issue(root_shape(), None)
    assert twin.certificate.subject == PKI.root.certificate.subject
    assert refused(root=twin) is Check.CHAIN


def test_the_pinned_root_is_found_among_several() -> None:
    twin = issue(root_shape(begin=NOW + DAY), None)
    found = chain.verify_chain([PKI.leaf.der, PKI.registry_ca.der], [PKI.root.der, twin.der], NOW)
    assert found.root == PKI.root.certificate
    with pytest.raises(VerificationRefused, match="refused"):
        chain.verify_chain([PKI.leaf.der, PKI.registry_ca.der], [], NOW)


def test_a_leaf_is_no_ca() -> None:
    """B6."""
    under_leaf = registry_leaf(PKI.leaf)
    assert refused(under_leaf, PKI.leaf) is Check.CHAIN
    assert refused(registry_leaf(), PKI.leaf) is Check.CHAIN
    as_ca = x509.BasicConstraints(ca=True, path_length=None)
    assert refused(registry_leaf(extensions={x509.BasicConstraints: (as_ca, True)})) is Check.CHAIN
    assert refused(registry_leaf(extensions={x509.BasicConstraints: None})) is Check.CHAIN


def test_a_ca_is_no_leaf() -> None:
    assert refused(PKI.registry_ca, PKI.root) is Check.CHAIN


@pytest.mark.parametrize("length", [None, 1])
def test_an_intermediate_has_path_length_0(length: int | None) -> None:
    """B5."""
    basic = x509.BasicConstraints(ca=True, path_length=length)
    ca = registry_ca(extensions={x509.BasicConstraints: (basic, True)})
    assert refused(registry_leaf(ca), ca) is Check.CHAIN


def test_a_longer_path_is_refused() -> None:
    """B5: an intermediate under an intermediate."""
    second = issue(intermediate_shape(names.REGISTRY_SIGNED), PKI.registry_ca)
    leaf = registry_leaf(second)
    assert refused(leaf, second) is Check.CHAIN
    for listed in ([leaf, second, PKI.registry_ca], [leaf], []):
        with pytest.raises(VerificationRefused) as caught:
            chain.verify_chain([one.der for one in listed], [PKI.root.der], NOW)
        assert caught.value.check is Check.CHAIN


@pytest.mark.parametrize(
    "basic", [None, (x509.BasicConstraints(ca=True, path_length=0), False)], ids=["none", "plain"]
)
def test_an_intermediate_says_so_critically(basic: Any) -> None:
    ca = registry_ca(extensions={x509.BasicConstraints: basic})
    assert refused(registry_leaf(ca), ca) is Check.CHAIN


LEAF_USAGES = [
    None,
    (usage(digital_signature=True), False),
    (usage(content_commitment=True), True),
    (usage(digital_signature=True, content_commitment=True), True),
    (usage(digital_signature=True, key_cert_sign=True), True),
]


@pytest.mark.parametrize("found", LEAF_USAGES)
def test_a_leaf_signs_and_nothing_else(found: Any) -> None:
    assert refused(registry_leaf(extensions={x509.KeyUsage: found})) is Check.CHAIN


@pytest.mark.parametrize(
    "found",
    [
        None,
        (usage(key_cert_sign=True), True),
        (usage(crl_sign=True), True),
        (usage(key_cert_sign=True, crl_sign=True, digital_signature=True), True),
        (usage(key_cert_sign=True, crl_sign=True), False),
    ],
)
def test_an_intermediate_certifies_and_nothing_else(found: Any) -> None:
    ca = registry_ca(extensions={x509.KeyUsage: found})
    assert refused(registry_leaf(ca), ca) is Check.CHAIN


@pytest.mark.parametrize("where", ["leaf", "intermediate", "root"])
def test_an_unknown_critical_extension_is_refused(where: str) -> None:
    """B18."""
    change = {x509.UnrecognizedExtension: (UNKNOWN, True)}
    root = issue(root_shape(extensions=change), None) if where == "root" else PKI.root
    ca_change = change if where == "intermediate" else {}
    ca = issue(intermediate_shape(names.REGISTRY_SIGNED, extensions=ca_change), root)
    leaf_change = change if where == "leaf" else {}
    uri = names.registry_uri(names.registry_id(root.spki))
    leaf = issue(leaf_shape(names.REGISTRY_SIGNED, uri, extensions=leaf_change), ca)
    assert refused(leaf, ca, root) is Check.CHAIN


def test_an_unknown_plain_extension_is_no_matter() -> None:
    assert verify(registry_leaf(extensions={x509.UnrecognizedExtension: (UNKNOWN, False)}))


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-384", "secp256k1", "Ed25519", "RSA"],
)
def test_keys_are_p256(key: Any) -> None:
    """B20."""
    assert refused(registry_leaf(key=key)) is Check.CHAIN
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        ca = registry_ca(key=key)
        assert refused(registry_leaf(ca), ca) is Check.CHAIN


def test_signatures_use_sha256() -> None:
    """B20."""
    assert refused(registry_leaf(digest=hashes.SHA384())) is Check.CHAIN
    ca = registry_ca(digest=hashes.SHA512())
    assert refused(registry_leaf(ca), ca) is Check.CHAIN


def test_a_changed_signature_is_refused() -> None:
    for holder in (PKI.leaf, PKI.registry_ca):
        broken = bytearray(holder.der)
        broken[-1] ^= 1
        listed = [PKI.leaf.der, PKI.registry_ca.der]
        listed[listed.index(holder.der)] = bytes(broken)
        with pytest.raises(VerificationRefused) as caught:
            chain.verify_chain(listed, [PKI.root.der], NOW)
        assert caught.value.check is Check.CHAIN


@pytest.mark.parametrize("which", [0, 1])
def test_any_changed_byte_is_refused(which: int) -> None:
    good = [PKI.leaf.der, PKI.registry_ca.der]
    for at in range(len(good[which])):
        for flip in (0x01, 0x80):
            changed = bytearray(good[which])
            changed[at] ^= flip
            listed = [*good]
            listed[which] = bytes(changed)
            with pytest.raises(VerificationRefused):
                chain.verify_chain(listed, [PKI.root.der], NOW)


@pytest.mark.parametrize("der", [b"", b"0", b"\x30\x00", PKI.leaf.der + b"\x00", bytes(20_000)])
def test_what_is_no_certificate_is_refused(der: bytes) -> None:
    with pytest.raises(VerificationRefused) as caught:
        chain.verify_chain([der, PKI.registry_ca.der], [PKI.root.der], NOW)
    assert caught.value.check is Check.CHAIN


def test_an_issuer_with_another_name_is_refused() -> None:
    leaf = registry_leaf(issuer_name=PKI.root.certificate.subject)
    assert refused(leaf) is Check.CHAIN


ROOTS = {
    "path length 0": {x509.BasicConstraints: (x509.BasicConstraints(ca=True, path_length=0), True)},
    "no path length": {
        x509.BasicConstraints: (x509.BasicConstraints(ca=True, path_length=None), True)
    },
    "no CA": {x509.BasicConstraints: (x509.BasicConstraints(ca=False, path_length=None), True)},
    "no usage": {x509.KeyUsage: None},
    "signs too": {x509.KeyUsage: (usage(key_cert_sign=True, digital_signature=True), True)},
}


@pytest.mark.parametrize("what", list(ROOTS))
def test_a_root_has_the_profile_of_a_root(what: str) -> None:
    root = issue(root_shape(extensions=ROOTS[what]), None)
    with pytest.raises(VerificationRefused) as caught:
        chain.check_root(root.der)
    assert caught.value.check is Check.CHAIN


def test_a_root_is_self_signed() -> None:
    assert chain.check_root(PKI.root.der) == PKI.root.certificate
    for shape in (root_shape(), root_shape(key=new_key())):
        with pytest.raises(VerificationRefused, match="refused"):
            chain.check_root(issue(shape, PKI.root).der)
    p384 = issue(root_shape(key=ec.generate_private_key(ec.SECP384R1())), None)
    with pytest.raises(VerificationRefused, match="refused"):
        chain.check_root(p384.der)


def test_the_refusal_cannot_steer_a_terminal() -> None:
    """F6."""
    leaf = registry_leaf(common_name="\x1b]0;owned\x07", extensions={x509.ExtendedKeyUsage: None})
    with pytest.raises(VerificationRefused) as caught:
        verify(leaf)
    assert "\x1b" not in str(caught.value)
