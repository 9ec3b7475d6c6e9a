"""What a plan shows of AWS beside names: what the bill follows, and which doors are open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from skillpkg_infra.plan.registered import Registered

Inputs = Mapping[str, Any]
Line = tuple[str, str]
"""A resource, or how many of a kind, and what is to be known of it."""


def sizes(resources: Sequence[Registered]) -> Iterator[Line]:
    """Yield what is paid for by size, by hour or by number."""
    for one in resources:
        if one.type in SIZES:
            yield one.name, SIZES[one.type](one.inputs)
    yield from _services(resources)
    yield from _counted(resources)


def doors(resources: Sequence[Registered]) -> Iterator[Line]:
    """Yield every way in, then every way out to the internet."""
    people = "allowed_ranges" if any(one.kind == "IpSet" for one in resources) else "everyone"
    for one in resources:
        if one.kind == "Distribution":
            yield one.name, f"open to {people}, over HTTPS"
    groups = {one.answered["id"]: one.name for one in resources if one.kind == "SecurityGroup"}
    for one in resources:
        inside = groups.get(one.inputs.get("securityGroupId", ""), "")
        if one.kind == "SecurityGroupIngressRule":
            yield f"{inside}:{_port(one)}", f"open to {one.inputs['description']}"
    for one in resources:
        inside = groups.get(one.inputs.get("securityGroupId", ""), "")
        if one.kind == "SecurityGroupEgressRule" and one.inputs.get("cidrIpv4") == "0.0.0.0/0":
            yield inside, f"may reach the internet on {_port(one)}: {one.inputs['description']}"


def _port(one: Registered) -> str:
    return f"{one.inputs['fromPort']:.0f}"


def _database(inputs: Inputs) -> str:
    copies = "with a standby in a second zone" if inputs["multiAz"] else "in one zone"
    disk = f"{inputs['allocatedStorage']:.0f} GiB, growing to {inputs['maxAllocatedStorage']:.0f}"
    days = f"{inputs['backupRetentionPeriod']:.0f} days of backups"
    return f"{inputs['instanceClass']} {copies}; {inputs['storageType']} {disk}; {days}"


def _cache(inputs: Inputs) -> str:
    limit = inputs["cacheUsageLimits"]["dataStorage"]
    return f"serverless {inputs['engine']}, at most {limit['maximum']:.0f} {limit['unit']}"


def _firewall(inputs: Inputs) -> str:
    return f"{len(inputs['rules'])} rules"


def _distribution(inputs: Inputs) -> str:
    return f"{inputs['priceClass']}, by request and by byte"


def _budget(inputs: Inputs) -> str:
    return f"tells when {inputs['limitAmount']} {inputs['limitUnit']} a month are near"


SIZES: Mapping[str, Callable[[Inputs], str]] = {
    "aws:budgets/budget:Budget": _budget,
    "aws:cloudfront/distribution:Distribution": _distribution,
    "aws:elasticache/serverlessCache:ServerlessCache": _cache,
    "aws:rds/instance:Instance": _database,
    "aws:wafv2/webAcl:WebAcl": _firewall,
}
"""Type -> what is to be known of one such resource."""


def _services(resources: Sequence[Registered]) -> Iterator[Line]:
    tasks = {one.answered["arn"]: one for one in resources if one.kind == "TaskDefinition"}
    for one in resources:
        if one.type == "aws:ecs/service:Service":
            task = tasks[one.inputs["taskDefinition"]].inputs
            limits = next(
                target.inputs
                for target in resources
                if target.kind == "Target" and target.name == f"{one.name}-scaling"
            )
            least, most = limits["minCapacity"], limits["maxCapacity"]
            shape = f"{int(task['cpu']) / 1024:g} vCPU and {int(task['memory']) / 1024:g} GiB"
            yield one.name, f"{least:.0f} to {most:.0f} containers of {shape}"


COUNTED = {
    "NatGateway": "NAT gateways, by hour and by byte",
    "LoadBalancer": "load balancer, by hour and by request",
    "Secret": "secrets",
    "MetricAlarm": "alarms",
}
"""Kinds that cost the same each."""


def _counted(resources: Sequence[Registered]) -> Iterator[Line]:
    kinds = Counter(one.kind for one in resources)
    for kind, text in COUNTED.items():
        if kinds[kind]:
            yield str(kinds[kind]), text
    yield from _endpoints(resources)
    yield from _keys(resources, kinds)
    kept = {one.inputs["retentionInDays"] for one in resources if one.kind == "LogGroup"}
    days = ", ".join(f"{one:.0f}" for one in sorted(kept))
    yield str(kinds["LogGroup"]), f"log groups kept for {days} days"


def _endpoints(resources: Sequence[Registered]) -> Iterator[Line]:
    faces = [one for one in resources if one.inputs.get("vpcEndpointType") == "Interface"]
    if faces:
        zones = len(faces[0].inputs["subnetIds"])
        yield str(len(faces)), f"interface endpoints, each in {zones} zones, by hour and by byte"


def _keys(resources: Sequence[Registered], kinds: Mapping[str, int]) -> Iterator[Line]:
    signing = sum(one.inputs.get("keyUsage") == "SIGN_VERIFY" for one in resources)
    copies = f", and {kinds['ReplicaKey']} replicas" if kinds["ReplicaKey"] else ""
    yield str(kinds["Key"]), f"keys, {signing} of them sign{copies}"
