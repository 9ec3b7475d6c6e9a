"""CRLs, revocation and renewal over time, judged by openssl and by the client's verifier."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from skillpkg.crypto import crl as client
from skreg.adapters.signers.file import create_key_file, open_key
from skreg.errors import (
    ConfigurationInvalid,
    KeyMismatch,
    SigningRefused,
    SigningUnavailable,
    Unprocessable,
)
from skreg.pki.keys import PkiKeys
from skreg.pki.renew import due, renew, warnings, with_next_crl
from skreg.pki.revoke import REASONS, revoke, serial_of
from skreg.pki.state import Authority, PkiState, der
from skreg.signing import VerifiedSigner
from support.made_pki import Made
from support.openssl import accepts, openssl, write_pem


def crl_text(folder: Path, authority: Authority) -> str:
    """What openssl prints of a CRL whose signature it verified."""
    issuer = write_pem(folder / "issuer.pem", authority.certificate)
    path = folder / "list.crl"
    path.write_bytes(authority.crl)
    printed = openssl(
        "crl", "-inform", "DER", "-in", str(path), "-CAfile", issuer, "-noout", "-text"
    )
    assert "verify OK" in printed
    return printed


def numbers(state: PkiState) -> tuple[int, ...]:
    return tuple(authority.crl_number for authority in state.authorities)


def without_root(keys: PkiKeys) -> PkiKeys:
    return replace(keys, root=None)


def revoked_at(authority: Authority, serial: int) -> object:
    return client.revoked_at(x509.load_der_x509_crl(authority.crl), serial)


def test_first_crls_are_empty_numbered_and_short_lived(made: Made, tmp_path: Path) -> None:
    for authority, days in zip(made.state.authorities, (400, 7, 7), strict=True):
        text = crl_text(tmp_path, authority)
        assert "Version 2" in text
        assert "No Revoked Certificates" in text
        assert "X509v3 CRL Number: \n                1" in text
        assert "Authority Key Identifier" in text
        crl = x509.load_der_x509_crl(authority.crl)
        assert crl.next_update_utc
        assert crl.next_update_utc - crl.last_update_utc == timedelta(days=days)


def test_nothing_is_due_at_once(made: Made) -> None:
    assert not due(made.state, made.keys, made.now)
    change = renew(made.state, made.keys, made.now)
    assert change.state is made.state
    assert change.entries == ()


def test_ca_crls_are_issued_twice_a_day_with_rising_numbers(made: Made) -> None:
    state, moment = made.state, made.now
    assert not due(state, made.keys, made.later(hours=11, minutes=59)).crls
    for wanted in range(2, 6):
        moment += timedelta(hours=12)
        change = renew(state, made.keys, moment)
        state = change.state
        assert numbers(state) == (1, wanted, wanted)
        assert [entry["type"] for entry in change.entries] == ["crl", "crl"]
        assert [entry["number"] for entry in change.entries] == [wanted, wanted]
        for authority in state.authorities[1:]:
            facts = client.check_crl(authority.crl, authority.certificate, moment, wanted)
            assert facts.next_update > moment + timedelta(days=6)


def test_the_root_crl_is_due_in_time_and_only_with_the_root(made: Made) -> None:
    late = made.later(days=345)
    assert "root" in due(made.state, made.keys, late).crls
    assert "root" not in due(made.state, without_root(made.keys), late).crls
    assert "root" not in due(made.state, made.keys, made.later(days=335)).crls
    assert any("root's CRL" in text for text in warnings(made.state, late))
    assert numbers(renew(made.state, made.keys, late).state) == (2, 2, 2)
    with pytest.raises(SigningUnavailable, match="root key is not at hand"):
        with_next_crl(made.state, "root", without_root(made.keys), late)


def test_the_leaf_is_renewed_a_month_before_it_expires(made: Made) -> None:
    assert not due(made.state, made.keys, made.later(days=59)).leaf
    moment = made.later(days=61)
    change = renew(made.state, made.keys, moment)
    assert change.state.leaf.serial_number != made.state.leaf.serial_number
    assert change.state.leaf.public_key() == made.state.leaf.public_key()
    assert change.state.leaf.not_valid_after_utc > moment + timedelta(days=89)
    assert change.entries[0]["type"] == "cert-issued"
    assert not due(change.state, made.keys, moment).leaf


def test_a_new_signing_key_gets_a_leaf_at_once(made: Made, tmp_path: Path) -> None:
    create_key_file(tmp_path / "new.pem")
    signing = VerifiedSigner(open_key((tmp_path / "new.pem").as_uri()))
    keys = replace(made.keys, signing=signing)
    change = renew(made.state, keys, made.now)
    assert change.state.leaf.public_key() == signing.public_key()


def test_a_ca_key_that_was_changed_issues_nothing(made: Made, tmp_path: Path) -> None:
    create_key_file(tmp_path / "new.pem")
    other = VerifiedSigner(open_key((tmp_path / "new.pem").as_uri()))
    for keys in (replace(made.keys, registry_ca=other), replace(made.keys, publisher_ca=other)):
        with pytest.raises(KeyMismatch, match="key URI"):
            renew(made.state, keys, made.later(days=70))


def test_a_quiet_pki_asks_for_nobody(made: Made) -> None:
    assert warnings(made.state, made.now) == ()
    texts = warnings(made.state, made.later(days=5 * 365 - 400))
    assert any("registry-ca certificate ends" in text for text in texts)
    assert any("publisher-ca certificate ends" in text for text in texts)


def test_openssl_refuses_a_revoked_leaf(made: Made, tmp_path: Path) -> None:
    serial = serial_of(der(made.state.leaf))
    change = revoke(
        made.state, made.keys, "registry-ca", serial, made.later(days=1),
        reason="superseded", since=made.now,
    )  # fmt: skip
    authority = change.state.registry_ca
    text = crl_text(tmp_path, authority)
    assert f"{serial:X}" in text
    assert "Superseded" in text
    assert "Invalidity Date" in text
    root = write_pem(tmp_path / "root.pem", made.state.root.certificate)
    between = write_pem(tmp_path / "between.pem", authority.certificate)
    leaf = write_pem(tmp_path / "leaf.pem", made.state.leaf)
    crl = tmp_path / "crl.pem"
    for present, good in ((made.state.registry_ca, True), (authority, False)):
        crl.write_bytes(
            x509.load_der_x509_crl(present.crl).public_bytes(serialization.Encoding.PEM)
        )
        at = str(int(made.later(days=1).timestamp()))
        assert good == accepts(
            "verify", "-attime", at, "-crl_check", "-CRLfile", str(crl), "-CAfile", root,
            "-untrusted", between, leaf,
        )  # fmt: skip


def test_a_revocation_is_published_at_once_and_logged(made: Made) -> None:
    change = revoke(made.state, made.keys, "publisher-ca", 77, made.now, reason="superseded")
    assert numbers(change.state) == (1, 1, 2)
    assert [entry["type"] for entry in change.entries] == ["cert-revoked", "crl"]
    assert change.entries[0]["serial"] == "4d"
    assert revoked_at(change.state.publisher_ca, 77) == made.now.replace(microsecond=0)


def test_the_same_revocation_again_changes_nothing(made: Made) -> None:
    once = revoke(made.state, made.keys, "publisher-ca", 77, made.now).state
    again = revoke(once, made.keys, "publisher-ca", 77, made.later(days=3))
    assert again.state is once
    assert again.entries == ()


def test_nothing_makes_a_revocation_weaker(made: Made) -> None:
    def step(state: PkiState, **how: object) -> PkiState:
        return revoke(
            state, made.keys, "publisher-ca", 77, made.later(days=9), **how  # type: ignore[arg-type]
        ).state

    dated = step(made.state, reason="superseded", since=made.later(days=5))
    earlier = step(dated, reason="keyCompromise", since=made.later(days=2))
    assert revoked_at(earlier.publisher_ca, 77) == made.later(days=2).replace(microsecond=0)
    assert earlier.publisher_ca.revocations[0].reason == "keyCompromise"
    assert step(earlier, reason="superseded", since=made.later(days=8)) is earlier
    always = step(earlier, reason="keyCompromise")
    assert revoked_at(always.publisher_ca, 77) == client.ALWAYS
    assert step(always, reason="superseded", since=made.now).publisher_ca.revocations[0].dated is (
        False
    )


def test_a_compromised_key_without_a_date_was_never_good(made: Made) -> None:
    change = revoke(made.state, made.keys, "publisher-ca", 5, made.now, reason="keyCompromise")
    assert revoked_at(change.state.publisher_ca, 5) == client.ALWAYS


def test_a_revoked_intermediate_stands_in_the_roots_list(made: Made, tmp_path: Path) -> None:
    serial = made.state.registry_ca.certificate.serial_number
    change = revoke(made.state, made.keys, "root", serial, made.now, reason="cACompromise")
    assert f"{serial:X}" in crl_text(tmp_path, change.state.root)
    with pytest.raises(SigningUnavailable):
        revoke(made.state, without_root(made.keys), "root", serial, made.now)


def test_a_revoked_leaf_is_replaced(made: Made) -> None:
    serial = made.state.leaf.serial_number
    revoked = revoke(made.state, made.keys, "registry-ca", serial, made.now).state
    change = renew(revoked, made.keys, made.now)
    assert change.state.leaf.serial_number != serial
    assert change.state.registry_ca.revocation_of(serial)


def test_a_compromised_signing_key_gets_no_new_leaf(made: Made) -> None:
    serial = made.state.leaf.serial_number
    revoked = revoke(
        made.state, made.keys, "registry-ca", serial, made.now, reason="keyCompromise"
    ).state
    with pytest.raises(SigningRefused, match="SIGNING_KEY_URI"):
        renew(revoked, made.keys, made.now)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_its_entry(made: Made, tmp_path: Path, reason: str) -> None:
    change = revoke(made.state, made.keys, "publisher-ca", 9, made.now, reason=reason)
    assert "Serial Number: 09" in crl_text(tmp_path, change.state.publisher_ca)


def test_mistakes_are_refused(made: Made) -> None:
    with pytest.raises(Unprocessable, match="reason is not known"):
        revoke(made.state, made.keys, "root", 1, made.now, reason="because")
    with pytest.raises(Unprocessable, match="ahead of time"):
        revoke(made.state, made.keys, "root", 1, made.now, since=made.later(days=1))
    for serial in (0, -1, 2**160):
        with pytest.raises(Unprocessable, match="out of range"):
            revoke(made.state, made.keys, "root", serial, made.now)
    with pytest.raises(ConfigurationInvalid, match="root, registry-ca, publisher-ca"):
        revoke(made.state, made.keys, "other", 1, made.now)
