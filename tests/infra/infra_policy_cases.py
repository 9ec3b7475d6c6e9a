"""For every rule: a resource that it must refuse, and what it must say."""

from __future__ import annotations

import json
from typing import Any

from skillpkg_infra.policy.rule import Resource

Case = tuple[Resource, str]


def case(kind: str, why: str, name: str = "bad", **inputs: Any) -> Case:
    return Resource(f"aws:{kind}", name, inputs), why


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"json": {"Statement": list(statements)}}


def allow(actions: list[str], resources: list[str], **more: Any) -> dict[str, Any]:
    return {"Sid": "S", "Effect": "Allow", "Action": actions, "Resource": resources, **more}


EVENTS_OF_ONE_ACCOUNT = allow(
    ["sns:Publish"],
    ["*"],
    Principal={"Service": ["events.amazonaws.com"]},
    Condition={"StringEquals": {"aws:SourceAccount": "1"}},
)
INSTANCE = "rds/instance:Instance"
DISTRIBUTION = "cloudfront/distribution:Distribution"
INGRESS = "vpc/securityGroupIngressRule:SecurityGroupIngressRule"
BEHAVIOUR = {"viewerProtocolPolicy": "https-only", "responseHeadersPolicyId": "p"}
GOOD_EDGE = {"webAclId": "w", "defaultCacheBehavior": BEHAVIOUR, "viewerCertificate": {}}
CONTAINER = {
    "name": "api",
    "user": "10001",
    "readonlyRootFilesystem": True,
    "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
    "healthCheck": {"command": ["CMD", "true"]},
}
TASK = "ecs/taskDefinition:TaskDefinition"


def container(why: str, **changed: Any) -> Case:
    text = json.dumps([{**CONTAINER, **changed}])
    return case(TASK, why, taskRoleArn="a", executionRoleArn="b", containerDefinitions=text)


def firewall(group: str, why: str) -> Case:
    statement = {"managedRuleGroupStatement": {"name": group}}
    return case("wafv2/webAcl:WebAcl", why, rules=[{"statement": statement}])


