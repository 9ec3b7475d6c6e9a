"""Google Cloud Storage: ``gs://bucket[/prefix]``.

Credentials come from the workload's identity, or from ``GOOGLE_SERVICE_ACCOUNT_KEY`` (the key's
JSON, which may name another server as ``gcs_base_url``).
"""

from __future__ import annotations

from obstore.store import GCSStore

from skreg.adapters.blobs.location import RETRIES, read_location
from skreg.adapters.blobs.objects import ObjectBlobStore


def open_store(uri: str) -> ObjectBlobStore:
    """Open the bucket that ``uri`` names; sends no request but to the metadata server.

    Raises:
        ConfigurationInvalid: no bucket, or an option.
    """
    location = read_location(uri)
    store = GCSStore(location.bucket, prefix=location.prefix, retry_config=RETRIES)
    return ObjectBlobStore(uri, store)
