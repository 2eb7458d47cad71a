"""What the stack costs: `python -m bench.cost`; `docs/cost.md` carries what it prints.

Calls are counted, and sizes, log lines and processor time measured, in this run. Prices are those
of `bench.prices`. What is assumed stands in capitals, here and in `bench.duration`.
"""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal

from rich import box
from rich.console import Console
from rich.table import Table

from bench import assumed
from bench.assumed import DELIVERIES, sweep_questions, sweep_reads
from bench.calls import ARTIFACTS, of_a_delivery, of_an_archived_run
from bench.duration import duration
from bench.dynamodb_units import READ_UNIT_BYTES
from bench.environment import ROOT
from bench.prices import DATE, GB, HOURS_A_MONTH, MILLION, REGION, THOUSAND, Price
from bench.stack import Stack, deployed
from bench.usage import FAILED, STARTED, SUCCEEDED, Usage, Use, usage
from functions.paradime.pace import SECONDS_BETWEEN_CALLS

# Units of each price.
Bill = Mapping[Price, float]

GOAL_A_MILLION, GOAL_IDLE = 2.60, 2.00
# The parts that a million deliveries are made of.
SHARES = {
    STARTED: 1 / DELIVERIES,
    SUCCEEDED: (1 - assumed.FAILED) / DELIVERIES,
    FAILED: assumed.FAILED / DELIVERIES,
}
# They come at random, all within a month.
DELIVERIES_A_MONTH = MILLION
RUNS_A_MONTH = DELIVERIES_A_MONTH / DELIVERIES

# Lambda's own lines for each invocation, as its documentation shows them.
PLATFORM_LOG = (
    "START RequestId: 8f5dd8cf-3f5e-4c0f-9a53-0c2b1d6f7a11 Version: $LATEST",
    "END RequestId: 8f5dd8cf-3f5e-4c0f-9a53-0c2b1d6f7a11",
    "REPORT RequestId: 8f5dd8cf-3f5e-4c0f-9a53-0c2b1d6f7a11\tDuration: 24.36 ms\t"
    "Billed Duration: 25 ms\tMemory Size: 512 MB\tMax Memory Used: 118 MB\t",
)
# Values as long as those of a line of the access log.
ACCESS_LOG = {
    "$context.requestId": "JKJaXmPLvHcESHA=",
    "$context.requestTime": "25/Nov/2026:02:00:01 +0000",
    "$context.identity.sourceIp": "203.0.113.101",
    "$context.routeKey": "POST /webhooks/paradime",
    "$context.status": "202",
    "$context.responseLength": "59",
    "$context.responseLatency": "31",
    "$context.integration.status": "200",
    "$context.integrationLatency": "29",
    "$context.error.responseType": "-",
}
# What CloudWatch counts beside the text when it takes a line in (`PutLogEvents`).
LOG_LINE_BYTES = 26
# The headers of an answer to Paradime, and a question to it or a request for a file in all.
HEADER_BYTES, QUESTION_BYTES = 300, 1_000

# With a maximum concurrency an event source mapping never polls with fewer than five pollers; SQS
# holds a poll for 20 s. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLS_A_SECOND = 5 / 20
# The event source mapping receives a message and deletes it.
REQUESTS_A_MESSAGE = 2
# A sweep of an idle stack, with its cold start and a few questions to Paradime.
SWEEP_SECONDS = 5
# The functions that somebody keeps warm read their secrets every five minutes, and SNS asks KMS
# for a key twice in that time: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
FIVE_MINUTES_A_MONTH = HOURS_A_MONTH * 12
WARM = 2


def main() -> None:
    stack = deployed()
    used = usage(stack.table, ARTIFACTS)
    by_payload = {STARTED: used.started, SUCCEEDED: used.succeeded, FAILED: used.failed}
    deliveries = {
        payload: delivery(use, of_a_delivery(payload), stack) for payload, use in by_payload.items()
    }
    archived = archived_run(used.archived, of_an_archived_run(), stack)
    console = Console(width=130, highlight=False)
    console.print(f"US dollars, list prices of {DATE} in {REGION}, free tiers left out\n")
    console.print(_deliveries(deliveries))
    console.print(_logged(used.failed, stack))
    console.print(_bill("a thousand archived runs", times(archived, THOUSAND)))
    console.print(_idle(idle_month(used.swept, stack)))
    console.print(_bill("a month in use, beside the above", month_in_use(used, stack)))
    console.print(_bill("a month that a million deliveries are kept", kept(used)))
    console.print(_prices())


