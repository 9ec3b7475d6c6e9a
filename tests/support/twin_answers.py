"""What AWS answers a rehearsed program, with everything a container touches really made in moto.

Keys, secrets, buckets and the CDN get the ids that moto gave them, so the environment that the
program resolves names things that are there.
"""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from skillpkg_infra.plan.registered import revealed
from skillpkg_infra.providers.aws.answers import REGION, AwsAnswers
from support.twin_aws import TwinAws

Facts = dict[str, Any]
CACHE = "aws:elasticache/serverlessCache:ServerlessCache"
FIRST_PASSWORD = uuid.uuid4().hex


@dataclass
class TwinAnswers:
    """`AwsAnswers` over moto; asked twice for the same resource it answers the same.

    moto's state is the process's, so names that AWS would complete get an ending of this twin's.
    """

    aws: TwinAws
    plain: AwsAnswers = field(default_factory=lambda: AwsAnswers(REGION))
    cache: str = ""
    """Where the program's Valkey is; only asked when the stack has one."""
    ending: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    known: dict[tuple[str, str], tuple[str, Facts]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def create(self, kind: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, Facts]:
        """Make the resource once."""
        with self._turn:
            if (kind, name) not in self.known:
                identity, facts = self._named(*self.plain.create(kind, name, inputs))
                if kind == CACHE:
                    facts["endpoints"] = [{"address": self.cache, "port": 6379}]
                made = _MADE.get(kind)
                identity, more = made(self.aws, identity, inputs) if made else (identity, {})
                self.known[kind, name] = identity, {**facts, **more}
            return self.known[kind, name]

    def _named(self, identity: str, facts: Facts) -> tuple[str, Facts]:
        text = json.dumps([identity, facts]).replace("0a1b2c3d", self.ending)
        named: tuple[str, Facts] = json.loads(text.replace("0a1b2c3", self.ending[:7]))
        return named[0], named[1]

    def call(self, token: str, arguments: Mapping[str, Any]) -> Facts:
        """Answer a data source; the public half of a key is moto's."""
        if token == "aws:kms/getPublicKey:getPublicKey":
            key = self.aws.client("kms").get_public_key(KeyId=arguments["keyId"])
            return {"publicKey": base64.b64encode(key["PublicKey"]).decode()}
        return self.plain.call(token, arguments)


def _bucket(aws: TwinAws, identity: str, inputs: Mapping[str, Any]) -> tuple[str, Facts]:
    region = str(inputs.get("region") or REGION)
    aws.client("s3", region).create_bucket(
        Bucket=identity, CreateBucketConfiguration={"LocationConstraint": region}
    )
    return identity, {}


def _key(aws: TwinAws, identity: str, inputs: Mapping[str, Any]) -> tuple[str, Facts]:
    spec = inputs.get("customerMasterKeySpec")
    if spec is None:
        return identity, {}  # a data key: S3 and RDS use it, no container does
    made = aws.client("kms").create_key(KeySpec=spec, KeyUsage=inputs["keyUsage"])["KeyMetadata"]
    return made["KeyId"], {"keyId": made["KeyId"], "arn": made["Arn"]}


def _secret(aws: TwinAws, identity: str, inputs: Mapping[str, Any]) -> tuple[str, Facts]:
    made = aws.client("secretsmanager").create_secret(Name=identity)
    return made["ARN"], {"arn": made["ARN"], "name": identity}


def _value(aws: TwinAws, identity: str, inputs: Mapping[str, Any]) -> tuple[str, Facts]:
    opened = revealed(dict(inputs))
    aws.client("secretsmanager").put_secret_value(
        SecretId=opened["secretId"], SecretString=opened["secretString"]
    )
    return identity, {}


def _instance(aws: TwinAws, identity: str, inputs: Mapping[str, Any]) -> tuple[str, Facts]:
    value = {"username": inputs["username"], "password": FIRST_PASSWORD}
    made = aws.client("secretsmanager").create_secret(
        Name=f"rds!db-{identity}", SecretString=json.dumps(value)
    )
    held = {"secretArn": made["ARN"], "secretStatus": "active"}
    return identity, {"masterUserSecrets": [held]}


def _distribution(aws: TwinAws, identity: str, inputs: Mapping[str, Any]) -> tuple[str, Facts]:
    origin = {
        "Id": "o",
        "DomainName": f"{identity.lower()}.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    forwarded = {"QueryString": False, "Cookies": {"Forward": "none"}}
    made = aws.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": uuid.uuid4().hex,
            "Comment": str(inputs.get("comment", "")),
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "o",
                "ViewerProtocolPolicy": "redirect-to-https",
                "MinTTL": 0,
                "ForwardedValues": forwarded,
            },
        }
    )["Distribution"]
    return made["Id"], {"arn": made["ARN"], "domainName": made["DomainName"]}


_MADE: dict[str, Callable[[TwinAws, str, Mapping[str, Any]], tuple[str, Facts]]] = {
    "aws:cloudfront/distribution:Distribution": _distribution,
    "aws:kms/key:Key": _key,
    "aws:rds/instance:Instance": _instance,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:secretsmanager/secretVersion:SecretVersion": _value,
}
