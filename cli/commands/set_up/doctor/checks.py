"""The checks of `doctor`, in order. None of them changes anything."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from cli.commands.set_up.doctor.advice import about_aws, about_no_stack, about_paradime
from cli.commands.set_up.doctor.finding import Finding, failed, ok, skipped, warning
from cli.secrets import webhook_secret
from cli.secrets.paradime import Asker
from cli.secrets.secrets_manager import read_secret
from cli.stack.options import StackChoice
from cli.stack.records import Record, list_runs, read_run, run_name
from cli.stack.target import Target
from cli.terminal.errors import CommandError
from functions.ingest.signature import parse_secret
from functions.paradime.credentials import ApiSecret, parse_api_secret
from functions.run.display import clock, counted, lasted
from functions.shared.errors import (
    AddressRefusedError,
    CredentialsMissingError,
    SignatureError,
    TryAgainError,
    UnavailableError,
)

# Svix disables an endpoint after five days of failures without notifying the receiver.
SILENCE = timedelta(days=5)
_RECENT_RUNS = 25
_STORE_DEFAULT = "bolt-archive configure api"
_ADD_CREDENTIALS = f"{_STORE_DEFAULT} --workspace {{}}"
# Beyond five minutes of difference, senders and receivers refuse each other's signatures.
_MOST_SKEW = timedelta(minutes=1)

Check = Callable[[Target], Finding]


def all_checks(choice: StackChoice, api_url: str | None) -> Iterator[Finding]:
    """Yields each finding as it is made; if there is no stack, the rest are skipped."""
    checks: dict[str, Check] = {
        "clock": clock_check,
        "webhook secret": webhook_secret_check,
        "API credentials": api_credentials_check,
        "Paradime's API": lambda target: paradime_check(target, api_url),
        "run queue": run_queue_check,
        "dead letters": dead_letters_check,
        "quarantine": quarantine_check,
        "last delivery": last_delivery_check,
        "alarms": alarms_check,
    }
    try:
        target = choice.find()
    except CommandError as e:
        yield failed("stack", str(e), about_no_stack(choice))
        yield from (skipped(name, "no stack to check") for name in checks)
        return
    yield ok("stack", f"{target.stack}, {target.webhook_url}")
    for name, check in checks.items():
        try:
            yield check(target)
        except (CommandError, ClientError, BotoCoreError, UnavailableError) as e:
            yield failed(name, str(e), about_aws(e))


def clock_check(target: Target) -> Finding:
    """Compares this machine's clock, by which `send` signs, with that of AWS."""
    answer = target.sqs.get_queue_attributes(
        QueueUrl=target.queue_url, AttributeNames=["CreatedTimestamp"]
    )
    theirs = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    difference = datetime.now(UTC) - theirs
    if abs(difference) > _MOST_SKEW:
        seconds = lasted(abs(difference).total_seconds())
        late_or_early = "ahead of" if difference > timedelta(0) else "behind"
        return warning(
            "clock",
            f"this machine's is {seconds} {late_or_early} AWS's",
            "Set it by the network's time: signatures are valid for five minutes.",
        )
    return ok("clock", "agrees with that of AWS")


def webhook_secret_check(target: Target) -> Finding:
    name = "webhook secret"
    stored = read_secret(target, target.webhook_secret)
    try:
        scheme = parse_secret(stored).scheme
        secrets = webhook_secret.fingerprints(stored)
    except SignatureError as e:
        return failed(name, str(e), "Store Paradime's: bolt-archive configure webhook")
    described = ", ".join(
        f"{fingerprint} for {', '.join(workspaces)}" if workspaces else fingerprint
        for fingerprint, workspaces in secrets.items()
    )
    return ok(name, f"{scheme}, {counted(len(secrets), 'secret')} ({described})")


def api_credentials_check(target: Target) -> Finding:
    """Whose credentials are stored. Default ones that name no workspaces are a warning."""
    name = "API credentials"
    try:
        secret = parse_api_secret(read_secret(target, target.api_secret))
    except CredentialsMissingError as e:
        advice = (
            "Fix that in Secrets Manager, or store it again: bolt-archive configure api, with "
            "--workspace UID for a workspace's own"
        )
        return failed(name, str(e), advice)
    if secret.default is None and not secret.workspaces:
        advice = f"Create an API key in Paradime, then store it: {_ADD_CREDENTIALS.format('UID')}"
        return failed(name, "none are stored, so no files can be fetched", advice)
    served = [*sorted(secret.workspaces)]
    if secret.default is None or secret.default_workspaces is not None:
        served += [f"{uid} (default)" for uid in sorted(secret.default_workspaces or ())]
        return ok(name, f"for {counted(len(served), 'workspace')}: {', '.join(served)}")
    known = sorted(one.uid for one in Asker(target).workspaces.read() if one.default_serves)
    served += [f"{uid} (default)" for uid in known] or ["the first one that delivers (default)"]
    named = " ".join(f"--serves {uid}" for uid in known or ["UID"])
    return warning(
        name,
        f"the default credentials name no workspaces; they serve {', '.join(served)}",
        f"Name those that the default serves: bolt-archive configure api {named}",
    )


