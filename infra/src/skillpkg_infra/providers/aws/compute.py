"""AWS compute: the api on Fargate behind a private load balancer and CloudFront, and the worker."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws.cloudwatch import Dashboard
from pulumi_aws.ecs import Cluster, Service

from skillpkg_infra.alarms import Alarm
from skillpkg_infra.choices import Deletion, Size
from skillpkg_infra.components.compute import ComputeArgs, ComputeOutputs
from skillpkg_infra.providers.aws.parts import service_alarms
from skillpkg_infra.providers.aws.parts.account import Account, account_of
from skillpkg_infra.providers.aws.parts.budget import budget
from skillpkg_infra.providers.aws.parts.cache import cache
from skillpkg_infra.providers.aws.parts.data_keys import data_key, log_statement
from skillpkg_infra.providers.aws.parts.door import Door, door
from skillpkg_infra.providers.aws.parts.edge import error_alarm
from skillpkg_infra.providers.aws.parts.policies import Text
from skillpkg_infra.providers.aws.parts.repository import repository
from skillpkg_infra.providers.aws.parts.sealing import sealing_secrets
from skillpkg_infra.providers.aws.parts.security_groups import security_group
from skillpkg_infra.providers.aws.parts.services import ServicePlan, cluster, service
from skillpkg_infra.providers.aws.parts.text import joined
from skillpkg_infra.providers.aws.parts.watch import (
    Topics,
    event_alarm,
    health_alarms,
    metric_alarm,
    topics,
    widgets,
)
from skillpkg_infra.providers.aws.parts.workloads import Workload, workload
from skillpkg_infra.rights import Identity
from skillpkg_infra.scope import Scope
from skillpkg_infra.sizes import replicas


class AwsComputeArgs(ComputeArgs):
    """Inputs of the AWS compute."""


@dataclass(frozen=True, slots=True)
class _Running:
    """What was made."""

    home: Cluster
    services: dict[Identity, Service]


class AwsCompute(pulumi.ComponentResource):
    """Two Fargate services of one image, their identities, their door and their alarms."""

    outputs: ComputeOutputs

    def __init__(
        self, name: str, args: AwsComputeArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("skillpkg:aws:Compute", name, None, opts)
        scope = Scope(self, name, args.get("deletion", Deletion.PROTECT), args.get("tags", {}))
        account = account_of(self)
        groups = _groups(scope, args)
        way_in = door(scope, account, args, groups[Identity.API])
        environments = _environments(args, way_in.url)
        workloads = _workloads(scope, account, args, groups, environments)
        told = topics(scope, account, args.get("alarm_email"))
        running = _services(scope, args, groups, way_in, workloads, told)
        _watch(scope, account, args, way_in, workloads, running, told)
        self.outputs = _outputs(scope, account, args, way_in, running, environments)
        self.register_outputs(
            {
                "service_url": self.outputs.service_url,
                "worker_service_name": self.outputs.worker_service_name,
            }
        )


def _groups(scope: Scope, args: AwsComputeArgs) -> dict[Identity, Text]:
    known = args.get("client_ids", {})
    return {who: known[who] if who in known else _own_group(scope, args, who) for who in Identity}


def _own_group(scope: Scope, args: AwsComputeArgs, who: Identity) -> Text:
    return security_group(scope, f"{who}-access", args["vpc_id"], f"{scope.name}: the {who}").id


def _environments(args: AwsComputeArgs, url: Text) -> dict[Identity, dict[str, Text]]:
    api = {**args.get("api_environment", {}), "PUBLIC_URL": url}
    if "proxy_ranges" in args:
        api["TRUSTED_PROXIES"] = args["proxy_ranges"]
    worker = {**args.get("worker_environment", {}), "PUBLIC_URL": url}
    return {Identity.API: api, Identity.WORKER: worker}


def _workloads(
    scope: Scope,
    account: Account,
    args: AwsComputeArgs,
    groups: dict[Identity, Text],
    environments: dict[Identity, dict[str, Text]],
) -> dict[Identity, Workload]:
    key = data_key(scope, "log-key", account, services=(), more=[log_statement(account)])
    secrets = sealing_secrets(scope, account)
    if args.get("cache"):
        secrets[Identity.API]["VALKEY_URL"] = cache(
            scope, account, args["vpc_id"], args["subnet_ids"], groups[Identity.API]
        )
    return {
        who: workload(scope, account, args, key, who, environments[who], secrets[who])
        for who in Identity
    }


def _services(
    scope: Scope,
    args: AwsComputeArgs,
    groups: dict[Identity, Text],
    way_in: Door,
    workloads: dict[Identity, Workload],
    told: Topics,
) -> _Running:
    home = cluster(scope)
    api, worker = replicas(
        args.get("size", Size.SMALL),
        redundant=args.get("multi_az", True),
        paused=args.get("paused", False),
    )
    subnets = args["subnet_ids"]
    worker_plan = ServicePlan(Identity.WORKER, subnets, groups[Identity.WORKER], *worker)
    # The worker migrates the database; the api that needs the new schema is started after it.
    first = service(scope, home, workloads[Identity.WORKER].task, worker_plan)
    wrong = metric_alarm(scope, service_alarms.errors(way_in.balancer), told)
    api_plan = ServicePlan(
        Identity.API,
        subnets,
        groups[Identity.API],
        *api,
        rollback_alarms=[wrong.name],
        balancer=way_in.balancer,
        after=[first, way_in.balancer.listener],
    )
    second = service(scope, home, workloads[Identity.API].task, api_plan)
    return _Running(home, {Identity.API: second, Identity.WORKER: first})


def _watch(
    scope: Scope,
    account: Account,
    args: AwsComputeArgs,
    way_in: Door,
    workloads: dict[Identity, Workload],
    running: _Running,
    told: Topics,
) -> None:
    paused = args.get("paused", False)
    own = [service_alarms.latency(way_in.balancer), service_alarms.unhealthy(way_in.balancer)]
    own += [
        service_alarms.too_few(running.home, made, str(who), paused=paused)
        for who, made in running.services.items()
    ]
    own += health_alarms(scope, workloads[Identity.WORKER].logs, paused=paused)
    if way_in.edge is not None:
        own.append(error_alarm("api-edge", "Api's edge", way_in.edge))
    every: list[Alarm] = [*own, *args.get("alarms", ())]
    for alarm in every:
        metric_alarm(scope, alarm, told)
    for event in args.get("events", ()):
        event_alarm(scope, event, told)
    _dashboard(scope, account, [service_alarms.errors(way_in.balancer), *every])
    if "monthly_budget_usd" in args and "alarm_email" in args:
        budget(scope, args["monthly_budget_usd"], args["alarm_email"])


def _dashboard(scope: Scope, account: Account, drawn: list[Alarm]) -> None:
    Dashboard(
        scope.named("dashboard"),
        dashboard_name=_dashboard_name(),
        dashboard_body=widgets(drawn, account.region),
        opts=scope.options(),
    )


def _dashboard_name() -> str:
    return f"{pulumi.get_project()}-{pulumi.get_stack()}"


def _outputs(
    scope: Scope,
    account: Account,
    args: AwsComputeArgs,
    way_in: Door,
    running: _Running,
    environments: dict[Identity, dict[str, Text]],
) -> ComputeOutputs:
    images = repository(scope, account) if args.get("repository") else None
    return ComputeOutputs(
        service_url=way_in.url,
        worker_service_name=running.services[Identity.WORKER].name,
        api_service_name=running.services[Identity.API].name,
        cluster_name=running.home.name,
        repository_url=images.repository_url if images else None,
        dashboard_url=joined(
            "https://console.aws.amazon.com/cloudwatch/home?region=",
            account.region,
            f"#dashboards:name={_dashboard_name()}",
        ),
        dns_records=way_in.dns_records,
        api_environment=environments[Identity.API],
        worker_environment=environments[Identity.WORKER],
    )
