"""Turns one configuration, and what earlier components said, into each component's inputs."""

from __future__ import annotations

from collections.abc import Mapping

from skillpkg_infra.components.compute import ComputeArgs
from skillpkg_infra.components.database import DatabaseArgs, DatabaseOutputs
from skillpkg_infra.components.network import NetworkArgs, NetworkOutputs
from skillpkg_infra.components.pki import PkiArgs, PkiOutputs
from skillpkg_infra.components.storage import StorageArgs, StorageOutputs
from skillpkg_infra.config import StackConfig
from skillpkg_infra.environment import Environment
from skillpkg_infra.sizes import replicas


def network(config: StackConfig) -> NetworkArgs:
    """Return the network's inputs: created, or brought."""
    choice = config.network
    args = NetworkArgs(
        nat=config.nat,
        cidr=choice.cidr,
        zones=choice.zones,
        endpoints=choice.endpoints,
        block_public_access=choice.block_public_access,
        worker_egress=config.worker_egress,
        log_retention_days=config.log_retention_days,
        deletion=config.deletion,
        tags=config.tags,
    )
    if choice.vpc_id:
        args["vpc_id"] = choice.vpc_id
        args["private_subnet_ids"] = choice.private_subnet_ids
        args["data_subnet_ids"] = choice.data_subnet_ids
    return args


def pki(config: StackConfig) -> PkiArgs:
    """Return the keys' inputs."""
    args = PkiArgs(
        hsm_backend=config.hsm_backend,
        root_mode=config.root_mode,
        generations=config.key_generations,
        audit_trail=config.audit_trail,
        log_retention_days=config.log_retention_days,
        deletion=config.deletion,
        tags=config.tags,
    )
    if config.recovery_region:
        args["recovery_region"] = config.recovery_region
    return args


def storage(config: StackConfig) -> StorageArgs:
    """Return the storage's inputs."""
    args = StorageArgs(
        visibility=config.visibility,
        allowed_ranges=config.allowed_ranges,
        log_retention_days=config.log_retention_days,
        deletion=config.deletion,
        tags=config.tags,
    )
    if config.domain:
        args["domain"] = config.domain
    if config.zone_id:
        args["zone_id"] = config.zone_id
    if config.certificate_arn:
        args["certificate_arn"] = config.certificate_arn
    if config.recovery_region:
        args["recovery_region"] = config.recovery_region
    return args


def database(config: StackConfig, placed: NetworkOutputs) -> DatabaseArgs:
    """Return the database's inputs."""
    args = DatabaseArgs(
        vpc_id=placed.vpc_id,
        subnet_ids=placed.data_subnet_ids,
        client_ids=placed.client_ids,
        size=config.size,
        multi_az=config.multi_az,
        backup_days=config.backup_days,
        log_retention_days=config.log_retention_days,
        deletion=config.deletion,
        tags=config.tags,
    )
    if config.restore_snapshot:
        args["restore_snapshot"] = config.restore_snapshot
    if config.recovery_region:
        args["recovery_region"] = config.recovery_region
    return args


def compute(
    config: StackConfig,
    placed: NetworkOutputs,
    stored: StorageOutputs,
    keys: PkiOutputs,
    kept: DatabaseOutputs,
    environments: Mapping[str, Environment],
) -> ComputeArgs:
    """Return compute's inputs."""
    handles = {**stored.handles, **keys.handles, **kept.handles}
    args = ComputeArgs(
        vpc_id=placed.vpc_id,
        subnet_ids=placed.private_subnet_ids,
        image_uri=config.image_uri,
        client_ids=placed.client_ids,
        proxy_ranges=placed.proxy_ranges,
        api_environment=environments["api"],
        worker_environment=environments["worker"],
        handles={str(resource): names for resource, names in handles.items()},
        root_mode=config.root_mode,
        size=config.size,
        multi_az=config.multi_az,
        paused=config.paused,
        cache=wants_cache(config),
        visibility=config.visibility,
        ingress=config.ingress,
        allowed_ranges=config.allowed_ranges,
        repository=config.repository,
        log_bucket_name=stored.log_bucket_name,
        log_retention_days=config.log_retention_days,
        alarms=[*stored.alarms, *keys.alarms, *kept.alarms],
        events=keys.events,
        deletion=config.deletion,
        tags=config.tags,
    )
    return _with_options(args, config)


def _with_options(args: ComputeArgs, config: StackConfig) -> ComputeArgs:
    if config.domain:
        args["domain"] = config.domain
    if config.zone_id:
        args["zone_id"] = config.zone_id
    if config.certificate_arn:
        args["certificate_arn"] = config.certificate_arn
    if config.origin_certificate_arn:
        args["origin_certificate_arn"] = config.origin_certificate_arn
    if config.alarm_email:
        args["alarm_email"] = config.alarm_email
    if config.monthly_budget_usd:
        args["monthly_budget_usd"] = config.monthly_budget_usd
    return args


def wants_cache(config: StackConfig) -> bool:
    """Return whether replicas must share their counters."""
    if config.cache is not None:
        return config.cache
    (_, most), _ = replicas(config.size, redundant=config.multi_az, paused=False)
    return most > 1