def paradime_check(target: Target, api_url: str | None) -> Finding:
    """Sends Paradime a harmless query for each workspace with a recent run.

    Before the first delivery, it is sent for each that the API secret names.
    """
    name = "Paradime's API"
    try:
        secret = parse_api_secret(read_secret(target, target.api_secret))
    except CredentialsMissingError as e:
        return failed(name, str(e), "Fix the API credentials first.")
    latest = {record["workspace_uid"]: record for record in reversed(_recent_runs(target))}
    addresses = {uid: api_url or str(record["api_url"]) for uid, record in latest.items()}
    if not addresses and api_url is None:
        return skipped(name, "address unknown before the first delivery; set it with --api-url")
    if not addresses and api_url:
        served = {*secret.workspaces, *(secret.default_workspaces or ())}
        addresses = dict.fromkeys(sorted(served), api_url)
    if not addresses:
        return skipped(name, "no workspace known before the first delivery")
    named = urlsplit(api_url).hostname if api_url else None
    asker = Asker(target, hosts=[named] if named else [])
    lacking = []
    for uid, url in addresses.items():
        try:
            asker.ask(uid, url)
        except AddressRefusedError as e:
            advice = (
                "If it is right, add its host to the setting apiHosts; to test it, use --api-url."
            )
            return failed(name, f"workspace {uid}: {e}", advice)
        except CredentialsMissingError:
            lacking.append(uid)
        except TryAgainError as e:
            advice = about_paradime(e, url, _configure(secret, uid))
            return failed(name, f"workspace {uid}: {urlsplit(url).netloc}: {e}", advice)
    if lacking:
        advice = f"Add them, unless somebody made it up: {_ADD_CREDENTIALS.format(lacking[0])}"
        return failed(name, f"no credentials for workspace {', '.join(lacking)}", advice)
    answered = ", ".join(sorted({urlsplit(url).netloc for url in addresses.values()}))
    return ok(
        name, f"{answered} accepts the credentials for {counted(len(addresses), 'workspace')}"
    )


def _configure(secret: ApiSecret, uid: str) -> str:
    """What stores the credentials that serve the workspace anew."""
    return _ADD_CREDENTIALS.format(uid) if uid in secret.workspaces else _STORE_DEFAULT


def run_queue_check(target: Target) -> Finding:
    """How many wait, and whether the fetch function still takes them."""
    waiting, hidden = _message_counts(target, target.queue_url)
    arn = target.sqs.get_queue_attributes(QueueUrl=target.queue_url, AttributeNames=["QueueArn"])[
        "Attributes"
    ]["QueueArn"]
    functions = target.session.client("lambda", endpoint_url=target.endpoint_url)
    for mapping in functions.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]:
        if mapping["State"] in ("Disabled", "Disabling"):
            return failed(
                "run queue",
                f"{waiting} waiting, and no function takes them: the event source mapping is off",
                f"Switch it on: aws lambda update-event-source-mapping --uuid {mapping['UUID']} "
                "--enabled",
            )
    return ok("run queue", f"{waiting} waiting, {hidden} in progress or waiting for a retry")


def dead_letters_check(target: Target) -> Finding:
    count = sum(_message_counts(target, target.dead_letter_url))
    if not count:
        return ok("dead letters", "none")
    advice = "To see why: bolt-archive dead-letters. Once that is fixed: bolt-archive redrive"
    return failed("dead letters", f"{counted(count, 'run')} given up", advice)


def quarantine_check(target: Target) -> Finding:
    count = sum(_message_counts(target, target.quarantine_url))
    if not count:
        return ok("quarantine", "none")
    advice = "To see why: bolt-archive quarantine list"
    return failed("quarantine", f"{counted(count, 'delivery')} not understood", advice)


def last_delivery_check(target: Target) -> Finding:
    """Looks at the latest runs, since no index has the time of a delivery."""
    name = "last delivery"
    recent = _recent_runs(target)
    if not recent:
        advice = f"Add {target.webhook_url} to Paradime's webhook endpoints."
        return failed(name, "none yet", advice)
    latest = datetime.fromisoformat(max(str(record["last_received_at"]) for record in recent))
    age = datetime.now(UTC) - latest
    detail = f"{lasted(age.total_seconds())} ago, {clock(latest)}"
    if age > SILENCE:
        advice = (
            "If schedules have run since then, check in Paradime's webhook settings that the "
            "endpoint is still enabled."
        )
        return warning(name, detail, advice)
    return ok(name, detail)


def alarms_check(target: Target) -> Finding:
    """The stack's own alarms, by name: a prefix could match those of other stacks."""
    pages = target.cloudformation.get_paginator("list_stack_resources").paginate(
        StackName=target.stack
    )
    names = [
        resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::CloudWatch::Alarm"
    ]
    if not names:
        return ok("alarms", "the stack has none")
    # One call accepts at most 100 names.
    answer = target.cloudwatch.describe_alarms(AlarmNames=names[:100])
    ringing = [alarm for alarm in answer["MetricAlarms"] if alarm["StateValue"] == "ALARM"]
    if not ringing:
        return ok("alarms", f"{counted(len(names), 'alarm')}, none ringing")
    detail = "; ".join(
        f"{alarm['AlarmName']}: {alarm.get('AlarmDescription') or alarm.get('StateReason')}"
        for alarm in ringing
    )
    return failed("alarms", detail, "docs/runbook.md has an entry for each.")


def _message_counts(target: Target, url: str) -> tuple[int, int]:
    """How many messages can be received, and how many cannot at the moment."""
    attributes = target.sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return (
        int(attributes["ApproximateNumberOfMessages"]),
        int(attributes["ApproximateNumberOfMessagesNotVisible"]),
    )


def _recent_runs(target: Target) -> list[Record]:
    return [read_run(target, run_name(run)) for run in islice(list_runs(target), _RECENT_RUNS)]
