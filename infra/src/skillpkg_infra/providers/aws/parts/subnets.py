"""Three tiers of subnets: public for the NAT alone, app for containers, data without a way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network

import pulumi
from pulumi_aws import get_availability_zones_output
from pulumi_aws.ec2 import (
    Eip,
    InternetGateway,
    NatGateway,
    Route,
    RouteTable,
    RouteTableAssociation,
    Subnet,
)

from skillpkg_infra.choices import Nat
from skillpkg_infra.providers.aws.parts.security_groups import ANYWHERE
from skillpkg_infra.scope import Scope

FIRST_BLOCK = {"app": 0, "data": 8, "public": 12}
"""The range is cut into 16; each tier takes one block a zone, from here on."""


@dataclass(frozen=True, slots=True)
class Tiers:
    """The subnets and what routes them."""

    app: Sequence[Subnet]
    data: Sequence[Subnet]
    app_tables: Sequence[RouteTable]
    addresses: Sequence[Eip]


def build(scope: Scope, vpc: pulumi.Input[str], cidr: str, zones: int, nat: Nat) -> Tiers:
    """Make the tiers; the public one only where a NAT needs it."""
    names = [_zone(scope, index) for index in range(zones)]
    app = _tier(scope, "app", vpc, cidr, names)
    data = _tier(scope, "data", vpc, cidr, names)
    tables = [_table(scope, f"app-{i}", vpc, [subnet]) for i, subnet in enumerate(app)]
    _table(scope, "data", vpc, data)
    gateway = InternetGateway(
        scope.named("internet"), vpc_id=vpc, tags=scope.labels("internet"), opts=scope.options()
    )
    addresses = _nat(scope, vpc, cidr, names, nat, gateway, tables)
    return Tiers(app, data, tables, addresses)


def _zone(scope: Scope, index: int) -> pulumi.Output[str | None]:
    found = get_availability_zones_output(
        state="available", opts=pulumi.InvokeOptions(parent=scope.owner)
    )
    return found.names.apply(lambda names: names[index] if names else None)


def _tier(
    scope: Scope,
    tier: str,
    vpc: pulumi.Input[str],
    cidr: str,
    zones: Sequence[pulumi.Output[str | None]],
) -> list[Subnet]:
    blocks = list(ip_network(cidr).subnets(prefixlen_diff=4))[FIRST_BLOCK[tier] :]
    return [
        Subnet(
            scope.named(f"{tier}-{index}"),
            vpc_id=vpc,
            cidr_block=str(block),
            availability_zone=zone,
            map_public_ip_on_launch=False,
            tags=scope.labels(f"{tier}-{index}"),
            opts=scope.options(ignore=["availabilityZone"], carries=tier == "data"),
        )
        for index, (zone, block) in enumerate(zip(zones, blocks, strict=False))
    ]


def _table(
    scope: Scope, part: str, vpc: pulumi.Input[str], subnets: Sequence[Subnet]
) -> RouteTable:
    table = RouteTable(
        scope.named(f"{part}-routes"),
        vpc_id=vpc,
        tags=scope.labels(f"{part}-routes"),
        opts=scope.options(),
    )
    for index, subnet in enumerate(subnets):
        RouteTableAssociation(
            scope.named(f"{part}-routes-{index}"),
            route_table_id=table.id,
            subnet_id=subnet.id,
            opts=scope.options(),
        )
    return table


def _nat(
    scope: Scope,
    vpc: pulumi.Input[str],
    cidr: str,
    zones: Sequence[pulumi.Output[str | None]],
    nat: Nat,
    gateway: InternetGateway,
    app_tables: Sequence[RouteTable],
) -> list[Eip]:
    if nat is Nat.NONE:
        return []
    wanted = zones if nat is Nat.PER_AZ else zones[:1]
    public = _tier(scope, "public", vpc, cidr, wanted)
    table = _table(scope, "public", vpc, public)
    _route(scope, "public", table, gateway=gateway.id)
    addresses = [_address(scope, index) for index in range(len(public))]
    gateways = [
        _gateway(scope, index, subnet, address, gateway)
        for index, (subnet, address) in enumerate(zip(public, addresses, strict=True))
    ]
    for index, app_table in enumerate(app_tables):
        _route(scope, f"app-{index}", app_table, nat=gateways[index % len(gateways)].id)
    return addresses


def _address(scope: Scope, index: int) -> Eip:
    part = f"nat-address-{index}"
    return Eip(scope.named(part), domain="vpc", tags=scope.labels(part), opts=scope.options())


def _gateway(
    scope: Scope, index: int, subnet: Subnet, address: Eip, internet: InternetGateway
) -> NatGateway:
    return NatGateway(
        scope.named(f"nat-{index}"),
        subnet_id=subnet.id,
        allocation_id=address.allocation_id,
        connectivity_type="public",
        tags=scope.labels(f"nat-{index}"),
        opts=scope.options(after=[internet]),
    )


def _route(
    scope: Scope,
    part: str,
    table: RouteTable,
    *,
    gateway: pulumi.Input[str] | None = None,
    nat: pulumi.Input[str] | None = None,
) -> None:
    Route(
        scope.named(f"{part}-out"),
        route_table_id=table.id,
        destination_cidr_block=ANYWHERE,
        gateway_id=gateway,
        nat_gateway_id=nat,
        opts=scope.options(),
    )
