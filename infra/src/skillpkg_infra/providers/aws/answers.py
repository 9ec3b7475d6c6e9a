"""What AWS would answer: enough for a program to run to its end without an account."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable, Mapping
from typing import Any

PASSWORD = "not-a-real-password".ljust(48, "x")
"""What every random password is; as long as the program asks for."""
ACCOUNT = "123456789012"
REGION = "eu-west-1"
PARTITION = "aws"
ROOT_SPKI = base64.b64encode(
    bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + bytes(65)
).decode()
"""The form of a P-256 public key; its fingerprint is not that of a real one."""

Facts = dict[str, Any]


class AwsAnswers:
    """A stand-in account in one region."""

    def __init__(self, region: str = REGION) -> None:
        self.region = region

    def create(self, kind: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, Facts]:
        """Return the id and the outputs that AWS adds."""
        region = str(inputs.get("region") or self.region)
        identity = _identity(kind, name, inputs)
        service = kind.split(":")[1].partition("/")[0]
        facts: Facts = {
            "arn": f"arn:{PARTITION}:{service}:{region}:{ACCOUNT}:{identity}",
            "name": identity,
        }
        made = OUTPUTS.get(kind)
        return identity, {**facts, **(made(identity, region, inputs) if made else {})}

    def call(self, token: str, arguments: Mapping[str, Any]) -> Facts:
        """Return what a data source says."""
        zones = [f"{self.region}{letter}" for letter in "abc"]
        answers: dict[str, Facts] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            "aws:index/getPartition:getPartition": {
                "partition": PARTITION,
                "dnsSuffix": "amazonaws.com",
            },
            "aws:index/getRegion:getRegion": {"region": self.region},
            "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": zones},
            "aws:ec2/getVpc:getVpc": {"cidrBlock": "10.0.0.0/16"},
            "aws:ec2/getManagedPrefixList:getManagedPrefixList": {"id": "pl-0edge"},
            "aws:kms/getPublicKey:getPublicKey": {"publicKey": ROOT_SPKI},
        }
        return answers[token]


def _identity(kind: str, name: str, inputs: Mapping[str, Any]) -> str:
    if kind == "aws:cloudfront/distribution:Distribution":
        return f"E{hashlib.sha256(name.encode()).hexdigest()[:13].upper()}"
    return str(inputs.get("name") or inputs.get("identifier") or f"{name}-0a1b2c3")


def _key(identity: str, region: str, inputs: Mapping[str, Any]) -> Facts:
    key = str(uuid.UUID(bytes=hashlib.sha256(identity.encode()).digest()[:16]))
    return {"keyId": key, "arn": f"arn:{PARTITION}:kms:{region}:{ACCOUNT}:key/{key}"}


def _bucket(identity: str, region: str, inputs: Mapping[str, Any]) -> Facts:
    return {
        "bucket": identity,
        "arn": f"arn:{PARTITION}:s3:::{identity}",
        "bucketRegionalDomainName": f"{identity}.s3.{region}.amazonaws.com",
    }


def _distribution(identity: str, region: str, inputs: Mapping[str, Any]) -> Facts:
    label = hashlib.sha256(identity.encode()).hexdigest()[:13]
    return {
        "domainName": f"d{label}.cloudfront.net",
        "hostedZoneId": "Z2FDTNDATAQYW2",
        "arn": f"arn:{PARTITION}:cloudfront::{ACCOUNT}:distribution/{identity}",
    }


def _instance(identity: str, region: str, inputs: Mapping[str, Any]) -> Facts:
    secret = f"arn:{PARTITION}:secretsmanager:{region}:{ACCOUNT}:secret:rds!db-{identity}"
    return {
        "address": f"{identity}.abcdefghijkl.{region}.rds.amazonaws.com",
        "masterUserSecrets": [{"secretArn": secret, "secretStatus": "active"}],
    }


def _secret(identity: str, region: str, inputs: Mapping[str, Any]) -> Facts:
    return {"arn": f"arn:{PARTITION}:secretsmanager:{region}:{ACCOUNT}:secret:{identity}"}


def _balancer(identity: str, region: str, inputs: Mapping[str, Any]) -> Facts:
    return {
        "dnsName": f"internal-{identity}.{region}.elb.amazonaws.com",
        "arnSuffix": f"app/{identity}/0a1b2c3d",
        "zoneId": "Z32O12XQLNTSW2",
    }


def _targets(identity: str, region: str, inputs: Mapping[str, Any]) -> Facts:
    return {"arnSuffix": f"targetgroup/{identity}/0a1b2c3d"}


def _role(identity: str, region: str, inputs: Mapping[str, Any]) -> Facts:
    return {"arn": f"arn:{PARTITION}:iam::{ACCOUNT}:role/{identity}"}


def _certificate(identity: str, region: str, inputs: Mapping[str, Any]) -> Facts:
    proof = {
        "domainName": inputs["domainName"],
        "resourceRecordName": f"_proof.{inputs['domainName']}.",
        "resourceRecordType": "CNAME",
        "resourceRecordValue": "_proof.acm-validations.aws.",
    }
    return {"domainValidationOptions": [proof]}


def _record(identity: str, region: str, inputs: Mapping[str, Any]) -> Facts:
    return {"fqdn": str(inputs["name"]).rstrip(".")}


def _log_group(identity: str, region: str, inputs: Mapping[str, Any]) -> Facts:
    return {"arn": f"arn:{PARTITION}:logs:{region}:{ACCOUNT}:log-group:{identity}"}


OUTPUTS: dict[str, Callable[[str, str, Mapping[str, Any]], Facts]] = {
    "aws:acm/certificate:Certificate": _certificate,
    "aws:cloudfront/distribution:Distribution": _distribution,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:ec2/eip:Eip": lambda i, r, _: {"allocationId": f"eipalloc-{i}", "publicIp": "192.0.2.1"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": lambda i, r, _: {"prefixListId": "pl-0s3"},
    "aws:ecr/repository:Repository": lambda i, r, _: {
        "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{r}.amazonaws.com/{i}"
    },
    "aws:elasticache/serverlessCache:ServerlessCache": lambda i, r, _: {
        "endpoints": [{"address": f"{i}.serverless.{r}.cache.amazonaws.com", "port": 6379}]
    },
    "aws:iam/role:Role": _role,
    "aws:kms/key:Key": _key,
    "aws:kms/replicaKey:ReplicaKey": _key,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:lb/targetGroup:TargetGroup": _targets,
    "aws:rds/instance:Instance": _instance,
    "aws:route53/record:Record": _record,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:secretsmanager/secret:Secret": _secret,
    "random:index/randomId:RandomId": lambda i, r, _: {"hex": "0a1b2c3d"},
    "random:index/randomPassword:RandomPassword": lambda i, r, _: {"result": PASSWORD},
}
"""Type -> what it adds to the usual ARN and name."""