def delivery(use: Use, calls: Mapping[str, int], stack: Stack) -> Bill:
    """Of one warm delivery, up to the queue."""
    seconds = duration(use.seconds, use.cpu_seconds, calls, cpu_share=stack.cpu_share("Ingest"))
    log = [*use.log, *PLATFORM_LOG, *_access_log(stack)]
    return {
        Price.HTTP_API: 1,
        Price.LAMBDA_REQUEST: 1,
        Price.LAMBDA_GB_SECOND: stack.gb_seconds("Ingest", seconds),
        Price.DYNAMODB_READ: use.read_units,
        Price.DYNAMODB_WRITE: sum(use.write_units.values()),
        Price.SQS_REQUEST: calls.get("sqs.SendMessage", 0),
        Price.LOG_GB: log_bytes(log) / GB,
        Price.GB_OUT: (use.answer_bytes + HEADER_BYTES) / GB,
    }


def archived_run(use: Use, calls: Mapping[str, int], stack: Stack) -> Bill:
    """From the queue on."""
    seconds = duration(use.seconds, use.cpu_seconds, calls, cpu_share=stack.cpu_share("Fetch"))
    s3_calls = sum(count for call, count in calls.items() if call.startswith("s3."))
    s3_gets = calls.get("s3.GetObject", 0) + calls.get("s3.HeadObject", 0)
    # The command's logs and list, and for each artifact its link and itself.
    questions = 1 + 2 * ARTIFACTS
    return {
        Price.LAMBDA_REQUEST: 1,
        Price.LAMBDA_GB_SECOND: stack.gb_seconds("Fetch", seconds),
        Price.DYNAMODB_READ: use.read_units,
        Price.DYNAMODB_WRITE: sum(use.write_units.values()),
        Price.SQS_REQUEST: REQUESTS_A_MESSAGE,
        Price.S3_PUT: s3_calls - s3_gets,
        Price.S3_GET: s3_gets,
        Price.SNS_PUBLISH: calls.get("sns.Publish", 0),
        Price.LOG_GB: log_bytes([*use.log, *PLATFORM_LOG]) / GB,
        Price.GB_OUT: questions * QUESTION_BYTES / GB,
    }


def idle_month(swept: Use, stack: Stack) -> Bill:
    """Of a stack that nothing reaches. CloudWatch takes a metric's price by the hour."""
    sweeps = _sweeps_a_month(stack)
    log = log_bytes([*swept.log, *PLATFORM_LOG])
    return {
        Price.ALARM: stack.alarms,
        Price.SECRET: stack.secrets,
        Price.DASHBOARD: stack.dashboards,
        Price.METRIC: len(swept.metrics) * sweeps / HOURS_A_MONTH,
        Price.SQS_REQUEST: POLLS_A_SECOND * HOURS_A_MONTH * 3600,
        Price.EVENT: sweeps,
        Price.LAMBDA_REQUEST: sweeps,
        Price.LAMBDA_GB_SECOND: sweeps * stack.gb_seconds("Sweep", SWEEP_SECONDS),
        Price.DYNAMODB_READ: sweeps * swept.calls["dynamodb.Scan"] / 2,
        Price.SECRET_READ: sweeps * swept.calls["secretsmanager.GetSecretValue"],
        Price.LOG_GB: sweeps * log / GB,
    }


def month_in_use(used: Usage, stack: Stack) -> Bill:
    """What a million deliveries a month add to an idle one beside what they and the archived runs
    cost themselves: there are runs in every hour, and a sweep looks at those of the last days."""
    uses = (used.started, used.succeeded, used.failed, used.archived)
    metrics = frozenset[str]().union(*(use.metrics for use in uses))
    sweeps, runs_an_hour = _sweeps_a_month(stack), RUNS_A_MONTH / HOURS_A_MONTH
    read = sweep_reads(runs_an_hour, stack.settings) * used.archived.listed_bytes
    seconds = sweep_questions(runs_an_hour, stack.settings) * SECONDS_BETWEEN_CALLS
    return {
        Price.METRIC: len(metrics),
        # Eventually consistent reads take half a unit for each 4 KB.
        Price.DYNAMODB_READ: sweeps * read / READ_UNIT_BYTES / 2,
        Price.LAMBDA_GB_SECOND: sweeps * stack.gb_seconds("Sweep", seconds),
        Price.SECRET_READ: WARM * FIVE_MINUTES_A_MONTH,
        Price.KMS_REQUEST: 2 * FIVE_MINUTES_A_MONTH,
    }


