"""Object stores, one file a scheme, chosen by the store's URI and imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from skreg.errors import ConfigurationInvalid
from skreg.ports.blobs import BlobStore

BLOB_STORES: dict[str, str] = {
    "az": "skreg.adapters.blobs.azure:open_store",
    "file": "skreg.adapters.blobs.file:open_store",
    "gs": "skreg.adapters.blobs.gcs:open_store",
    "s3": "skreg.adapters.blobs.s3:open_store",
}
"""URI scheme -> ``module:function``; the function takes the whole URI and returns a BlobStore."""


def open_blob_store(uri: str) -> BlobStore:
    """Open the store that ``uri`` names, for example ``s3://bucket/prefix``; sends no request.

    Raises:
        ConfigurationInvalid: an unknown scheme, or a URI its backend cannot read.
    """
    scheme = uri.partition(":")[0]
    if scheme not in BLOB_STORES:
        raise ConfigurationInvalid(
            "The store's URI names no object store.",
            why=f"Its scheme is {scheme!r}.",
            fix=f"Use one of: {', '.join(sorted(BLOB_STORES))}.",
        )
    module, _, function = BLOB_STORES[scheme].partition(":")
    return cast("BlobStore", getattr(import_module(module), function)(uri))
