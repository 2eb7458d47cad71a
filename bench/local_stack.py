"""The local stack under deliveries, against a function on it that only answers 202."""

import io
import json
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

import requests

from bench.environment import ROOT
from bench.measure import in_turn
from bench.row import Row
from cli.secrets.signing import signed_headers
from local.stack.aws import ACCOUNT, REGION, Operator
from local.stack.stack import local_stack

ROUNDS = 300
TOGETHER = 4
# It prints a line, as ours does: the embedded AWS waits for 50 ms for the first line of a function.
CODE = """def handler(event, context):
    print("delivered")
    return {"statusCode": 202, "body": "{}"}
"""


def rows() -> Iterator[Row]:
    with (
        tempfile.TemporaryDirectory() as folder,
        local_stack(Path(folder), say=lambda _: None) as stack,
    ):
        ours = _deliverer(stack.outputs.webhook_url, stack.outputs.signing_secret)
        floor = _deliverer(_answering(stack.outputs.operator), stack.outputs.signing_secret)
        pair = in_turn(ours, floor, rounds=ROUNDS, warmups=20)
        rates = _rate(ours), _rate(floor)
    yield Row(
        what="local stack: p50 of a delivery",
        ours=_spread(pair.ours.get_values(), rates[0]),
        floor=_spread(pair.floor.get_values(), rates[1]) + ", a function that answers 202",
        value=pair.ours.median() / pair.floor.median(),
        goal=2,
    )


def _deliverer(url: str, secret: str) -> Callable[[], float]:
    body = (ROOT / "events" / "run_completed_succeeded.json").read_bytes()
    webhook = json.dumps({"scheme": "standard-webhooks", "secrets": [secret]})
    http = requests.Session()

    def deliver() -> float:
        headers = signed_headers(webhook, body, datetime.now(UTC))
        begun = time.perf_counter()
        status = http.post(url, data=body, headers=headers, timeout=30).status_code
        assert status == 202, status
        return time.perf_counter() - begun

    return deliver


def _rate(deliver: Callable[[], float]) -> float:
    """Deliveries a second, a few at a time."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(TOGETHER) as pool:
        list(pool.map(lambda _: deliver(), range(ROUNDS)))
    return ROUNDS / (time.perf_counter() - begun)


def _spread(seconds: tuple[float, ...], rate: float) -> str:
    percentiles = quantiles(seconds, n=100)
    p50, p99 = percentiles[49] * 1000, percentiles[98] * 1000
    return f"{p50:.0f} ms, p99 {p99:.0f} ms, {rate:.0f}/s"


def _answering(operator: Operator) -> str:
    """Makes the other function, behind an HTTP API of its own; the URL."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("floor.py", CODE)
    aws, endpoint_url = operator.session(), operator.endpoint_url
    role = aws.client("iam", endpoint_url=endpoint_url).create_role(
        RoleName="floor",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )["Role"]["Arn"]
    functions = aws.client("lambda", endpoint_url=endpoint_url)
    arn = functions.create_function(
        FunctionName="floor",
        Runtime="python3.13",
        Role=role,
        Handler="floor.handler",
        Code={"ZipFile": buffer.getvalue()},
    )["FunctionArn"]
    apis = aws.client("apigatewayv2", endpoint_url=endpoint_url)
    api = apis.create_api(Name="floor", ProtocolType="HTTP")["ApiId"]
    integration = apis.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    apis.create_route(ApiId=api, RouteKey="POST /floor", Target=f"integrations/{integration}")
    apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    functions.add_permission(
        FunctionName="floor",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*",
    )
    return f"{endpoint_url}/_aws/execute-api/{api}/floor"
