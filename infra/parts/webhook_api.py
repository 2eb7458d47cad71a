"""The HTTP API that Paradime calls."""

import json

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.base.logs import kept_logs
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

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        handler: lambda_.IFunction,
        log_retention_days: int,
        key: kms.IKey | None,
        throttle: apigateway.ThrottleSettings,
        domain_name: str | None,
        certificate_arn: str | None,
    ) -> None:
        """`domain_target` is where the DNS record of `domain_name` has to point to."""
        super().__init__(scope, id)
        domain = self._domain(domain_name, certificate_arn)
        api = apigateway.HttpApi(
            self,
            "Api",
            create_default_stage=False,
            description="Receives Paradime's webhooks",
            disable_execute_api_endpoint=True if domain else None,
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
        access_log = kept_logs(
            self,
            "AccessLog",
            retention_days=log_retention_days,
            key=key,
            name=_log_name(self),
        )
        self.stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=api,
            auto_deploy=True,
            # A busy workspace ends a few runs a second. A sender tries again after a 429, and the
            # limit keeps a flood of bad requests from using up the account's Lambda concurrency.
            throttle=throttle,
            domain_mapping=None
            if domain is None
            else apigateway.DomainMappingOptions(domain_name=domain),
        )
        # The construct's own option wants an implementation of an interface for these two values.
        cfn_stage = self.stage.node.default_child
        assert isinstance(cfn_stage, apigateway.CfnStage)
        cfn_stage.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=access_log.log_group_arn, format=json.dumps(_ACCESS_LOG)
        )
        self.domain_target = domain.regional_domain_name if domain else None
        base = f"https://{domain_name}" if domain else self.stage.url.rstrip("/")
        self.url = f"{base}{_PATH}"

    def _domain(
        self, domain_name: str | None, certificate_arn: str | None
    ) -> apigateway.DomainName | None:
        if domain_name is None or certificate_arn is None:
            return None
        certificate = acm.Certificate.from_certificate_arn(self, "Certificate", certificate_arn)
        return apigateway.DomainName(
            self, "Domain", domain_name=domain_name, certificate=certificate
        )


def _log_name(scope: Construct) -> str:
    """Where API Gateway may write without a resource policy of the account's, which has no room
    for many: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html

    Named after the stack's own id: the group outlives the stack, and the next one makes another.
    """
    stack = cdk.Stack.of(scope)
    unique = cdk.Fn.select(2, cdk.Fn.split("/", stack.stack_id))
    return f"/aws/vendedlogs/apis/{stack.stack_name}-{unique}"
