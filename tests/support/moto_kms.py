"""AWS on this machine: moto's server, with a KMS that signs digests and honours disabled keys.

moto's own KMS hashes a digest again (getmoto/moto#10202), signs with disabled keys, and names a
public key by its id where AWS gives the ARN.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import moto.kms.urls
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.core.exceptions import JsonRESTError
from moto.kms.responses import KmsResponse
from moto.server import ThreadedMotoServer

from support.faults import Faults

FAULTS = Faults()
REGION = "eu-west-1"


class CorrectedKms(KmsResponse):
    """KMS as AWS has it, for the one algorithm that is used."""

    def get_public_key(self) -> str:
        answer = json.loads(super().get_public_key())
        key = self.kms_backend.describe_key(self._get_param("KeyId"))
        return json.dumps({**answer, "KeyId": FAULTS.answer_as or key.arn})

    def sign(self) -> str:
        FAULTS.requests.append("Sign")
        if FAULTS.throttled():
            raise JsonRESTError("ThrottlingException", "Rate exceeded")
        key = self.kms_backend.describe_key(self._get_param("KeyId"))
        if not key.enabled:
            raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
        digest = self._get_param("Message")
        assert self._get_param("MessageType") == "DIGEST"
        assert len(digest) == 32
        algorithm = ec.ECDSA(Prehashed(hashes.SHA256()))
        signature = FAULTS.changed(key.private_key.private_key.sign(digest, algorithm))
        return json.dumps(
            {
                "KeyId": FAULTS.answer_as or key.arn,
                "Signature": base64.b64encode(signature).decode(),
                "SigningAlgorithm": "ECDSA_SHA_256",
            }
        )


@dataclass(frozen=True)
class Aws:
    """A running server and the environment that AWS's clients reach it with."""

    url: str
    environment: dict[str, str] = field(default_factory=dict)


@contextmanager
def aws() -> Iterator[Aws]:
    """Run the server on a free port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto.kms.urls.url_paths = {"{0}/$": CorrectedKms.dispatch}
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    environment = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }
    try:
        yield Aws(url, environment)
    finally:
        server.stop()
