"""What AWS does that a program notices: names it makes up, changes it cannot make, things in use.

From the provider's public documentation; enough of it for the resources that skreg registers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from skillpkg_infra.providers.aws.answers import AwsAnswers

Inputs = Mapping[str, Any]

AUTONAMED: dict[str, tuple[str, int]] = {
    "aws:appautoscaling/policy:Policy": ("name", 255),
    "aws:budgets/budget:Budget": ("name", 100),
    "aws:cloudfront/cachePolicy:CachePolicy": ("name", 128),
    "aws:cloudfront/originAccessControl:OriginAccessControl": ("name", 64),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": ("name", 128),
    "aws:cloudwatch/eventRule:EventRule": ("name", 64),
    "aws:cloudwatch/logGroup:LogGroup": ("name", 512),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": ("name", 512),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("name", 255),
    "aws:ec2/securityGroup:SecurityGroup": ("name", 255),
    "aws:ecs/cluster:Cluster": ("name", 255),
    "aws:ecs/service:Service": ("name", 255),
    "aws:iam/role:Role": ("name", 64),
    "aws:iam/rolePolicy:RolePolicy": ("name", 128),
    "aws:lb/loadBalancer:LoadBalancer": ("name", 32),
    "aws:lb/targetGroup:TargetGroup": ("name", 32),
    "aws:rds/parameterGroup:ParameterGroup": ("name", 255),
    "aws:rds/subnetGroup:SubnetGroup": ("name", 255),
    "aws:s3/bucket:Bucket": ("bucket", 63),
    "aws:secretsmanager/secret:Secret": ("name", 512),
    "aws:sns/topic:Topic": ("name", 256),
    "aws:wafv2/ipSet:IpSet": ("name", 128),
    "aws:wafv2/webAcl:WebAcl": ("name", 128),
}
"""Type -> the property that the provider makes up when the program leaves it out, and its limit."""

REPLACING: dict[str, frozenset[str]] = {
    "aws:appautoscaling/target:Target": frozenset({"resourceId", "scalableDimension"}),
    "aws:cloudwatch/logGroup:LogGroup": frozenset({"name"}),
    "aws:ec2/securityGroup:SecurityGroup": frozenset({"name", "description", "vpcId"}),
    "aws:ec2/subnet:Subnet": frozenset({"vpcId", "cidrBlock", "availabilityZone"}),
    "aws:ec2/vpc:Vpc": frozenset({"cidrBlock"}),
    "aws:ec2/vpcEndpoint:VpcEndpoint": frozenset({"vpcId", "serviceName", "vpcEndpointType"}),
    "aws:ecs/service:Service": frozenset({"cluster", "name", "launchType"}),
    "aws:ecs/taskDefinition:TaskDefinition": frozenset(
        {
            "containerDefinitions",
            "cpu",
            "executionRoleArn",
            "family",
            "memory",
            "networkMode",
            "runtimePlatform",
            "taskRoleArn",
            "volumes",
        }
    ),
    "aws:elasticache/serverlessCache:ServerlessCache": frozenset({"kmsKeyId", "name", "subnetIds"}),
    "aws:iam/role:Role": frozenset({"name", "path"}),
    "aws:kms/alias:Alias": frozenset({"name"}),
    "aws:kms/key:Key": frozenset({"customerMasterKeySpec", "keyUsage", "multiRegion"}),
    "aws:lb/loadBalancer:LoadBalancer": frozenset({"internal", "loadBalancerType", "name"}),
    "aws:lb/targetGroup:TargetGroup": frozenset({"port", "protocol", "targetType", "vpcId"}),
    "aws:rds/instance:Instance": frozenset(
        {"dbName", "engine", "kmsKeyId", "snapshotIdentifier", "storageEncrypted", "username"}
    ),
    "aws:rds/parameterGroup:ParameterGroup": frozenset({"family", "name", "description"}),
    "aws:s3/bucket:Bucket": frozenset({"bucket", "region"}),
    "aws:secretsmanager/secretVersion:SecretVersion": frozenset({"secretId", "secretString"}),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": frozenset({"securityGroupId"}),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": frozenset({"securityGroupId"}),
    "random:index/randomId:RandomId": frozenset({"byteLength", "keepers"}),
    "random:index/randomPassword:RandomPassword": frozenset({"keepers", "length", "special"}),
}
"""Type -> inputs that AWS cannot change in place."""

UNIQUE = frozenset(
    {
        *AUTONAMED,
        "aws:cloudtrail/trail:Trail",
        "aws:ecr/repository:Repository",
        "aws:elasticache/serverlessCache:ServerlessCache",
        "aws:kms/alias:Alias",
        "aws:rds/instance:Instance",
    }
)
"""Types of which no two may have one name."""

IN_USE = frozenset(
    {
        "aws:cloudfront/cachePolicy:CachePolicy",
        "aws:cloudfront/originAccessControl:OriginAccessControl",
        "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
        "aws:cloudfront/vpcOrigin:VpcOrigin",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ecs/cluster:Cluster",
        "aws:elasticache/user:User",
        "aws:elasticache/userGroup:UserGroup",
        "aws:kms/key:Key",
        "aws:lb/targetGroup:TargetGroup",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/subnetGroup:SubnetGroup",
        "aws:wafv2/ipSet:IpSet",
        "aws:wafv2/webAcl:WebAcl",
    }
)
"""Types that AWS does not delete while another resource stands on them.

It would delete a key in use, and what the key encrypts would be lost: worse than a refusal.
"""

ONLY_NAMES = frozenset(
    {
        "aws:cloudwatch/dashboard:Dashboard",
        "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:kms/keyPolicy:KeyPolicy",
    }
)
"""Types that may name a thing without standing on it."""


def named(
    kind: str, name: str, inputs: Inputs, before: Inputs, seed: bytes
) -> tuple[dict[str, Any], str | None]:
    """Return the inputs with the name that the provider makes up, and what is wrong with it."""
    if kind not in AUTONAMED:
        return dict(inputs), None
    key, limit = AUTONAMED[kind]
    if key in inputs:
        return dict(inputs), None
    made = before.get(key) or f"{name}-{hashlib.sha256(seed).hexdigest()[:7]}"
    wrong = f"{made!r} is longer than {limit}" if len(str(made)) > limit else None
    return {**inputs, key: made}, wrong


def replacing(kind: str) -> frozenset[str]:
    """Return the inputs that cannot be changed in place."""
    return REPLACING.get(kind, frozenset())


def deleted_first(kind: str, name: str, before: Inputs, after: Inputs) -> bool:
    """Whether the old one must go first: the program chose a name, and keeps it."""
    key = AUTONAMED.get(kind, ("name", 0))[0]
    chosen = not str(after.get(key, "")).startswith(f"{name}-")
    return kind in UNIQUE and key in after and chosen and before.get(key) == after.get(key)


def computed(kind: str, name: str, inputs: Inputs) -> list[str]:
    """Return the outputs that nobody knows before the thing exists."""
    return [key for key in AwsAnswers().create(kind, name, inputs)[1] if key not in inputs]
