"""The AWS network: a VPC of three tiers, private endpoints, flow logs; or the one you bring."""

from __future__ import annotations

import pulumi
from pulumi_aws.ec2 import (
    DefaultSecurityGroup,
    FlowLog,
    SecurityGroup,
    Vpc,
    VpcBlockPublicAccessOptions,
    get_vpc_output,
)
from pulumi_aws.iam import Role, RolePolicy

from skillpkg_infra.choices import Deletion, Nat, WorkerEgress
from skillpkg_infra.components.network import NetworkArgs, NetworkOutputs
from skillpkg_infra.providers.aws.parts import subnets
from skillpkg_infra.providers.aws.parts.account import Account, account_of
from skillpkg_infra.providers.aws.parts.data_keys import data_key, log_statement
from skillpkg_infra.providers.aws.parts.endpoints import interface_endpoints, s3_gateway
from skillpkg_infra.providers.aws.parts.logs import log_group
from skillpkg_infra.providers.aws.parts.policies import Statement, document, trust
from skillpkg_infra.providers.aws.parts.security_groups import (
    ANYWHERE,
    HTTPS,
    let_in,
    let_out,
    security_group,
)
from skillpkg_infra.providers.aws.parts.text import joined
from skillpkg_infra.rights import Identity
from skillpkg_infra.scope import Scope


class AwsNetworkArgs(NetworkArgs):
    """Inputs of the AWS network."""


class AwsNetwork(pulumi.ComponentResource):
    """A VPC over two or more zones, or yours by its ids, and the workloads' security groups."""

    outputs: NetworkOutputs

    def __init__(
        self,
        name: str,
        args: AwsNetworkArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("skillpkg:aws:Network", name, None, opts)
        args = args or AwsNetworkArgs()
        scope = Scope(self, name, args.get("deletion", Deletion.PROTECT), args.get("tags", {}))
        if args.get("block_public_access"):
            _block_public_access(scope)
        self.outputs = _brought(scope, args) if "vpc_id" in args else _created(scope, args)
        self.register_outputs({"vpc_id": self.outputs.vpc_id})


def _created(scope: Scope, args: AwsNetworkArgs) -> NetworkOutputs:
    account = account_of(scope.owner)
    cidr, nat = args.get("cidr", "10.42.0.0/16"), args.get("nat", Nat.SINGLE)
    vpc = _vpc(scope, cidr)
    tiers = subnets.build(scope, vpc.id, cidr, args.get("zones", 2), nat)
    _flow_log(scope, account, vpc, args.get("log_retention_days", 365))
    clients = _clients(scope, vpc.id)
    gateway = s3_gateway(scope, account, vpc.id, tiers.app_tables)
    _https_out(scope, "s3", clients, "S3, through its gateway", prefix_list=gateway.prefix_list_id)
    if args.get("endpoints", True):
        group = _endpoint_group(scope, vpc.id, clients)
        interface_endpoints(scope, account, vpc.id, tiers.app, group)
    _internet(scope, clients, args, reachable=nat is not Nat.NONE)
    return NetworkOutputs(
        vpc_id=vpc.id,
        private_subnet_ids=[subnet.id for subnet in tiers.app],
        data_subnet_ids=[subnet.id for subnet in tiers.data],
        client_ids={str(identity): group.id for identity, group in clients.items()},
        proxy_ranges=cidr,
        egress_ips=[address.public_ip for address in tiers.addresses],
    )


def _brought(scope: Scope, args: AwsNetworkArgs) -> NetworkOutputs:
    vpc_id = args["vpc_id"]
    private = list(args.get("private_subnet_ids", ()))
    found = get_vpc_output(id=vpc_id, opts=pulumi.InvokeOptions(parent=scope.owner))
    clients = _clients(scope, vpc_id)
    _internet(scope, clients, args, reachable=True)
    return NetworkOutputs(
        vpc_id=vpc_id,
        private_subnet_ids=private,
        data_subnet_ids=list(args.get("data_subnet_ids", ())) or private,
        client_ids={str(identity): group.id for identity, group in clients.items()},
        proxy_ranges=found.cidr_block,
    )


def _vpc(scope: Scope, cidr: str) -> Vpc:
    vpc = Vpc(
        scope.named("vpc"),
        cidr_block=cidr,
        enable_dns_hostnames=True,
        enable_dns_support=True,
        tags=scope.labels("vpc"),
        opts=scope.options(carries=True),
    )
    DefaultSecurityGroup(
        scope.named("default"),
        vpc_id=vpc.id,
        ingress=[],
        egress=[],
        tags=scope.labels("default"),
        opts=scope.options(),
    )
    return vpc


def _block_public_access(scope: Scope) -> None:
    VpcBlockPublicAccessOptions(
        scope.named("block-public-access"),
        internet_gateway_block_mode="block-ingress",
        opts=scope.options(),
    )


def _flow_log(scope: Scope, account: Account, vpc: Vpc, days: int) -> None:
    key = data_key(scope, "flow-key", account, services=(), more=[log_statement(account)])
    group = log_group(scope, "flows", days, key)
    role = Role(
        scope.named("flows-role"),
        assume_role_policy=trust(
            "vpc-flow-logs.amazonaws.com", {"StringEquals": {"aws:SourceAccount": account.id}}
        ),
        tags=scope.labels("flows-role"),
        opts=scope.options(),
    )
    written = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    streams = joined(group.arn, ":*")
    allowed = RolePolicy(
        scope.named("flows-policy"),
        role=role.id,
        policy=document(Statement("WriteFlows", written, (group.arn, streams))),
        opts=scope.options(),
    )
    FlowLog(
        scope.named("flow-log"),
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        max_aggregation_interval=600,
        tags=scope.labels("flow-log"),
        opts=scope.options(after=[allowed]),
    )


def _clients(scope: Scope, vpc: pulumi.Input[str]) -> dict[Identity, SecurityGroup]:
    return {
        identity: security_group(scope, str(identity), vpc, f"{scope.name}: the {identity}")
        for identity in Identity
    }


def _endpoint_group(
    scope: Scope, vpc: pulumi.Input[str], clients: dict[Identity, SecurityGroup]
) -> SecurityGroup:
    group = security_group(scope, "endpoints", vpc, f"{scope.name}: private endpoints")
    for identity, client in clients.items():
        part, text = f"endpoints-from-{identity}", f"TLS from the {identity}"
        let_in(scope, part, group.id, HTTPS, text, source=client.id)
    _https_out(scope, "endpoints", clients, "AWS's own services", target=group.id)
    return group


def _internet(
    scope: Scope,
    clients: dict[Identity, SecurityGroup],
    args: AwsNetworkArgs,
    *,
    reachable: bool,
) -> None:
    closed = args.get("worker_egress", WorkerEgress.HTTPS) is WorkerEgress.CLOSED
    able = {who: one for who, one in clients.items() if not (closed and who is Identity.WORKER)}
    if reachable:
        text = "image registry, identity provider and AWS's global services"
        _https_out(scope, "internet", able, text, cidr=ANYWHERE)


def _https_out(
    scope: Scope,
    part: str,
    clients: dict[Identity, SecurityGroup],
    text: str,
    *,
    target: pulumi.Input[str] | None = None,
    prefix_list: pulumi.Input[str] | None = None,
    cidr: str | None = None,
) -> None:
    for identity, client in clients.items():
        let_out(
            scope,
            f"{identity}-to-{part}",
            client.id,
            HTTPS,
            f"TLS to {text}",
            target=target,
            prefix_list=prefix_list,
            cidr=cidr,
        )
