"""Key files: private, whole, sealed; and how a key is chosen."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from skreg.adapters.signers import open_signer
from skreg.adapters.signers.file import create_key_file, open_key
from skreg.errors import (
    ConfigurationInvalid,
    KeyMismatch,
)
from skreg.signing import VerifiedSigner


def test_an_unknown_scheme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationInvalid, match="awskms, azurekms, file, gcpkms, pkcs11"):
        open_signer("vault:key", hsm_backend="software", environment="dev")


def test_no_cloud_library_is_loaded_before_its_adapter_is_needed(tmp_path: Path) -> None:
    program = (
        "import sys, skreg.adapters.blobs, skreg.adapters.secrets, skreg.adapters.signers as s\n"
        "import skreg.pki.local\n"
        "print([m for m in ('boto3', 'google.cloud', 'azure', 'pkcs11', 'obstore', 'grpc')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_an_unknown_hsm_backend_is_refused() -> None:
    with pytest.raises(ConfigurationInvalid, match="HSM_BACKEND"):
        open_signer("file:///key.pem", hsm_backend="none", environment="dev")


def test_a_new_key_file_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.pem"
    create_key_file(path)
    first = path.read_bytes()
    create_key_file(path)
    assert path.read_bytes() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["log.pem"]


def test_of_two_that_create_a_key_at_once_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "log.pem"

    def create(_: int) -> str:
        create_key_file(path)
        return open_key(path.as_uri()).key_ref

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(create, range(16)))) == 1


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.pem"
    create_key_file(path)
    path.chmod(0o640)
    with pytest.raises(ConfigurationInvalid, match="chmod 600"):
        open_key(path.as_uri())


def test_a_sealed_key_file_opens_with_its_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "root.pem"
    create_key_file(path, passphrase=b"correct horse")
    assert b"ENCRYPTED" in path.read_bytes()
    uri = f"{path.as_uri()}?passphrase_env=ROOT_PASSPHRASE"
    with pytest.raises(ConfigurationInvalid, match="ROOT_PASSPHRASE"):
        open_key(uri)
    monkeypatch.setenv("ROOT_PASSPHRASE", "wrong")
    with pytest.raises(ConfigurationInvalid, match="cannot be opened"):
        open_key(uri)
    monkeypatch.setenv("ROOT_PASSPHRASE", "correct horse")
    assert VerifiedSigner(open_key(uri)).sign(b"data", "crl")
    with pytest.raises(ConfigurationInvalid, match="cannot be opened"):
        open_key(path.as_uri())


def test_an_rsa_key_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rsa.pem"
    path.touch(mode=0o600)
    path.write_bytes(
        rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(KeyMismatch, match="P-256"):
        open_key(path.as_uri())
