"""The HTTP API that Paradime calls."""

import json

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.base.nag import acknowledge

_PATH = "/webhooks/paradime"

# No header, path or query string: they may hold what a sender should not have sent, or a quotation
# mark that spoils the line.
_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "sourceIp": "$context.identity.sourceIp",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "responseLatency": "$context.responseLatency",
    "integrationStatus": "$context.integration.status",
    "integrationLatency": "$context.integrationLatency",
    "errorType": "$context.error.responseType",
}


class WebhookApi(Construct):
    """One route, `POST /webhooks/paradime`; the signature is checked by the function behind it."""

    def __init__(self, scope: Construct, id: str, *, handler: lambda_.IFunction) -> None:
        super().__init__(scope, id)
        api = apigateway.HttpApi(
            self, "Api", create_default_stage=False, description="Receives Paradime's webhooks"
        )
        [route] = api.add_routes(
            path=_PATH,
            methods=[apigateway.HttpMethod.POST],
            integration=integrations.HttpLambdaIntegration("Ingest", handler),
        )
        acknowledge(
            route,
            "AwsSolutions-APIG4",
            "Paradime signs what it sends; the function verifies the signature before all else, "
            "over the raw body, which no authorizer gets to see.",
        )
        access_log = logs.LogGroup(
            self,
            "AccessLog",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=api,
            auto_deploy=True,
            # A busy workspace ends a few runs a second. A sender tries again after a 429, and the
            # limit keeps a flood of bad requests from using up the account's Lambda concurrency.
            throttle=apigateway.ThrottleSettings(rate_limit=100, burst_limit=200),
        )
        # The construct's own option wants an implementation of an interface for these two values.
        cfn_stage = self.stage.node.default_child
        assert isinstance(cfn_stage, apigateway.CfnStage)
        cfn_stage.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=access_log.log_group_arn, format=json.dumps(_ACCESS_LOG)
        )
        self.url = f"{self.stage.url.rstrip('/')}{_PATH}"
