"""The well-known file: where a registry's parts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from skillpkg import canonical_json
from skreg.ports.blobs import BlobStore
from skreg.publish.writing import BlobObject, replace

WELL_KNOWN: Final = ".well-known/skreg.json"
SCHEMA: Final = "skreg.wellknown/1"


@dataclass(frozen=True, slots=True)
class WellKnown:
    """Where a registry's parts are; a hint, which clients trust for nothing.

    Attributes:
        root_fingerprints: ``sha256:<64 hex>`` of each root's SubjectPublicKeyInfo.
    """

    registry_id: str
    api_url: str
    read_urls: Sequence[str]
    log_origin: str
    root_fingerprints: Sequence[str]
    features: Sequence[str] = ()

    def to_bytes(self) -> bytes:
        """Return the file as canonical JSON."""
        return canonical_json.dumps(
            {
                "schema": SCHEMA,
                "registry_id": self.registry_id,
                "api_url": self.api_url,
                "read_urls": list(self.read_urls),
                "log_origin": self.log_origin,
                "root_fingerprints": list(self.root_fingerprints),
                "features": list(self.features),
            }
        )


async def write_well_known(blobs: BlobStore, facts: WellKnown) -> None:
    """Write ``/.well-known/skreg.json``."""
    await replace(blobs, BlobObject(WELL_KNOWN, facts.to_bytes()))
