"""skreg on Amazon Web Services."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from skillpkg_infra.scope import stack_tags

DEFAULT_REGION = "us-east-1"


def connect(name: str, region: str | None, tags: Mapping[str, str]) -> pulumi.ProviderResource:
    """Make the AWS provider of one region; what takes tags and is not named here gets them too."""
    from pulumi_aws import Provider, ProviderDefaultTagsArgs

    return Provider(
        name,
        region=region or DEFAULT_REGION,
        default_tags=ProviderDefaultTagsArgs(tags=stack_tags(tags)),
    )
