"""An AWS account on this machine: moto behind the roles' rights, and the administrator's."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3  # type: ignore[import-untyped]
import moto.kms.urls
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from skillpkg_infra.providers.aws.answers import REGION
from support.moto_kms import CorrectedKms
from support.twin_rights import Rights

ADMINISTRATOR = "AKIAADMINISTRATOR000"
KEYS = {"api": "AKIAAPI0000000000000", "worker": "AKIAWORKER0000000000"}
"""The access keys of the two roles. On Fargate the agent hands out temporary ones."""


@dataclass
class TwinAws:
    """A running account."""

    url: str
    rights: Rights = field(default_factory=Rights)

    def client(self, service: str, region: str = REGION) -> Any:
        """Return a client of the administrator's."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=ADMINISTRATOR,
            aws_secret_access_key="secret",
        )


@contextmanager
def twin_aws() -> Iterator[TwinAws]:
    """Run an empty account on a free port of loopback."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto.kms.urls.url_paths = {"{0}/$": CorrectedKms.dispatch}
    rights = Rights(keys={key: role for role, key in KEYS.items()})
    application = rights.around(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    aws = TwinAws(f"http://127.0.0.1:{server.server_port}", rights)
    try:
        yield aws
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
