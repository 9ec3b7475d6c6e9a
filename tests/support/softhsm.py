"""A PKCS#11 token on this machine: SoftHSM2 with a store of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

LIBRARIES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/softhsm/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
)
PIN = "1234"
_MAKE_KEY = """
import sys
import pkcs11
from pkcs11 import Attribute, KeyType
from pkcs11.util.ec import encode_named_curve_parameters
module, pin, label, identifier, curve, *flags = sys.argv[1:]
with pkcs11.lib(module).get_token(token_label="skreg").open(rw=True, user_pin=pin) as session:
    parameters = session.create_domain_parameters(
        KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}, local=True)
    public, private = parameters.generate_keypair(
        store=True, label=label, id=bytes.fromhex(identifier),
        private_template={
            Attribute.EXTRACTABLE: "extractable" in flags,
            Attribute.SENSITIVE: "extractable" not in flags,
            Attribute.SIGN: "no-sign" not in flags,
        })
    if "no-public" in flags:
        public.destroy()
"""


def library() -> Path | None:
    """The library, None when SoftHSM2 is not installed."""
    if shutil.which("softhsm2-util") is None:
        return None
    return next((path for path in LIBRARIES if path.exists()), None)


class SoftHsm:
    """A token ``skreg``; its keys are made in other processes, as an operator would."""

    def __init__(self, folder: Path, module: Path) -> None:
        self.module = module
        self.pin_file = folder / "pin"
        self.pin_file.write_text(f"{PIN}\n")
        tokens = folder / "tokens"
        tokens.mkdir()
        conf = folder / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
        self.environment = {"SOFTHSM2_CONF": str(conf)}
        self._run(
            "softhsm2-util", "--init-token", "--free", "--label", "skreg", "--pin", PIN,
            "--so-pin", "5678",
        )  # fmt: skip

    def create(self, label: str, identifier: str, *flags: str, curve: str = "secp256r1") -> str:
        """Make a key pair; returns its URI."""
        self._run(
            sys.executable, "-c", _MAKE_KEY, str(self.module), PIN, label, identifier, curve, *flags
        )
        return self.uri(f"token=skreg;object={label}")

    def uri(self, place: str) -> str:
        """The URI of a place in the token."""
        return f"pkcs11:{place}?module-path={self.module}&pin-source=file:{self.pin_file}"

    def _run(self, *command: str) -> None:
        environment = {**os.environ, **self.environment}
        subprocess.run(command, env=environment, check=True, capture_output=True)
