"""dbt's `run_results.json`: the nodes of an invocation that did not end well.

Source: the published schemas v0 to v6 of "run-results". From v1 on a result has `unique_id`,
`status` and `message` (in v1 also a number), from v2 `failures`, from v5 `compiled_code`. In v0
(before dbt 0.19) it holds the whole `node` and has a member each for error, fail, warn and skip.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, model_validator

from functions.findings.artifacts.artifact import Part, parse
from functions.run.fields import ODD_IS_ABSENT, Text

# The worst first, and so findings are ordered.
FAILED = ("error", "runtime error", "fail", "partial success")
WARNED = "warn"
SKIPPED = "skipped"


class NodeResult(Part):
    """What became of a node; `execution_time` in seconds, `failures` as a test counted them."""

    unique_id: str
    status: str
    message: Annotated[
        Text, BeforeValidator(lambda said: str(said) if isinstance(said, int) else said)
    ] = None
    failures: Annotated[int | None, ODD_IS_ABSENT] = None
    execution_time: Annotated[float | None, ODD_IS_ABSENT] = None
    compiled_code: Text = None

    @model_validator(mode="before")
    @classmethod
    def _from_v0(cls, data: Any) -> Any:
        node = data.get("node") if isinstance(data, dict) else None
        if not isinstance(node, dict):
            return data
        flags = {"fail": "fail", "warn": WARNED, "skip": SKIPPED}
        said = next((status for flag, status in flags.items() if data.get(flag)), "success")
        return {
            "unique_id": node.get("unique_id"),
            "status": "error" if data.get("error") else said,
            "message": data.get("error"),
            "failures": data.get("status"),
            "execution_time": data.get("execution_time"),
            "compiled_code": node.get("compiled_sql"),
        }


def _unless_well(result: NodeResult) -> NodeResult | None:
    """Most results are of no interest, and are let go one by one."""
    return result if result.status in {*FAILED, WARNED, SKIPPED} else None


class _RunResults(Part):
    results: list[Annotated[NodeResult | None, AfterValidator(_unless_well)]]


def not_well(body: bytes) -> list[NodeResult]:
    """The results that failed, warned or were skipped, in the order of the file.

    Raises:
        NotUnderstoodError: over the bounds, not JSON, or of another shape.
    """
    return [result for result in parse(_RunResults, body).results if result]