def kept(used: Usage) -> Bill:
    """A month of what the deliveries of one month leave behind, each archive that of a real run."""
    archived = RUNS_A_MONTH * assumed.FAILED
    records = archived * used.archived.stored_bytes
    records += (RUNS_A_MONTH - archived) * used.succeeded.stored_bytes
    files = (ROOT / "events" / "paradime" / "63187").rglob("*")
    return {
        Price.DYNAMODB_GB: records / GB,
        Price.DYNAMODB_PITR_GB: records / GB,
        Price.S3_GB: archived * sum(file.stat().st_size for file in files if file.is_file()) / GB,
    }


def log_bytes(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + LOG_LINE_BYTES for line in lines)


def mixed(bills: Mapping[str, Bill], shares: Mapping[str, float]) -> Bill:
    prices = {price: None for bill in bills.values() for price in bill}
    return {
        price: sum(share * bills[name].get(price, 0) for name, share in shares.items())
        for price in prices
    }


def times(bill: Bill, count: float) -> Bill:
    return {price: units * count for price, units in bill.items()}


def total(bill: Bill) -> float:
    return sum(price.of(units) for price, units in bill.items())


def _sweeps_a_month(stack: Stack) -> float:
    hours = stack.settings.sweep_hours
    return HOURS_A_MONTH / hours if hours else 0


def _access_log(stack: Stack) -> list[str]:
    if not stack.access_log:
        return []
    return [json.dumps({k: ACCESS_LOG[v] for k, v in json.loads(stack.access_log).items()})]


def _deliveries(bills: Mapping[str, Bill]) -> Table:
    mix = mixed(bills, SHARES)
    table = _table("one delivery", "started", "succeeded", "failed", "a million, mixed")
    for price, units in mix.items():
        each = [_number(bills[name][price]) for name in SHARES]
        table.add_row(price.unit, *each, _dollars(price.of(units * MILLION)))
    totals = [_dollars(total(times(bills[name], MILLION))) for name in SHARES]
    mixed_total = total(times(mix, MILLION))
    table.add_row("a million of each", *totals, _dollars(mixed_total))
    table.add_row("goal", "", "", "", _goal(mixed_total, GOAL_A_MILLION))
    return table


def _logged(use: Use, stack: Stack) -> Table:
    metrics = [line for line in use.log if line.startswith('{"_aws"')]
    lines = {
        "the function's line": [line for line in use.log if line not in metrics],
        "its metrics": metrics,
        "Lambda's lines": PLATFORM_LOG,
        "access log": _access_log(stack),
    }
    table = _table("logged by a delivery of a failed run", "lines", "bytes", "dollars a million")
    for what, found in lines.items():
        size = log_bytes(found)
        dollars = _dollars(Price.LOG_GB.of(size * MILLION / GB))
        table.add_row(what, f"{len(found)}", f"{size}", dollars)
    return table


def _idle(bill: Bill) -> Table:
    beyond_free = sum(price.beyond_free(units) for price, units in bill.items())
    table = _table("an idle month", "units", "dollars", "beyond the free tier")
    for price, units in bill.items():
        dollars, beyond = price.of(units), price.beyond_free(units)
        table.add_row(price.unit, _number(units), _dollars(dollars), _dollars(beyond))
    table.add_row("in all", "", _dollars(total(bill)), _dollars(beyond_free))
    goals = (_goal(dollars, GOAL_IDLE) for dollars in (total(bill), beyond_free))
    table.add_row("goal", "", *goals)
    return table


def _bill(what: str, bill: Bill) -> Table:
    table = _table(what, "units", "dollars")
    for price, units in bill.items():
        table.add_row(price.unit, _number(units), _dollars(price.of(units)))
    table.add_row("in all", "", _dollars(total(bill)))
    return table


def _prices() -> Table:
    table = _table("price of", "dollars", "for", "free a month")
    for price in Price:
        listed = price.value
        table.add_row(
            f"{price.unit} ({listed.page})",
            f"{Decimal(str(listed.dollars)):f}",
            f"{listed.per:,}",
            f"{listed.free:,.0f}" if listed.free else "",
        )
    return table


def _table(first: str, *others: str) -> Table:
    """Markdown, for the document."""
    table = Table(first, box=box.MARKDOWN)
    for other in others:
        table.add_column(other, justify="right")
    return table


def _number(units: float) -> str:
    """Three digits of it, none of them in an exponent."""
    return f"{units:,.0f}" if units >= THOUSAND else f"{Decimal(f'{units:.3g}'):f}"


def _dollars(dollars: float) -> str:
    return f"{dollars:,.2f}" if dollars >= 0.005 or not dollars else f"{dollars:.5f}"


def _goal(dollars: float, goal: float) -> str:
    return f"≤ {goal:.2f}: {'met' if dollars <= goal else 'not met'}"


if __name__ == "__main__":
    main()
