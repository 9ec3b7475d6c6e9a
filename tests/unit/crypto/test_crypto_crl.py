"""Revocation lists: what makes one authentic, and from when on an entry counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ReasonFlags

from skillpkg.crypto import crl, names
from skillpkg.errors import Check, VerificationRefused
from support.certificates import (
    DAY,
    NOW,
    Holder,
    Revoked,
    intermediate_shape,
    issue,
    make_crl,
    make_pki,
    usage,
)

PKI = make_pki()
CA = PKI.registry_ca


def check(der: bytes, issuer: Holder = CA, remembered: int = 0, **more: Any) -> crl.CrlFacts:
    return crl.check_crl(der, issuer.certificate, more.pop("now", NOW), remembered, **more)


def refused(der: bytes, *args: Any, **more: Any) -> Check:
    with pytest.raises(VerificationRefused) as caught:
        check(der, *args, **more)
    return caught.value.check


def revoked(one: Revoked) -> datetime | None:
    return crl.revoked_at(check(make_crl(CA, [one])).crl, one.serial)


def test_a_good_list_gives_its_facts() -> None:
    facts = check(make_crl(CA, number=7), remembered=7)
    assert (facts.number, facts.next_update) == (7, NOW + 7 * DAY)
    assert crl.revoked_at(facts.crl, 1) is None
    assert check(make_crl(PKI.root), PKI.root).number == 1


def test_an_older_number_is_refused() -> None:
    """B14."""
    assert refused(make_crl(CA, number=6), remembered=7) is Check.CRL_ROLLBACK


def test_an_expired_list_is_refused_unless_the_caller_warns() -> None:
    """B13."""
    late = make_crl(CA, begin=NOW - 9 * DAY, end=NOW - 2 * DAY)
    assert refused(late) is Check.CRL_EXPIRED
    assert check(late, expired_ok=True).next_update == NOW - 2 * DAY
    assert check(late, now=NOW - 2 * DAY).number == 1


def test_a_list_from_the_future_is_refused_beyond_a_clocks_error() -> None:
    """F3."""
    assert check(make_crl(CA, begin=NOW + timedelta(minutes=4)))
    early = make_crl(CA, begin=NOW + timedelta(minutes=6))
    assert refused(early, expired_ok=True) is Check.CRL_EXPIRED


def test_a_list_by_another_issuer_is_refused() -> None:
    """B15."""
    assert refused(make_crl(PKI.publisher_ca)) is Check.CRL_SIGNATURE
    assert refused(make_crl(CA, signer=PKI.publisher_ca)) is Check.CRL_SIGNATURE
    assert refused(make_crl(CA, signer=PKI.leaf)) is Check.CRL_SIGNATURE


def test_the_issuer_must_be_allowed_to_sign_lists() -> None:
    """B15."""
    for found in (None, (usage(key_cert_sign=True), True)):
        shape = intermediate_shape(names.REGISTRY_SIGNED, extensions={x509.KeyUsage: found})
        ca = issue(shape, PKI.root)
        assert refused(make_crl(ca), ca) is Check.CRL_SIGNATURE


def test_the_signature_uses_sha256() -> None:
    assert refused(make_crl(CA, digest=hashes.SHA384())) is Check.CRL_SIGNATURE


def point(**flags: Any) -> x509.IssuingDistributionPoint:
    known = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(known | flags))


@pytest.mark.parametrize(
    ("extension", "critical"),
    [
        (x509.DeltaCRLIndicator(1), True),
        (x509.DeltaCRLIndicator(1), False),
        (point(indirect_crl=True), True),
        (point(only_contains_user_certs=True), True),
        (point(only_contains_ca_certs=True), False),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.77"), b"\x05\x00"), True),
    ],
)
def test_partial_indirect_and_unknown_lists_are_refused(extension: Any, critical: bool) -> None:
    """B16."""
    assert refused(make_crl(CA, extra=[(extension, critical)])) is Check.CRL_SIGNATURE


def test_an_unknown_plain_extension_is_no_matter() -> None:
    plain = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.77"), b"\x05\x00")
    assert check(make_crl(CA, extra=[(plain, False)])).number == 1


def test_number_and_authority_are_required() -> None:
    assert refused(make_crl(CA, number=None)) is Check.CRL_SIGNATURE
    assert refused(make_crl(CA, with_authority=False)) is Check.CRL_SIGNATURE
    other = x509.AuthorityKeyIdentifier(b"other", None, None)
    assert refused(make_crl(CA, authority=other)) is Check.CRL_SIGNATURE
    shape = intermediate_shape(names.REGISTRY_SIGNED, extensions={x509.SubjectKeyIdentifier: None})
    nameless = issue(shape, PKI.root)
    assert refused(make_crl(nameless), nameless) is Check.CRL_SIGNATURE


def test_what_is_no_list_is_refused() -> None:
    good = make_crl(CA)
    changed = good[:-1] + bytes([good[-1] ^ 1])
    for bad in (b"", b"\x30\x00", good + b"\x00", good[:-1], changed):
        assert refused(bad) is Check.CRL_SIGNATURE
    assert refused(bytes(crl.MAX_CRL + 1)) is Check.CRL_SIGNATURE


def test_any_changed_byte_is_refused() -> None:
    good = make_crl(CA, [Revoked(5, NOW, NOW, ReasonFlags.key_compromise)])
    for at in range(len(good)):
        for flip in (0x01, 0x80):
            changed = bytearray(good)
            changed[at] ^= flip
            assert refused(bytes(changed)) is Check.CRL_SIGNATURE


DATE, EARLIER = NOW - 10 * DAY, NOW - 20 * DAY


@pytest.mark.parametrize(
    ("reason", "invalid", "since"),
    [
        (None, None, DATE),
        (ReasonFlags.superseded, None, DATE),
        (ReasonFlags.superseded, EARLIER, EARLIER),
        (ReasonFlags.key_compromise, EARLIER, EARLIER),
        (ReasonFlags.key_compromise, NOW, DATE),
        (ReasonFlags.key_compromise, None, crl.ALWAYS),
        (ReasonFlags.ca_compromise, None, crl.ALWAYS),
    ],
)
def test_from_when_on_an_entry_counts(
    reason: ReasonFlags | None, invalid: datetime | None, since: datetime
) -> None:
    """B10, B11, B12."""
    assert revoked(Revoked(5, DATE, invalid, reason)) == since


def test_an_unknown_critical_entry_extension_is_refused() -> None:
    """B16: an entry that belongs to another issuer would be one."""
    other = x509.CertificateIssuer([x509.DNSName("other.example")])
    with pytest.raises(VerificationRefused) as caught:
        revoked(Revoked(5, DATE, extra=other))
    assert caught.value.check is Check.CRL_SIGNATURE


def test_an_entry_that_cannot_be_read_is_refused() -> None:
    reason = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.21"), b"\x04\x00")
    with pytest.raises(VerificationRefused) as caught:
        revoked(Revoked(5, DATE, extra=reason))
    assert caught.value.check is Check.CRL_SIGNATURE


def test_an_unknown_plain_entry_extension_is_no_matter() -> None:
    plain = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.78"), b"\x05\x00")
    assert revoked(Revoked(5, DATE, extra=plain, critical=False)) == DATE


def test_a_large_list_finds_its_entry() -> None:
    entries = [Revoked(serial, DATE) for serial in range(1000, 3000)]
    facts = check(make_crl(CA, entries))
    assert crl.revoked_at(facts.crl, 2999) == DATE
    assert crl.revoked_at(facts.crl, 3000) is None
