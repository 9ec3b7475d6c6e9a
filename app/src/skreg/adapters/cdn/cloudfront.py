"""Amazon CloudFront: ``cloudfront://DISTRIBUTION``.

Credentials, and the endpoint of another server, come from the environment variables of AWS's own
clients (the task's role, ``AWS_ENDPOINT_URL_CLOUDFRONT``).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Protocol

import boto3  # type: ignore[import-untyped]  # boto3 makes its clients at run time
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from skreg.errors import ConfigurationInvalid, Unavailable

_DISTRIBUTION = re.compile(r"cloudfront://([A-Z0-9]{8,32})/?", re.ASCII)
_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
_REGION = "us-east-1"
"""Where CloudFront's own API is, whatever region the buckets are in."""


class _CloudFront(Protocol):
    """What is used of boto3's client, with the names of the service's own API."""

    def create_invalidation(
        self, *, DistributionId: str, InvalidationBatch: Mapping[str, object]  # noqa: N803
    ) -> object: ...


class CloudFront:
    """One distribution."""

    def __init__(self, client: _CloudFront, distribution: str) -> None:
        self._client = client
        self._distribution = distribution

    async def invalidate(self, paths: Sequence[str]) -> None:
        """Create an invalidation; the same paths are one invalidation, however often asked."""
        try:
            await asyncio.to_thread(self._create, list(paths))
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(
                "CloudFront did not take the invalidation.",
                why=f"{self._distribution}: {error}",
                fix="It is tried again. This role needs the right cloudfront:CreateInvalidation.",
            ) from error

    def _create(self, paths: list[str]) -> None:
        reference = hashlib.sha256("\n".join(paths).encode()).hexdigest()
        self._client.create_invalidation(
            DistributionId=self._distribution,
            InvalidationBatch={
                "Paths": {"Quantity": len(paths), "Items": paths},
                "CallerReference": reference,
            },
        )


def open_cdn(uri: str) -> CloudFront:
    """Open the distribution that ``uri`` names.

    Raises:
        ConfigurationInvalid: the URI names none.
    """
    found = _DISTRIBUTION.fullmatch(uri)
    if found is None:
        raise ConfigurationInvalid(
            "CDN_URI names no CloudFront distribution.",
            why=f"It is {uri!r}.",
            fix="Write it as cloudfront://DISTRIBUTION, for example cloudfront://E1ABCDEFGHIJKL.",
        )
    client: _CloudFront = boto3.client("cloudfront", region_name=_REGION, config=_CONFIG)
    return CloudFront(client, found[1])
