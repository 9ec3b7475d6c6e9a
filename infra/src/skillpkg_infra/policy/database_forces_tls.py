"""PostgreSQL refuses connections without TLS."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:rds/parameterGroup:ParameterGroup"):
        settings = {item["name"]: item["value"] for item in one.inputs.get("parameters", [])}
        if settings.get("rds.force_ssl") != "1":
            yield one, f"rds.force_ssl is {settings.get('rds.force_ssl')!r}, not '1'"
    for one in of_type(resources, "aws:rds/instance:Instance"):
        if not one.inputs.get("parameterGroupName"):
            yield one, "has AWS's default parameters, which do not force TLS"


RULE = Rule("database-forces-tls", __doc__, _check, ("CKV2_AWS_69",))
