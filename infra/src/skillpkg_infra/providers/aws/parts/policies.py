"""Policy documents as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

Text = pulumi.Input[str]
Conditions = Mapping[str, Mapping[str, Text | Sequence[Text]]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Identity policies leave ``principals`` out."""

    sid: str
    actions: Sequence[str]
    resources: Sequence[Text] = ("*",)
    principals: Mapping[str, Text | Sequence[Text]] | str = ""
    conditions: Conditions = field(default_factory=dict)
    effect: str = "Allow"

    def to_json(self) -> dict[str, Any]:
        """Return the statement as AWS writes it."""
        body: dict[str, Any] = {"Sid": self.sid, "Effect": self.effect}
        if self.principals:
            body["Principal"] = self.principals
        body |= {"Action": list(self.actions), "Resource": list(self.resources)}
        if self.conditions:
            body["Condition"] = self.conditions
        return body


def document(*statements: Statement) -> pulumi.Output[str]:
    """Return a policy document of these statements."""
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [one.to_json() for one in statements]}
    )


def trust(service: Text, conditions: Conditions | None = None) -> pulumi.Output[str]:
    """Return the trust policy that lets one AWS service take a role."""
    body: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if conditions:
        body["Condition"] = conditions
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [body]})


def tls_only(*resources: Text) -> Statement:
    """Refuse everything that does not come over TLS."""
    return Statement(
        "TlsOnly",
        ("s3:*",),
        resources,
        "*",
        {"Bool": {"aws:SecureTransport": "false"}},
        effect="Deny",
    )
