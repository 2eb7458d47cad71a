"""What the deployed stack is made of, as far as it costs or limits anything: from its template."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.environment import ROOT
from infra.settings import Settings, read_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """By function, Ingest, Fetch and Sweep: `memory_mib` and `timeout_seconds`."""

    settings: Settings
    memory_mib: Mapping[str, int]
    timeout_seconds: Mapping[str, int]
    alarms: int
    secrets: int
    dashboards: int
    throttle: int
    """Requests a second that the HTTP API lets through."""
    burst: int
    access_log: str
    """The format of a line, as API Gateway has it; empty without an access log."""
    table: Mapping[str, Any]
    """The properties of the table of runs."""

    def cpu_share(self, function: str) -> float:
        """Of one processor; a function has a whole one at 1,769 MB.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
        """
        return min(self.memory_mib[function] / 1769, 1)

    def gb_seconds(self, function: str, seconds: float) -> float:
        return self.memory_mib[function] / 1024 * seconds


def deployed() -> Stack:
    """The stack of `cdk.json`."""
    from tests.infra.templates import named, of_type, synthesized  # starts the CDK's node

    template = synthesized()
    resources = named(template)
    functions = {
        name: resources[f"{name}Function"]["Properties"] for name in ("Ingest", "Fetch", "Sweep")
    }
    stage = resources["WebhookApiStage"]["Properties"]
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    return Stack(
        settings=read_settings(context),
        memory_mib={name: found["MemorySize"] for name, found in functions.items()},
        timeout_seconds={name: found["Timeout"] for name, found in functions.items()},
        alarms=len(of_type(template, "AWS::CloudWatch::Alarm")),
        secrets=len(of_type(template, "AWS::SecretsManager::Secret")),
        dashboards=len(of_type(template, "AWS::CloudWatch::Dashboard")),
        throttle=stage["DefaultRouteSettings"]["ThrottlingRateLimit"],
        burst=stage["DefaultRouteSettings"]["ThrottlingBurstLimit"],
        access_log=stage.get("AccessLogSettings", {}).get("Format", ""),
        table=resources["RecordsTable"]["Properties"],
    )
