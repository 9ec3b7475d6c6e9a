"""A rollout that does not become well goes back by itself, and `pulumi up` notices."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type, without


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:ecs/service:Service"):
        expected = {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "deploymentMinimumHealthyPercent": 100,
            "waitForSteadyState": True,
        }
        yield from without(one, expected)


RULE = Rule("rollouts-go-back", __doc__, _check)
