"""Templates made in the test's own process: no command line, no download, no account."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template

from infra.application import build

ROOT = Path(__file__).parents[2]
Resource = dict[str, Any]

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-4e5f-6789-abcd-ef0123456789"


def application(**context: object) -> tuple[cdk.App, cdk.Stack]:
    """The application of `cdk.json` with `context` laid over it, and its one stack."""
    ours: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = build(context={**ours, **context, "aws:cdk:bundling-stacks": []})
    [stack] = [child for child in app.node.children if isinstance(child, cdk.Stack)]
    return app, stack


def synthesized(**context: object) -> dict[str, Any]:
    """Raises what cdk-nag finds."""
    template: dict[str, Any] = json.loads(_synthesized(json.dumps(context, sort_keys=True)))
    return template


@cache
def _synthesized(context: str) -> str:
    _, stack = application(**json.loads(context))
    return json.dumps(Template.from_stack(stack).to_json())


def named(template: Mapping[str, Any]) -> dict[str, Resource]:
    """The resources by the path of their constructs: logical ids without the hash."""
    return {without_hash(name): resource for name, resource in template["Resources"].items()}


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, Resource]:
    return {name: found for name, found in named(template).items() if found["Type"] == kind}


def without_hash(logical_id: str) -> str:
    return re.sub(r"[0-9A-F]{8}$", "", logical_id)


def shown(value: Any) -> str:
    """A resource of a policy, or another value with references, as short text."""
    match value:
        case str():
            return value
        case {"Ref": str(logical_id)} | {"Fn::GetAtt": [str(logical_id), _]}:
            return without_hash(logical_id)
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(shown, parts))
        case _:
            raise AssertionError(f"no reference: {value}")
