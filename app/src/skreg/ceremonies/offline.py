"""What is done beside the root: without database, network or settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from skillpkg.crypto import names
from skillpkg.crypto.encoding import format_time
from skreg.bootstrap import utc_now
from skreg.errors import ConfigurationInvalid, SigningRefused
from skreg.pki.ceremony import grant
from skreg.pki.ceremony_json import grant_to_bytes, request_from_bytes
from skreg.pki.transcript import proposal, transcript, witnessed
from skreg.signing import VerifiedSigner

MAX_FILE = 16 * 1024 * 1024


def open_root(uri: str) -> VerifiedSigner:
    """Open a root key: an HSM's or KMS's, or a passphrase-sealed file.

    Raises:
        ConfigurationInvalid: the URI, or the passphrase of a file.
        KeyMissing, KeyDisabled, KeyMismatch, SigningUnavailable: from the backend.
    """
    from skreg.adapters.signers import open_signer

    # Naming the key on the command line is asking for it by name, wherever it is held.
    return VerifiedSigner(open_signer(uri, hsm_backend="software", environment="prod"))


def init_root(uri: str) -> list[str]:
    """Make a root ready: create a key file or a token's key that is not there, prove it signs.

    Keys of a KMS are made with its own tools; they are opened and tried.

    Raises:
        ConfigurationInvalid: a new key file without a passphrase, a new token key without label.
        KeyMissing, KeyDisabled, KeyMismatch, SigningUnavailable: from the backend.
    """
    made = _created(uri)
    root = open_root(uri)
    root.sign(b"skreg: this root can sign", "root-trial")
    return [
        f"root         {root.key_ref}{', made now' if made else ''}",
        f"fingerprint  {names.fingerprint(root.spki())}",
        f"registry id  {names.registry_id(root.spki())}",
        "Next, on the registry: skreg pki request --out request.json",
    ]


def _created(uri: str) -> bool:
    """Create a root that is not there; False where one is, or where others make it."""
    if uri.startswith("pkcs11:"):
        from skreg.adapters.signers.pkcs11 import create_key

        return create_key(uri)
    return uri.startswith("file:") and _create_file(uri)


def _create_file(uri: str) -> bool:
    import os

    from skreg.adapters.signers.file import create_key_file

    parts = urlsplit(uri)
    path = Path(unquote(parts.path))
    if parts.netloc or not path.is_absolute() or path.exists():
        return False
    variable = parse_qs(parts.query).get("passphrase_env", [""])[0]
    passphrase = os.environ.get(variable, "")
    if not passphrase:
        raise ConfigurationInvalid(
            "A root in a file needs a passphrase.",
            why="Whoever reads the file could make every client believe anything.",
            fix=f"Set a variable and name it: {path.as_uri()}?passphrase_env=ROOT_PASSPHRASE",
        )
    create_key_file(path, passphrase=passphrase.encode())
    return True


def sign(
    request_file: Path,
    root_uri: str,
    new_root_uri: str | None,
    out: Path,
    agree: Callable[[list[str]], bool],
) -> list[str]:
    """Show a request, sign it once agreed, write the grant and the transcript beside it.

    Args:
        out: the grant's file; the transcript's has ``.txt`` added.
        agree: shows the lines to people; False signs nothing.

    Returns:
        The transcript's lines.

    Raises:
        SigningRefused: nobody agreed.
        Unprocessable: the request contradicts the root at hand, or shows no possession.
        ConfigurationInvalid: a file cannot be read or written.
    """
    asked = request_from_bytes(read_file(request_file))
    if not agree(list(proposal(asked))):
        raise SigningRefused("Nothing was signed.", why="It was not agreed to.")
    root = open_root(root_uri)
    new_root = open_root(new_root_uri) if new_root_uri else None
    now = utc_now()
    granted = grant(asked, root, now, new_root)
    text = witnessed(transcript(asked, granted), format_time(now))
    write_file(out, grant_to_bytes(granted))
    write_file(out.with_name(f"{out.name}.txt"), text.encode())
    return [*text.rstrip().splitlines(), "", f"Next, on the registry: skreg pki install {out.name}"]


def read_file(path: Path) -> bytes:
    """Return a file's bytes; ConfigurationInvalid says why it cannot be read."""
    try:
        if path.stat().st_size > MAX_FILE:
            raise OSError(f"it is larger than {MAX_FILE} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationInvalid(
            f"The file {path} cannot be read.", why=error.strerror or str(error)
        ) from error


def write_file(path: Path, data: bytes) -> None:
    """Write a file; ConfigurationInvalid says why it cannot be written."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ConfigurationInvalid(
            f"The file {path} cannot be written.", why=error.strerror or str(error)
        ) from error
