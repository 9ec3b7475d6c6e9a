"""Sign a .skill archive with your own key: what the registry publishes then carries your signature.

The signature is what openssl dgst -sha256 -sign makes, in a file beside the archive. A key in a
token or HSM signs with its own program; publish takes that file as well.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from skillpkg.commands.session import read_secret, tilde
from skillpkg.errors import NotFound, UsageError
from skillpkg.output import Output

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("archive", metavar="FILE", type=Path, help="a .skill archive")
    parser.add_argument("--key", metavar="FILE", type=Path, required=True, help="P-256, PEM")
    add_passphrase(parser)
    parser.add_argument(
        "--chain", metavar="FILE", type=Path, help="check that this certificate is the key's"
    )
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="instead of FILE.sig")


def add_passphrase(parser: argparse.ArgumentParser) -> None:
    """Add how the passphrase of an encrypted key comes in."""
    parser.add_argument(
        "--passphrase-stdin", action="store_true", help="read an encrypted key's passphrase there"
    )


def run(options: argparse.Namespace, out: Output) -> int:
    """Read the archive by every rule, then sign its bytes."""
    from skillpkg.archive.reader import read_archive
    from skillpkg.client.files import write_atomically
    from skillpkg.publisher import chain, keys

    data = _read(options.archive)
    manifest = read_archive(data).manifest
    signature = keys.sign(open_key(options, options.key, out), data)
    if options.chain is not None:
        pem = chain.read_chain(options.chain)
        chain.require_signed(pem, signature, data, str(manifest.namespace))
    path: Path = options.output or options.archive.with_name(f"{options.archive.name}.sig")
    write_atomically(path, signature, mode=0o644)
    out.result(
        {
            "package": manifest.package,
            "version": manifest.version.text,
            "sha256": hashlib.sha256(data).hexdigest(),
            "signature": str(path),
        }
    )
    out.line((f"Signed {manifest.package} {manifest.version}", "green"), (f"  {tilde(path)}", ""))
    known = tilde(options.chain) if options.chain else "CHAIN"
    named = f"{tilde(options.archive)} --signature {tilde(path)}"
    out.say(f"next: skillpkg publish {named} --chain {known}")
    return 0


def open_key(options: argparse.Namespace, path: Path, out: Output) -> ec.EllipticCurvePrivateKey:
    """Return a key; an encrypted one's passphrase is read or asked for."""
    from skillpkg.publisher.keys import read_key

    def passphrase() -> str:
        return read_secret(out, f"Passphrase of {path}: ", from_stdin=options.passphrase_stdin)

    return read_key(path, passphrase)


def _read(path: Path) -> bytes:
    if path.is_dir():
        raise UsageError(
            f"{path} is a folder.",
            why="A signature is over an archive's very bytes.",
            fix=f"Pack it first: skillpkg pack {path}",
        )
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        fix = "Make one: skillpkg pack FOLDER"
        raise NotFound(f"There is no archive at {path}.", fix=fix) from error
