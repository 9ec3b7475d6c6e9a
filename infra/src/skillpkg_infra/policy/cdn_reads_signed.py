"""CloudFront reads buckets by signed requests, and other origins inside the VPC alone."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type, without

SIGNED = {"signingBehavior": "always", "signingProtocol": "sigv4"}


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:cloudfront/distribution:Distribution"):
        for origin in one.inputs["origins"]:
            if not origin.get("originAccessControlId") and not origin.get("vpcOriginConfig"):
                yield one, f"origin {origin['originId']} can be reached without the CDN"
    for one in of_type(resources, "aws:cloudfront/originAccessControl:OriginAccessControl"):
        yield from without(one, SIGNED)


RULE = Rule("cdn-reads-signed", __doc__, _check, ("CKV2_AWS_46",))
