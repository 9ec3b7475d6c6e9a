"""Certificates and signatures judged by the ``openssl`` program, not by our own code."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


def openssl(*arguments: str, data: bytes = b"") -> str:
    """Run openssl; returns what it printed, and fails with it."""
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=False)
    printed = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == 0, printed
    return printed


def accepts(*arguments: str) -> bool:
    """Whether openssl ends well."""
    return subprocess.run(["openssl", *arguments], capture_output=True, check=False).returncode == 0


def verifies(
    folder: Path, public: ec.EllipticCurvePublicKey, signature: bytes, data: bytes
) -> bool:
    """Whether ``signature`` is ECDSA over SHA-256 of ``data``."""
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for name, content in (("key.pem", pem), ("data", data), ("data.sig", signature)):
        (folder / name).write_bytes(content)
    return accepts(
        "dgst", "-sha256", "-verify", str(folder / "key.pem"), "-signature",
        str(folder / "data.sig"), str(folder / "data"),
    )  # fmt: skip


def write_pem(path: Path, *certificates: x509.Certificate) -> str:
    """Write certificates as one PEM file; returns its path."""
    path.write_bytes(b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates))
    return str(path)