CASES: dict[str, list[Case]] = {
    "alarms-reach-someone": [
        case("cloudwatch/metricAlarm:MetricAlarm", "tells nobody"),
        case("sns/topic:Topic", "not encrypted"),
        case("sns/topicPolicy:TopicPolicy", "cannot meet", policy=policy(EVENTS_OF_ONE_ACCOUNT)),
        case("kms/key:Key", "cannot meet", policy=policy(EVENTS_OF_ONE_ACCOUNT)),
    ],
    "api-cannot-sign": [
        case(
            "iam/rolePolicy:RolePolicy",
            "right on a key",
            name="compute-api-rights",
            policy=policy(allow(["kms:Sign"], ["arn:key"])),
        ),
        case(
            "iam/rolePolicy:RolePolicy",
            "may write to arn:read-plane/*",
            name="compute-api-rights",
            policy=policy(allow(["s3:PutObject"], ["arn:read-plane/*"])),
        ),
    ],
    "balancer-is-private": [
        case("lb/loadBalancer:LoadBalancer", "internal is False", internal=False),
        case("lb/listener:Listener", "older than 1.2", protocol="HTTPS"),
        case(
            "lb/targetGroup:TargetGroup", "more than the process", healthCheck={"path": "/readyz"}
        ),
    ],
    "bucket-is-closed": [
        case("s3/bucket:Bucket", "does not block public access"),
        case("s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicPolicy is None"),
        case(
            "s3/bucketOwnershipControls:BucketOwnershipControls",
            "ObjectWriter",
            rule={"objectOwnership": "ObjectWriter"},
        ),
    ],
    "bucket-is-encrypted": [
        case("s3/bucket:Bucket", "no encryption"),
        case("s3/bucket:Bucket", "no policy"),
        case(
            "s3/bucketPolicy:BucketPolicy", "without TLS", policy=policy(allow(["s3:Get"], ["a"]))
        ),
    ],
    "cdn-reads-signed": [
        case(DISTRIBUTION, "without the CDN", origins=[{"originId": "public"}]),
        case(
            "cloudfront/originAccessControl:OriginAccessControl",
            "signingBehavior is 'never'",
            signingBehavior="never",
        ),
    ],
    "containers-are-hardened": [
        container("runs as root", user="root"),
        container("runs as root", user="0:0"),
        container("writes to its root", readonlyRootFilesystem=False),
        container("is privileged", privileged=True),
        container("keeps capabilities", linuxParameters={}),
        container("has no health check", healthCheck=None),
        case(
            TASK,
            "the role that starts it",
            taskRoleArn="a",
            executionRoleArn="a",
            containerDefinitions="[]",
        ),
        case(
            "ecs/service:Service", "public address", networkConfiguration={"assignPublicIp": True}
        ),
        case("ecs/service:Service", "open a shell", enableExecuteCommand=True),
    ],
    "data-keys-rotate": [
        case("kms/key:Key", "does not rotate"),
        case("kms/key:Key", "less than 7 days", enableKeyRotation=True, deletionWindowInDays=1),
    ],
    "database-can-be-restored": [
        case(INSTANCE, "keeps 1 days", backupRetentionPeriod=1),
        case(INSTANCE, "manageMasterUserPassword is None", backupRetentionPeriod=7),
        case(INSTANCE, "without a final snapshot", deletionProtection=True, skipFinalSnapshot=True),
    ],
    "database-forces-tls": [
        case("rds/parameterGroup:ParameterGroup", "rds.force_ssl is None"),
        case(INSTANCE, "default parameters"),
    ],
    "database-is-private": [
        case(INSTANCE, "publiclyAccessible is True", publiclyAccessible=True),
        case(INSTANCE, "storageEncrypted is None"),
        case(INSTANCE, "not with the stack's"),
    ],
    "doors-are-narrow": [
        case(INGRESS, "whole internet", cidrIpv4="0.0.0.0/0", fromPort=443),
        case(
            "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            "whole internet",
            cidrIpv4="0.0.0.0/0",
            fromPort=22,
        ),
        case(INGRESS, "names no port", ipProtocol="-1"),
        case(INGRESS, "what it is for"),
        case("ec2/securityGroup:SecurityGroup", "rules inside it", ingress=[{"fromPort": 22}]),
    ],
    "edge-is-hardened": [
        case(DISTRIBUTION, "no firewall", **{**GOOD_EDGE, "webAclId": None}),
        case(
            DISTRIBUTION,
            "plain HTTP",
            **{**GOOD_EDGE, "defaultCacheBehavior": {"viewerProtocolPolicy": "allow-all"}},
        ),
        case(
            DISTRIBUTION,
            "security headers",
            **GOOD_EDGE,
            orderedCacheBehaviors=[{"viewerProtocolPolicy": "https-only"}],
        ),
        case(
            DISTRIBUTION,
            "older than 1.2",
            **{**GOOD_EDGE, "viewerCertificate": {"acmCertificateArn": "arn"}},
        ),
    ],
    "everything-is-tagged": [case("s3/bucket:Bucket", "no tags Application", tags={"Name": "x"})],
    "firewall-lets-uploads-pass": [
        firewall("AWSManagedRulesCommonRuleSet", "every publish over 8 KB"),
        firewall("AWSManagedRulesAmazonIpReputationList", "limits no rate"),
    ],
    "identities-have-no-wildcards": [
        case(
            "iam/rolePolicy:RolePolicy",
            "with a wildcard",
            policy=policy(allow(["s3:*"], ["arn:bucket"])),
        ),
        case(
            "iam/rolePolicy:RolePolicy",
            "every resource",
            policy=policy(allow(["s3:GetObject"], ["*"])),
        ),
    ],
    "keys-sign-for-the-worker": [
        case(
            "kms/key:Key",
            "others than the worker",
            keyUsage="SIGN_VERIFY",
            policy=policy(allow(["kms:Sign"], ["*"], Principal={"AWS": "*"})),
        ),
        case("kms/key:Key", "customerMasterKeySpec", keyUsage="SIGN_VERIFY", policy=policy()),
    ],
    "logs-are-kept": [
        case("cloudwatch/logGroup:LogGroup", "for ever", kmsKeyId="k"),
        case("cloudwatch/logGroup:LogGroup", "not encrypted", retentionInDays=30),
    ],
    "network-is-watched": [
        case("ec2/vpc:Vpc", "no flow logs"),
        case("ec2/subnet:Subnet", "public addresses", mapPublicIpOnLaunch=True),
        case("ec2/vpcEndpoint:VpcEndpoint", "other accounts"),
    ],
    "rollouts-go-back": [case("ecs/service:Service", "waitForSteadyState is None")],
}
