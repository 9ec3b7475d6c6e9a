"""PKCS#11: what a token must refuse, PINs, sessions, URIs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skreg.adapters.signers import pkcs11 as token_keys
from skreg.adapters.signers.pkcs11_uri import read_pin, read_uri
from skreg.errors import (
    ConfigurationInvalid,
    KeyMismatch,
    KeyMissing,
    KeyNotInHsm,
    SigningUnavailable,
)
from skreg.signing import VerifiedSigner
from support.absent import absent
from support.openssl import verifies
from support.signer_backends import Backend
from support.softhsm import SoftHsm, library

only = pytest.mark.parametrize


@pytest.fixture(scope="module")
def make_key(tmp_path_factory: pytest.TempPathFactory, started: Callable[[str], Backend]) -> object:
    """Make more keys in the token of the suite."""
    found = started("pkcs11")
    if found.absent:
        absent(found.absent)
    hsm = SoftHsm.__new__(SoftHsm)
    module = library()
    assert module
    hsm.module = module
    hsm.pin_file = Path(found.good.rpartition("pin-source=file:")[2])
    hsm.environment = found.environment
    return hsm.create


@only("backend", ["pkcs11"], indirect=True)
def test_a_key_that_its_token_gives_out_is_refused(
    backend: Backend, make_key: Callable[..., str]
) -> None:
    with pytest.raises(KeyNotInHsm, match="extractable"):
        token_keys.open_key(make_key("loose", "10", "extractable"))


@only("backend", ["pkcs11"], indirect=True)
def test_a_label_that_two_keys_bear_needs_the_id(
    backend: Backend, make_key: Callable[..., str]
) -> None:
    uri = make_key("twin", "11")
    make_key("twin", "12")
    with pytest.raises(KeyMismatch, match="2 private keys"):
        token_keys.open_key(uri)
    signer = token_keys.open_key(uri.replace("object=twin", "object=twin;id=%12"))
    assert VerifiedSigner(signer).sign(b"data", "crl")


@only("backend", ["pkcs11"], indirect=True)
def test_a_key_without_its_public_half_is_refused(
    backend: Backend, make_key: Callable[..., str]
) -> None:
    with pytest.raises(KeyMissing, match="public half"):
        token_keys.open_key(make_key("half", "13", "no-public"))


@only("backend", ["pkcs11"], indirect=True)
def test_a_key_is_made_in_the_token_once_and_never_leaves_it(
    backend: Backend, tmp_path: Path
) -> None:
    uri = backend.good.replace("object=log", "object=root;id=%20")
    assert token_keys.create_key(uri) is True
    made = token_keys.open_key(uri)  # refuses what is extractable or not sensitive
    assert token_keys.create_key(uri) is False
    assert token_keys.open_key(uri).public_key() == made.public_key()
    signer = VerifiedSigner(made)
    assert verifies(tmp_path, signer.public_key(), signer.sign(b"data", "crl"), b"data")
    with pytest.raises(ConfigurationInvalid, match="needs a label"):
        token_keys.create_key(backend.good.replace("object=log", "id=%21"))
    with pytest.raises(KeyMissing, match="no such token"):
        token_keys.create_key(uri.replace("token=skreg", "token=other"))


@only("backend", ["pkcs11"], indirect=True)
def test_an_unknown_token_is_missing(backend: Backend) -> None:
    with pytest.raises(KeyMissing, match="no such token"):
        token_keys.open_key(backend.good.replace("token=skreg", "token=other"))


@only("backend", ["pkcs11"], indirect=True)
def test_a_library_that_is_not_there_is_unavailable(backend: Backend) -> None:
    uri = "pkcs11:token=skreg;object=log?module-path=/none.so&pin-source=env:PATH"
    with pytest.raises(SigningUnavailable):
        token_keys.open_key(uri)


@only("backend", ["pkcs11"], indirect=True)
def test_a_wrong_pin_is_a_configuration_error(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = token_keys.open_key(backend.good)
    for session in list(token_keys._SESSIONS.values()):
        session.close()
    token_keys._SESSIONS.clear()
    monkeypatch.setenv("SKREG_TEST_PIN", "9999")
    place = backend.good.partition("&pin-source=")[0]
    with pytest.raises(ConfigurationInvalid, match="refused the PIN"):
        token_keys.open_key(f"{place}&pin-source=env:SKREG_TEST_PIN")
    with pytest.raises(SigningUnavailable):
        signer.sign_digest(bytes(32))
    assert VerifiedSigner(signer).sign(b"data", "crl"), "the next use logs in again"


@only("backend", ["pkcs11"], indirect=True)
def test_a_second_login_in_one_process_is_no_error(backend: Backend) -> None:
    token_keys.open_key(backend.good)
    token_keys._SESSIONS.clear()
    assert VerifiedSigner(token_keys.open_key(backend.good)).sign(b"data", "crl")


def test_a_uri_is_read_with_its_escapes() -> None:
    found = read_uri(
        "pkcs11:serial=%00ab;id=%01%ff;type=private?module-path=/a%20b.so&pin-source=env:PIN"
    )
    assert (found.serial, found.key_id, found.module) == (b"\x00ab", b"\x01\xff", "/a b.so")


@only("source", ["env:SKREG_NO_SUCH_PIN", "file:/none", "exec:cat", ""])
def test_a_pin_that_is_not_there_is_a_configuration_error(source: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        read_pin(source)


@given(st.text(alphabet="pkcs1:;=?&tokenidbjec%0aserial", max_size=60))
def test_any_text_is_a_uri_or_a_configuration_error(text: str) -> None:
    try:
        found = read_uri(f"pkcs11:{text}")
    except ConfigurationInvalid:
        return
    assert found.module
    assert found.pin_source
