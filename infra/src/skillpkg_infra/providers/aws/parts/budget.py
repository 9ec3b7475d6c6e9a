"""A monthly budget that tells before the money is spent."""

from __future__ import annotations

import pulumi
from pulumi_aws.budgets import Budget, BudgetCostFilterArgs, BudgetNotificationArgs

from skillpkg_infra.scope import Scope

STEPS = (("ACTUAL", 80.0), ("ACTUAL", 100.0), ("FORECASTED", 100.0))


def budget(scope: Scope, dollars: int, email: str) -> Budget:
    """Tell at 80 % and 100 % of the budget, and when the forecast passes it.

    It counts what is tagged with this stack; the tag ``Stack`` must be activated as a cost
    allocation tag once per account.
    """
    return Budget(
        scope.named("budget"),
        name=f"{pulumi.get_project()}-{pulumi.get_stack()}",
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=str(dollars),
        limit_unit="USD",
        cost_filters=[
            BudgetCostFilterArgs(name="TagKeyValue", values=[f"user:Stack${pulumi.get_stack()}"])
        ],
        notifications=[
            BudgetNotificationArgs(
                notification_type=kind,
                comparison_operator="GREATER_THAN",
                threshold=threshold,
                threshold_type="PERCENTAGE",
                subscriber_email_addresses=[email],
            )
            for kind, threshold in STEPS
        ],
        tags=scope.labels("budget"),
        opts=scope.options(),
    )
