"""Software keys in PEM files: ``file:///path/key.pem[?passphrase_env=NAME]``."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from skreg.adapters.disk import make_folder, sync_folder, write_private
from skreg.errors import ConfigurationInvalid, KeyMismatch, KeyMissing


class FileSigner:
    """One P-256 key of a PKCS#8 PEM file, held in this process."""

    algorithm = "ecdsa-p256-sha256"
    in_hsm = False

    def __init__(self, path: Path, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        spki = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key_ref = f"{path.as_uri()}#sha256:{hashlib.sha256(spki).hexdigest()}"

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half."""
        return self._key.public_key()

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest; returns DER."""
        return self._key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def open_key(uri: str) -> FileSigner:
    """Read the key file that ``uri`` names.

    ``passphrase_env`` names the environment variable that holds the passphrase of an encrypted
    file, so that the passphrase stands in no setting.

    Raises:
        KeyMissing: no such file.
        ConfigurationInvalid: the URI has no absolute path, others may read the file, the
            passphrase is absent or wrong, or the file is no PEM key.
        KeyMismatch: the key is not ECDSA P-256.
    """
    parts = urlsplit(uri)
    path = Path(unquote(parts.path))
    if parts.netloc or not path.is_absolute():
        raise ConfigurationInvalid(
            "The key file's URI needs an absolute path.",
            why=f"It is {uri!r}.",
            fix="Write it as file:///absolute/path/key.pem.",
        )
    return FileSigner(path, _load(path, _read_private(path), _passphrase(parts)))


def create_key_file(path: Path, *, passphrase: bytes | None = None) -> None:
    """Create a new P-256 key in ``path`` (0600) unless a key stands there already.

    The file appears whole or not at all, and of two processes that create it at once one wins.
    """
    if path.exists():
        return
    make_folder(path.parent, 0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        write_private(temporary, _new_key_pem(passphrase))
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def _new_key_pem(passphrase: bytes | None) -> bytes:
    sealed: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        sealed = serialization.BestAvailableEncryption(passphrase)
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed
    )


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read()
    except OSError as error:
        raise KeyMissing(
            "The key file cannot be read.",
            why=f"{path}: {error.strerror}.",
            fix="Check the path and that this process owns the file.",
        ) from error
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigurationInvalid(
            "The key file is open to other users.",
            why=f"{path} has mode {stat.S_IMODE(mode):04o}.",
            fix=f"Run: chmod 600 {path}",
        )
    return data


def _passphrase(parts: SplitResult) -> bytes | None:
    name = parse_qs(parts.query).get("passphrase_env", [""])[0]
    if not name:
        return None
    value = os.environ.get(name)
    if not value:
        raise ConfigurationInvalid(
            "The key file's passphrase is not set.",
            why=f"The environment has no {name}.",
            fix=f"Set {name} for this process.",
        )
    return value.encode()


def _load(path: Path, pem: bytes, passphrase: bytes | None) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError) as error:
        raise ConfigurationInvalid(
            "The key file cannot be opened.",
            why=f"{path}: {error}",
            fix="Give a PKCS#8 PEM key, and passphrase_env if and only if it is encrypted.",
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise KeyMismatch(
            "The key file holds another kind of key.",
            why=f"{path} is not ECDSA P-256.",
            fix="Create one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        )
    return key
