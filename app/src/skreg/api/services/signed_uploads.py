"""Archives that their publisher signed: the parts of the upload read, the signature verified.

The same judgement as a client's, so that a publisher is told now what would be refused later.
"""

from __future__ import annotations

import asyncio
import base64
import binascii

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from skillpkg.crypto.chain import VerifiedChain
from skillpkg.errors import Check, VerificationRefused
from skillpkg.types import SignerKind
from skreg.api.body import Upload
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading
from skreg.db.queries import certificates, pki
from skreg.db.queries.uploads import UploadSigner
from skreg.domain.moderation import CertificateState
from skreg.errors import Conflict, Forbidden, SkregError, Unprocessable
from skreg.publish.submit.anchors import read_anchors
from skreg.publish.submit.judge import Submission, judge

_DER = b"\x30"
"""The first byte of every DER signature; in base64 it is an M."""
_NOT_ENTITLED = (Check.PUBLISHER_NAMESPACE, Check.REVOKED)
_FIXES = {
    Check.SIGNATURE: "Sign the .skill file as it is uploaded: skillpkg sign FILE --key KEY, or "
    "openssl dgst -sha256 -sign KEY -out FILE.sig FILE",
    Check.CHAIN_TIME: "Ask for a new certificate: skillpkg cert request NAMESPACE --key KEY",
    Check.REVOKED: "Ask for a new certificate with a new key: skillpkg cert request NAMESPACE "
    "--key KEY",
    Check.PUBLISHER_NAMESPACE: "Sign with a certificate of the package's own namespace: "
    "skillpkg cert list NAMESPACE",
}
_CHAIN_FIX = "Send leaf and CA as the registry issued them: skillpkg cert show NAMESPACE ID"


def submission_of(upload: Upload) -> Submission | None:
    """Return the publisher's signature of an upload, None when it has none.

    Raises:
        Unprocessable: one part without the other, or a part that cannot be read.
    """
    if upload.signature is None and upload.chain is None:
        return None
    if upload.signature is None or upload.chain is None:
        missing = "signature" if upload.signature is None else "chain"
        raise _refused(Unprocessable, "parts", missing, f"There is no part {missing!r}.", "")
    return Submission(_signature(upload.signature), _chain(upload.chain))


async def signer_of(
    container: ApiContainer, namespace: str, archive: bytes, submission: Submission | None
) -> UploadSigner:
    """Return who signs an archive of a namespace: its publisher, once that is verified.

    Raises:
        Unprocessable: signature or chain is not one that clients would take.
        Forbidden: the certificate is another namespace's, revoked, or none of this registry's.
    """
    if submission is None:
        return UploadSigner()
    async with reading(container.pool) as connection:
        stored = await pki.read(connection, pki.STATE)
        anchors, now = read_anchors(stored or b""), container.clock()
        try:
            chain = await asyncio.to_thread(judge, submission, archive, namespace, anchors, now)
        except VerificationRefused as error:
            raise _judged(error) from error
        serial = await _known(connection, chain, namespace)
    return UploadSigner(SignerKind("publisher", serial), submission.signature, submission.chain)


def require_same_signer(taken: str, signer: UploadSigner, subject: str) -> None:
    """Pass unless a publisher signed what was taken before for the registry to sign.

    Args:
        taken: the kind of the signer of the version that has the number.

    Raises:
        Conflict: the version stays signed as it is.
    """
    if signer.kind.kind == "publisher" and taken != "publisher":
        raise Conflict(
            f"{subject} exists and is signed by the registry.",
            why="A version has one signature for ever.",
            fix="Raise the version, sign and publish again.",
        )


def require_signed(signer: UploadSigner, namespace: str, *, signed_only: bool) -> None:
    """Pass a publisher's signature, and what needs none.

    Raises:
        Forbidden: the namespace takes only versions that it signed itself.
    """
    if signed_only and signer.kind.kind != "publisher":
        why = f"{namespace} takes only versions that it signed itself."
        fix = "Sign it: skillpkg publish --sign-key KEY --chain CHAIN"
        raise _refused(Forbidden, "signed-only", "signature", why, fix)


async def _known(connection: Connection, chain: VerifiedChain, namespace: str) -> str:
    """Return the leaf's serial once it is that of a certificate in good standing here.

    A revocation that was asked for counts at once, before the CA's list has it.
    """
    serial = f"{chain.leaf.serial_number:x}"
    found = await certificates.by_serial(connection, serial)
    if found is None or found.certificate != chain.leaf.public_bytes(Encoding.DER):
        why = f"The certificate {serial} is none that {namespace} was given here."
        raise _refused(Forbidden, "certificate-unknown", "chain", why, _CHAIN_FIX)
    if found.state != CertificateState.ISSUED:
        why = f"The certificate {found.id} is {found.state}."
        raise _refused(Forbidden, str(Check.REVOKED), "chain", why, _FIXES[Check.REVOKED])
    return serial


def _signature(sent: bytes) -> bytes:
    if sent.startswith(_DER):
        return sent
    try:
        return base64.b64decode(b"".join(sent.split()), validate=True)
    except binascii.Error as error:
        why = "It is neither DER nor base64."
        fix = _FIXES[Check.SIGNATURE]
        raise _refused(Unprocessable, str(Check.SIGNATURE), "signature", why, fix) from error


def _chain(sent: bytes) -> tuple[bytes, ...]:
    try:
        found = x509.load_pem_x509_certificates(sent)
        return tuple(one.public_bytes(Encoding.DER) for one in found)
    except ValueError as error:
        why = "It is not PEM with certificates."
        raise _refused(Unprocessable, str(Check.CHAIN), "chain", why, _CHAIN_FIX) from error


def _judged(error: VerificationRefused) -> SkregError:
    kind = Forbidden if error.check in _NOT_ENTITLED else Unprocessable
    part = "signature" if error.check is Check.SIGNATURE else "chain"
    return _refused(kind, str(error.check), part, error.why, _FIXES.get(error.check, _CHAIN_FIX))


def _refused(
    kind: type[Forbidden] | type[Unprocessable], rule: str, part: str, why: str, fix: str
) -> SkregError:
    found = {"rule": rule, "path": part, "detail": why}
    fix = fix or "Send both parts, signature and chain; or neither, for the registry to sign."
    return kind("The publisher's signature is refused.", why=why, fix=fix, errors=[found])
