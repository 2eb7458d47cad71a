"""When the sweep function runs."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.base.nag import acknowledge

_NEXT_SWEEP = "Its event says nothing but that it is time: the next sweep does what this one left."


class SweepSchedule(Construct):
    """Every so many hours; 0 leaves the function to the operator's command line.

    A sweep that fails is not tried again: the next one does what it left.
    """

    def __init__(
        self, scope: Construct, id: str, *, function: lambda_.Function, hours: int
    ) -> None:
        super().__init__(scope, id)
        function.configure_async_invoke(retry_attempts=0)
        acknowledge(
            function.node.find_child("EventInvokeConfig"),
            "Serverless-LambdaAsyncFailureDestination",
            _NEXT_SWEEP,
        )
        if hours:
            rule = events.Rule(
                self,
                "Rule",
                description="Looks for finished runs whose webhook never arrived",
                schedule=events.Schedule.rate(cdk.Duration.hours(hours)),
                targets=[targets.LambdaFunction(function, retry_attempts=0)],
            )
            acknowledge(rule, "Serverless-EventBusDLQ", _NEXT_SWEEP)
