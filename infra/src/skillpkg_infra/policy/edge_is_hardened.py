"""Every distribution has a firewall, security headers, TLS 1.2 with its own certificate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type

SECURE = ("https-only", "redirect-to-https")


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:cloudfront/distribution:Distribution"):
        if not one.inputs.get("webAclId"):
            yield one, "has no firewall"
        for behaviour in _behaviours(one):
            if behaviour["viewerProtocolPolicy"] not in SECURE:
                yield one, "answers over plain HTTP"
            if not behaviour.get("responseHeadersPolicyId"):
                yield one, "sends no security headers"
        certificate = one.inputs["viewerCertificate"]
        own = certificate.get("acmCertificateArn")
        if own and certificate.get("minimumProtocolVersion") != "TLSv1.2_2021":
            yield one, "accepts TLS older than 1.2"


def _behaviours(one: Resource) -> list[dict[str, Any]]:
    return [one.inputs["defaultCacheBehavior"], *one.inputs.get("orderedCacheBehaviors", [])]


RULE = Rule(
    "edge-is-hardened",
    __doc__,
    _check,
    ("CKV_AWS_34", "CKV_AWS_68", "CKV_AWS_174", "CKV_AWS_259", "CKV2_AWS_32"),
)
