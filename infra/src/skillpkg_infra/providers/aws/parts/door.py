"""How the api is reached: by CloudFront and a private balancer, or in the network alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi_aws.cloudfront import Distribution

from skillpkg_infra.choices import Ingress, Visibility
from skillpkg_infra.components.compute import ComputeArgs
from skillpkg_infra.providers.aws.parts.account import EDGE_REGION, Account
from skillpkg_infra.providers.aws.parts.api_edge import EdgePlan, api_edge
from skillpkg_infra.providers.aws.parts.certificates import alias, certificate
from skillpkg_infra.providers.aws.parts.edge import observe
from skillpkg_infra.providers.aws.parts.load_balancer import Balancer, BalancerPlan, load_balancer
from skillpkg_infra.providers.aws.parts.policies import Text
from skillpkg_infra.providers.aws.parts.text import joined
from skillpkg_infra.scope import Scope

PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""Who reaches an internal registry when nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Door:
    """What was made, and the URL that people type."""

    balancer: Balancer
    edge: Distribution | None
    url: Text
    dns_records: Mapping[str, Text]


def door(scope: Scope, account: Account, args: ComputeArgs, api_group: Text) -> Door:
    """Make the load balancer and, unless ingress is internal, the edge before it."""
    plan = _balancer_plan(scope, args)
    balancer = load_balancer(scope, plan, api_group)
    if not plan.edge:
        return _internal(scope, args, balancer)
    made = api_edge(scope, balancer, _edge_plan(scope, args, secure=plan.port == 443))
    if "log_bucket_name" in args:
        bucket = args["log_bucket_name"]
        observe(scope, made, joined("arn:", account.partition, ":s3:::", bucket))
    return _public(args, balancer, made)


def _public(args: ComputeArgs, balancer: Balancer, made: Distribution) -> Door:
    if "domain" not in args or not ("zone_id" in args or "certificate_arn" in args):
        return Door(balancer, made, joined("https://", made.domain_name), {})
    domain = args["domain"]
    records: dict[str, Text] = {} if "zone_id" in args else {domain: made.domain_name}
    return Door(balancer, made, f"https://{domain}", records)


def _internal(scope: Scope, args: ComputeArgs, balancer: Balancer) -> Door:
    made = balancer.made
    if "domain" not in args:
        return Door(balancer, None, joined("http://", made.dns_name), {})
    domain = args["domain"]
    if "zone_id" in args:
        alias(scope, domain, args["zone_id"], made.dns_name, made.zone_id, ("A",))
        return Door(balancer, None, f"https://{domain}", {})
    return Door(balancer, None, f"https://{domain}", {domain: made.dns_name})


def _balancer_plan(scope: Scope, args: ComputeArgs) -> BalancerPlan:
    return BalancerPlan(
        vpc_id=args["vpc_id"],
        subnet_ids=args["subnet_ids"],
        certificate_arn=_origin_certificate(scope, args),
        edge=args.get("ingress", Ingress.EDGE) is Ingress.EDGE,
        ranges=args.get("allowed_ranges", ()) or PRIVATE_RANGES,
        log_bucket=args.get("log_bucket_name"),
    )


def _origin_certificate(scope: Scope, args: ComputeArgs) -> Text | None:
    if "origin_certificate_arn" in args:
        return args["origin_certificate_arn"]
    if "domain" in args and "zone_id" in args:
        return certificate(scope, "origin-certificate", args["domain"], args["zone_id"])
    return None


def _edge_plan(scope: Scope, args: ComputeArgs, *, secure: bool) -> EdgePlan:
    proof: Text | None = args.get("certificate_arn")
    if proof is None and "domain" in args and "zone_id" in args:
        proof = certificate(scope, "edge-certificate", args["domain"], args["zone_id"], EDGE_REGION)
    return EdgePlan(
        domain=args.get("domain"),
        zone_id=args.get("zone_id"),
        certificate_arn=proof,
        secure_origin=secure,
        cached=args.get("visibility", Visibility.PUBLIC) is Visibility.PUBLIC,
        allowed=args.get("allowed_ranges", ()),
        log_days=args.get("log_retention_days", 365),
    )
