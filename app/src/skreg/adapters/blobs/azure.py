"""Azure Blob Storage: ``az://container[/prefix][?account=name]``.

Credentials, and the endpoint of another server, come from the environment variables of Azure's
own clients (managed identity, ``AZURE_CLIENT_ID``, ``AZURE_STORAGE_ENDPOINT``); a URL to share is
signed with a user delegation key when the account's shared key is off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from obstore.store import AzureStore

from skreg.adapters.blobs.location import RETRIES, read_location
from skreg.adapters.blobs.objects import ObjectBlobStore

if TYPE_CHECKING:
    from obstore.store import AzureConfig


def open_store(uri: str) -> ObjectBlobStore:
    """Open the container that ``uri`` names; sends no request.

    Raises:
        ConfigurationInvalid: no container, or an unknown option.
    """
    location = read_location(uri, frozenset({"account"}))
    config: AzureConfig = {}
    if "account" in location.options:
        config["account_name"] = location.options["account"]
    store = AzureStore(location.bucket, prefix=location.prefix, config=config, retry_config=RETRIES)
    return ObjectBlobStore(uri, store)
