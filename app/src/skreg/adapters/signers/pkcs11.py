"""Keys in PKCS#11 tokens: an RFC 7512 URI, see ``pkcs11_uri``."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, KeyType, ObjectClass, SlotFlag
from pkcs11 import exceptions as refusals
from pkcs11.types import Object, PrivateKey, PublicKey, SignMixin
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

from skreg.adapters.signers.p256 import load_p256
from skreg.adapters.signers.pkcs11_uri import Pkcs11Uri, read_pin, read_uri
from skreg.errors import (
    ConfigurationInvalid,
    KeyDisabled,
    KeyMismatch,
    KeyMissing,
    KeyNotInHsm,
    SigningUnavailable,
)

_LOCK = threading.RLock()
"""One for all tokens: a session does one thing at a time, and login counts for all sessions."""
_SESSIONS: dict[Pkcs11Uri, pkcs11.Session] = {}
_PIN_TROUBLE = (
    refusals.PinIncorrect,
    refusals.PinExpired,
    refusals.PinLocked,
    refusals.PinLenRange,
    refusals.PinInvalid,
    refusals.UserPinNotInitialized,
)


class Pkcs11Signer:
    """One private key that its token never gives out; the token answers r || s."""

    algorithm = "ecdsa-p256-sha256"

    def __init__(self, place: Pkcs11Uri, name: str) -> None:
        self._place = place
        self._name = name
        with _LOCK, _answering(name, place):
            session = _session(place)
            key = _private_key(session, place, name)
            self._public = _public_key(session, key, name)
            self.in_hsm = bool(session.token.slot.flags & SlotFlag.HW_SLOT)
            self._key: SignMixin | None = key
        self.key_ref = name

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half, as the token gave it when the key was opened."""
        return self._public

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest; returns r || s, 64 bytes."""
        with _LOCK, _answering(self._name, self._place):
            try:
                if self._key is None:
                    self._key = _private_key(_session(self._place), self._place, self._name)
                return bytes(self._key.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))
            except refusals.PKCS11Error:
                self._key = None
                raise


def open_key(uri: str) -> Pkcs11Signer:
    """Open the one private key that ``uri`` names.

    Raises:
        ConfigurationInvalid: the URI, the library or the PIN.
        KeyMissing: no such token or key.
        KeyMismatch: several such keys, or not a P-256 key.
        KeyNotInHsm: the token would give the key out.
        KeyDisabled: the key may not sign.
        SigningUnavailable: the token does not answer.
    """
    place = read_uri(uri)
    return Pkcs11Signer(place, uri.partition("?")[0])


def create_key(uri: str) -> bool:
    """Make the P-256 key pair that ``uri`` names, in its token; True unless a key is there.

    The token never gives the private half out, not even wrapped.

    Raises:
        ConfigurationInvalid: the URI names no label, the library or the PIN.
        KeyMissing: no such token.
        SigningUnavailable: the token does not answer, or makes no such keys.
    """
    place = read_uri(uri)
    if place.label is None:
        raise ConfigurationInvalid(
            "A key that is to be made needs a label.",
            why=f"{uri.partition('?')[0]} has no object attribute.",
            fix="Add the label: pkcs11:token=T;object=LABEL?…",
        )
    with _LOCK, _answering(uri.partition("?")[0], place):
        session = _session(place)
        if list(session.get_objects(_wanted(place))):
            return False
        with session.token.open(rw=True) as writing:  # the token's login counts for it too
            _generate(writing, place.label, place.key_id or secrets.token_bytes(8))
    return True


def _generate(session: pkcs11.Session, label: str, key_id: bytes) -> None:
    curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
    parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
    kept = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.SIGN: True}
    parameters.generate_keypair(store=True, label=label, id=key_id, private_template=kept)


def _session(place: Pkcs11Uri) -> pkcs11.Session:
    same_token = [uri for uri in _SESSIONS if _token_of(uri) == _token_of(place)]
    if same_token:
        return _SESSIONS[same_token[0]]
    token = pkcs11.lib(place.module).get_token(token_label=place.token, token_serial=place.serial)
    try:
        session = token.open(user_pin=read_pin(place.pin_source))
    except refusals.UserAlreadyLoggedIn:
        session = token.open()
    _SESSIONS[place] = session
    return session


def _token_of(place: Pkcs11Uri) -> tuple[str, str | None, bytes | None]:
    return place.module, place.token, place.serial


def _private_key(session: pkcs11.Session, place: Pkcs11Uri, name: str) -> SignMixin:
    found = list(session.get_objects(_wanted(place)))
    if not found:
        raise KeyMissing(
            "The token holds no such key.",
            why=f"{name} matches nothing that this PIN shows.",
            fix="Check label and id: pkcs11-tool --list-objects.",
        )
    if len(found) > 1:
        raise KeyMismatch(
            "The token holds several such keys.",
            why=f"{name} matches {len(found)} private keys.",
            fix="Name the key's id as well as its label.",
        )
    return _kept(found[0], name)


def _wanted(place: Pkcs11Uri) -> dict[Attribute, object]:
    wanted: dict[Attribute, object] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
    if place.label is not None:
        wanted[Attribute.LABEL] = place.label
    if place.key_id is not None:
        wanted[Attribute.ID] = place.key_id
    return wanted


def _kept(key: Object, name: str) -> SignMixin:
    if not key[Attribute.SENSITIVE] or key[Attribute.EXTRACTABLE]:
        raise KeyNotInHsm(
            "The token would give the private key out.",
            why=f"{name} is not sensitive, or it is extractable.",
            fix="Create the key in the token with CKA_SENSITIVE true and CKA_EXTRACTABLE false.",
        )
    if not isinstance(key, PrivateKey) or key.key_type != KeyType.EC:
        raise KeyMismatch(
            "The token's key is of another kind.",
            why=f"{name} is not an elliptic curve key.",
            fix="Create a key on P-256 and point the URI at it.",
        )
    if not isinstance(key, SignMixin):
        raise KeyDisabled(
            "The token's key may not sign.",
            why=f"{name} has CKA_SIGN false.",
            fix="Create the key with CKA_SIGN true.",
        )
    return key


def _public_key(session: pkcs11.Session, key: SignMixin, name: str) -> ec.EllipticCurvePublicKey:
    wanted = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.ID: key[Attribute.ID]}
    for public in session.get_objects(wanted):
        if isinstance(public, PublicKey):
            return load_p256(encode_ec_public_key(public), name)
    raise KeyMissing(
        "The token does not hold the key's public half.",
        why=f"{name} has no public key object with the same id.",
        fix="Import the public key into the token under the private key's id.",
    )


@contextmanager
def _answering(name: str, place: Pkcs11Uri) -> Iterator[None]:
    try:
        yield
    except refusals.NoSuchToken as error:
        raise KeyMissing(
            "There is no such token.", why=f"{name}: {error}", fix="Check that it is plugged in."
        ) from error
    except _PIN_TROUBLE as error:
        raise ConfigurationInvalid(
            "The token refused the PIN.",
            why=f"{name}: {type(error).__name__}, PIN from {place.pin_source}.",
            fix="Correct the PIN before the token locks itself.",
        ) from error
    except refusals.MultipleTokensReturned as error:
        raise KeyMismatch(
            "Several tokens match.", why=f"{name}: {error}", fix="Name the token's serial too."
        ) from error
    except refusals.PKCS11Error as error:
        _forget(place)
        raise SigningUnavailable(
            "The token does not answer.",
            why=f"{name}: {type(error).__name__} {error}".rstrip() + ".",
            fix="It is tried again; check the token and its library.",
        ) from error


def _forget(place: Pkcs11Uri) -> None:
    """Drop the token's session, so that the next use logs in again."""
    for uri in [uri for uri in _SESSIONS if _token_of(uri) == _token_of(place)]:
        del _SESSIONS[uri]
