"""The AWS database: RDS PostgreSQL, private, encrypted with its own key, TLS only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NotRequired

import pulumi
from pulumi_aws.cloudwatch import LogGroup
from pulumi_aws.ec2 import SecurityGroup
from pulumi_aws.kms import Key
from pulumi_aws.rds import (
    Instance,
    InstanceAutomatedBackupsReplication,
)
from pulumi_random.random_id import RandomId

from skillpkg_infra.choices import Deletion, Size
from skillpkg_infra.components.database import DatabaseArgs, DatabaseOutputs
from skillpkg_infra.providers.aws.authorities import AUTHORITY, tls_options
from skillpkg_infra.providers.aws.parts import postgres
from skillpkg_infra.providers.aws.parts.account import Account, account_of
from skillpkg_infra.providers.aws.parts.data_keys import data_key, log_statement
from skillpkg_infra.providers.aws.parts.logs import log_group
from skillpkg_infra.providers.aws.parts.naming import physical
from skillpkg_infra.providers.aws.parts.recovery import backup_key
from skillpkg_infra.providers.aws.parts.secrets import secret_uri
from skillpkg_infra.providers.aws.parts.security_groups import let_in, let_out, security_group
from skillpkg_infra.providers.aws.parts.text import joined
from skillpkg_infra.rights import Resource
from skillpkg_infra.scope import Scope
from skillpkg_infra.sizes import SHAPES

PORT = 5432
DATABASE = "skillpkg"
MASTER = "skillpkg"
LOGS = ("postgresql", "upgrade")


class AwsDatabaseArgs(DatabaseArgs):
    """Inputs of the AWS database."""

    instance_class: NotRequired[str]
    """An RDS class such as ``db.t4g.small``; by ``size`` when omitted."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the instance needs made before it."""

    key: Key
    identifier: pulumi.Output[str]
    group: SecurityGroup
    logs: list[LogGroup]


class AwsDatabase(pulumi.ComponentResource):
    """RDS PostgreSQL whose password RDS itself makes, keeps in a secret, and rotates."""

    outputs: DatabaseOutputs

    def __init__(
        self, name: str, args: AwsDatabaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("skillpkg:aws:Database", name, None, opts)
        scope = Scope(self, name, args.get("deletion", Deletion.PROTECT), args.get("tags", {}))
        account = account_of(self)
        parts = _parts(scope, account, args)
        instance = _instance(scope, account, args, parts)
        if "recovery_region" in args:
            _copy_backups(scope, account, instance, args, args["recovery_region"])
        self.outputs = _outputs(scope, account, instance, args)
        self.register_outputs(
            {
                "connection_secret_name": self.outputs.connection_secret_name,
                "host": self.outputs.host,
                "port": PORT,
                "database_name": DATABASE,
            }
        )


def _parts(scope: Scope, account: Account, args: AwsDatabaseArgs) -> _Parts:
    key = data_key(
        scope,
        "key",
        account,
        services=("rds", "secretsmanager"),
        more=[log_statement(account)],
    )
    life = RandomId(
        scope.named("life"),
        byte_length=4,
        keepers={"restored": args.get("restore_snapshot", "")},
        opts=scope.options(),
    )
    identifier = joined(physical(scope.name, 50), "-", life.hex)
    days = args.get("log_retention_days", 365)
    logs = [
        log_group(
            scope,
            f"log-{kind}",
            days,
            key,
            name=joined("/aws/rds/instance/", identifier, "/", kind),
        )
        for kind in LOGS
    ]
    return _Parts(key, identifier, _firewall(scope, args), logs)


def _firewall(scope: Scope, args: AwsDatabaseArgs) -> SecurityGroup:
    text = f"{scope.name}: PostgreSQL"
    group = security_group(scope, "access", args["vpc_id"], text, carries=True)
    for client, client_id in args.get("client_ids", {}).items():
        text = f"PostgreSQL from the {client}"
        let_in(scope, f"from-{client}", group.id, PORT, text, source=client_id)
        let_out(scope, f"{client}-to", client_id, PORT, "PostgreSQL", target=group.id)
    return group


def _instance(scope: Scope, account: Account, args: AwsDatabaseArgs, parts: _Parts) -> Instance:
    size = args.get("size", Size.SMALL)
    disk = SHAPES[size].disk
    return Instance(
        scope.named("postgres"),
        identifier=parts.identifier,
        instance_class=args.get("instance_class", postgres.INSTANCE_CLASSES[size]),
        engine="postgres",
        engine_version=postgres.ENGINE_MAJOR,
        engine_lifecycle_support="open-source-rds-extended-support-disabled",
        auto_minor_version_upgrade=True,
        allow_major_version_upgrade=False,
        apply_immediately=False,
        db_name=DATABASE,
        port=PORT,
        username=MASTER,
        manage_master_user_password=True,
        master_user_secret_kms_key_id=parts.key.arn,
        iam_database_authentication_enabled=True,
        ca_cert_identifier=AUTHORITY,
        parameter_group_name=postgres.parameter_group(scope).name,
        db_subnet_group_name=postgres.subnet_group(scope, args["subnet_ids"]).name,
        vpc_security_group_ids=[parts.group.id],
        publicly_accessible=False,
        multi_az=args.get("multi_az", True),
        allocated_storage=disk,
        max_allocated_storage=disk * 5,
        storage_type="gp3",
        storage_encrypted=True,
        kms_key_id=parts.key.arn,
        snapshot_identifier=args.get("restore_snapshot"),
        backup_retention_period=args.get("backup_days", 14),
        backup_window="03:10-03:40",
        maintenance_window="sun:04:10-sun:04:40",
        copy_tags_to_snapshot=True,
        delete_automated_backups=not scope.guarded,
        deletion_protection=scope.guarded,
        skip_final_snapshot=not scope.guarded,
        final_snapshot_identifier=joined(parts.identifier, "-final"),
        enabled_cloudwatch_logs_exports=list(LOGS),
        monitoring_interval=60,
        monitoring_role_arn=postgres.monitoring_role(scope, account).arn,
        performance_insights_enabled=True,
        performance_insights_kms_key_id=parts.key.arn,
        performance_insights_retention_period=7,
        tags=scope.labels("postgres"),
        opts=scope.options(keeps=True, after=parts.logs),
    )


def _copy_backups(
    scope: Scope, account: Account, instance: Instance, args: AwsDatabaseArgs, region: str
) -> None:
    key = backup_key(scope, account, region, "rds")
    InstanceAutomatedBackupsReplication(
        scope.named("backups-elsewhere"),
        source_db_instance_arn=instance.arn,
        kms_key_id=key.arn,
        retention_period=args.get("backup_days", 14),
        region=region,
        opts=scope.options(),
    )


def _outputs(
    scope: Scope, account: Account, instance: Instance, args: AwsDatabaseArgs
) -> DatabaseOutputs:
    disk = SHAPES[args.get("size", Size.SMALL)].disk
    # RDS names the secret; before the first `up` there is none to name.
    arn = instance.master_user_secrets.apply(
        lambda found: (found[0].secret_arn or "") if found else ""
    )
    proof = account.region.apply(lambda region: tls_options(region or ""))
    address = joined(f"postgresql://{MASTER}@", instance.address, f":{PORT}/{DATABASE}?", proof)
    return DatabaseOutputs(
        connection_secret_name=arn,
        host=instance.address,
        port=PORT,
        database_name=DATABASE,
        url=address,
        secret_uri=secret_uri(account, arn),
        instance_id=instance.identifier,
        handles={Resource.DATABASE: [arn]},
        alarms=postgres.alarms(scope.name, instance.identifier, disk),
    )
