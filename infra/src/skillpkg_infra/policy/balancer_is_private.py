"""The load balancer is internal, drops malformed headers, and speaks TLS 1.2 where it has TLS."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type, without


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:lb/loadBalancer:LoadBalancer"):
        yield from without(one, {"internal": True, "dropInvalidHeaderFields": True})
    for one in of_type(resources, "aws:lb/listener:Listener"):
        secure = one.inputs.get("protocol") == "HTTPS"
        if secure and "TLS13-1-2" not in str(one.inputs.get("sslPolicy")):
            yield one, "accepts TLS older than 1.2"
    for one in of_type(resources, "aws:lb/targetGroup:TargetGroup"):
        if one.inputs.get("healthCheck", {}).get("path") != "/healthz":
            yield one, "asks for more than the process: an outage would fail every target at once"


RULE = Rule("balancer-is-private", __doc__, _check, ("CKV_AWS_103", "CKV_AWS_131", "CKV_AWS_328"))
