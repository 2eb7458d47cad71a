"""Is everything there, and as it was sent and served? Each fault is a sentence."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from local.standin import Run
from tests.e2e.client import Client, Record
from tests.soak.plan import Plan


def shortcomings(client: Client, plan: Plan) -> list[str]:
    records = {int(record["run_id"]): record for record in client.records()}
    found = [*_in_queues(client), *_in_records(plan, records)]
    archived = [run for run in plan.runs if records.get(run.run_id, {}).get("archive_prefix")]
    with ThreadPoolExecutor(8) as pool:
        bodies = {
            planned.run_id: planned.body for planned in plan.deliveries if _is_end(planned.body)
        }
        look = partial(_in_archive, client, records, bodies)
        for shortcoming in pool.map(look, archived):
            found += shortcoming
    return found


def _is_end(body: bytes) -> bool:
    return b'"end_dttm"' in body


def _in_queues(client: Client) -> Iterator[str]:
    outputs = client.outputs
    for name, url in {
        "run": outputs.queue_url,
        "dead-letter": outputs.dlq_url,
        "quarantine": outputs.quarantine_url,
    }.items():
        if not client.is_empty(url):
            yield f"the {name} queue is not empty: {client.messages(url)[:3]}"


def _in_records(plan: Plan, records: dict[int, Record]) -> Iterator[str]:
    ids = {run.run_id for run in plan.runs}
    if strangers := records.keys() - ids:
        yield f"there are records of other runs: {sorted(strangers)[:3]}"
    deliveries = Counter(run_id for _, run_id in {(d.key, d.run_id) for d in plan.deliveries})
    for run in plan.runs:
        record = records.get(run.run_id, {})
        failed = run.state == "FAILED"
        seen = {
            "state": record.get("state"),
            "archive_state": record.get("archive_state"),
            "missing_count": record.get("missing_count"),
            "deliveries": len(record.get("delivery_ids", ())),
        }
        right = {
            "state": "failed" if failed else "succeeded",
            "archive_state": "archived" if failed else None,
            "missing_count": 0 if failed else None,
            "deliveries": deliveries[run.run_id],
        }
        if seen != right:
            error = record.get("archive_error")
            yield f"the record of run {run.run_id} says {seen}, not {right} ({error})"


def _in_archive(
    client: Client, records: dict[int, Record], bodies: dict[int, bytes], run: Run
) -> list[str]:
    prefix = records[run.run_id]["archive_prefix"]
    objects = client.objects(prefix)
    inventory = json.loads(objects[f"{prefix}archive.json"])
    keys = {(file["command_id"], file["path"]): file["key"] for file in inventory["files"]}
    return list(_differences(run, prefix, objects, keys, bodies[run.run_id]))


def _differences(
    run: Run,
    prefix: str,
    objects: dict[str, bytes],
    keys: dict[tuple[int, str], str],
    body: bytes,
) -> Iterator[str]:
    served = dict(_served(run))
    if keys.keys() != served.keys():
        yield f"the inventory of run {run.run_id} has {sorted(keys)}, not {sorted(served)}"
        return
    for file, content in served.items():
        if objects.get(keys[file]) != content:
            yield f"{keys[file]} is not what was served"
    if objects.get(f"{prefix}event.json") != body:
        yield f"{prefix}event.json is not what was delivered"
    beside = {key.removeprefix(prefix) for key in objects.keys() - set(keys.values())}
    if strangers := [key for key in beside if "/" in key]:
        yield f"below {prefix} there is also {sorted(strangers)}"


def _served(run: Run) -> Iterable[tuple[tuple[int, str], bytes]]:
    for command in run.commands:
        yield (command.id, "stdout.log"), command.stdout.encode()
        yield (command.id, "stderr.log"), command.stderr.encode()
        for resource in command.resources:
            assert isinstance(resource.content, bytes)
            yield (command.id, resource.path), resource.content
