"""cdk-nag: the rule packs that every synth is checked with, and how a finding is answered."""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, ServerlessChecks
from constructs import IConstruct

# Why a resource of the local stack does not refuse plain HTTP.
LOOPBACK_ONLY = "The embedded AWS is reached over plain HTTP, on loopback alone."


def add_checks(app: cdk.App) -> None:
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))


def acknowledge(resource: IConstruct, finding: str, reason: str) -> None:
    """Answers one finding (`AwsSolutions-S1`, `AwsSolutions-IAM5[Resource::*]`) on one resource."""
    cdk.Validations.of(resource).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))
