"""Which account, partition and region the program runs in; asked of AWS, never written down."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import get_caller_identity_output, get_partition_output, get_region_output

from skillpkg_infra.providers.aws.parts.text import joined

EDGE_REGION = "us-east-1"
"""Where CloudFront's certificates, web ACLs, metrics and log deliveries live."""


@dataclass(frozen=True, slots=True)
class Account:
    """Facts that make an ARN."""

    id: pulumi.Output[str]
    partition: pulumi.Output[str]
    dns_suffix: pulumi.Output[str]
    region: pulumi.Output[str]

    def arn(
        self, service: str, resource: pulumi.Input[str], *, region: bool = True
    ) -> pulumi.Output[str]:
        """Return an ARN in this account; without a region for IAM and CloudFront."""
        place = self.region if region else ""
        return joined("arn:", self.partition, ":", service, ":", place, ":", self.id, ":", resource)

    @property
    def root(self) -> pulumi.Output[str]:
        """The account itself as a principal."""
        return self.arn("iam", "root", region=False)


def account_of(owner: pulumi.Resource) -> Account:
    """Ask for the account through the owner's provider."""
    options = pulumi.InvokeOptions(parent=owner)
    partition = get_partition_output(opts=options)
    return Account(
        id=get_caller_identity_output(opts=options).account_id,
        partition=partition.partition,
        dns_suffix=partition.dns_suffix,
        region=get_region_output(opts=options).region,
    )
