"""Amazon S3 and what speaks its protocol: ``s3://bucket[/prefix][?region=eu-west-1]``.

Credentials, and the endpoint of another server, come from the environment variables of AWS's own
clients (the task's role, ``AWS_ACCESS_KEY_ID``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``,
``AWS_ALLOW_HTTP``).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from obstore.store import S3Store

from skreg.adapters.blobs.location import RETRIES, read_location
from skreg.adapters.blobs.objects import ObjectBlobStore

if TYPE_CHECKING:
    from obstore.store import S3Config

_OTHER_SERVER = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


def open_store(uri: str) -> ObjectBlobStore:
    """Open the bucket that ``uri`` names; sends no request.

    Raises:
        ConfigurationInvalid: no bucket, or an unknown option.
    """
    location = read_location(uri, frozenset({"region"}))
    config: S3Config = {"virtual_hosted_style_request": _is_amazon()}
    if "region" in location.options:
        config["region"] = location.options["region"]
    store = S3Store(location.bucket, prefix=location.prefix, config=config, retry_config=RETRIES)
    return ObjectBlobStore(uri, store)


def _is_amazon() -> bool:
    """Whether buckets are host names, as at Amazon, or path segments, as elsewhere."""
    return not any(os.environ.get(name) for name in _OTHER_SERVER)
