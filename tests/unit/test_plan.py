"""Which files a run's archive has, and that no two of them share a key."""

import json
import re
from itertools import count, permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.run import event as events
from functions.run.event import RunEvent
from functions.run.keys import run_prefix
from functions.run.plan import (
    ListedResource,
    PlannedFile,
    plan_logs,
    plan_resources,
    unique_commands,
)

EXAMPLE = json.loads(
    (Path(__file__).parents[2] / "events" / "run_completed.json").read_text(encoding="utf-8")
)


def run_of(*commands: dict[str, Any]) -> RunEvent:
    return events.parse(json.dumps(EXAMPLE | {"commands": list(commands)}).encode())


def command(command_id: int, *resources: tuple[int, str], text: str = "dbt run") -> dict[str, Any]:
    return {
        "id": command_id,
        "command": text,
        "json_resources": [{"id": number, "path": path} for number, path in resources],
    }


def planned(run: RunEvent, *patterns: str, **listed: tuple[int, str]) -> list[PlannedFile]:
    resources = {
        int(name.removeprefix("of_")): [ListedResource(*resource)]
        for name, resource in listed.items()
    }
    return [
        file
        for command in unique_commands(run)
        for file in plan_resources(
            run_prefix(run), run, command, resources.get(command.id, ()), patterns
        )
    ]


def test_one_path_under_two_commands_is_two_files() -> None:
    run = run_of(command(1, (11, "target/manifest.json")), command(2, (21, "target/manifest.json")))
    assert [file.key.removeprefix(run_prefix(run)) for file in planned(run)] == [
        "01-dbt-run-1/target/manifest.json",
        "02-dbt-run-2/target/manifest.json",
    ]


def test_the_inventory_s_path_is_the_original_one() -> None:
    [file] = planned(run_of(command(1, (11, "../../\0etc/passwd"))))
    assert file.path == "../../\0etc/passwd"


def test_a_resource_that_the_event_names_needs_no_pattern() -> None:
    [file] = planned(run_of(command(1, (11, "target/graph.gpickle"))), "*.json")
    assert file.resource_id == 11


def test_a_listed_resource_needs_one() -> None:
    run = run_of(command(1), command(2))
    files = planned(run, "*.log", of_1=(11, "logs/dbt.log"), of_2=(21, "target/graph.gpickle"))
    assert [file.resource_id for file in files] == [11]


def test_a_resource_that_is_named_and_listed_is_one_file() -> None:
    run = run_of(command(1, (11, "logs/dbt.log")))
    assert len(planned(run, "*.log", of_1=(11, "logs/dbt.log"))) == 1


def test_a_command_that_the_payload_repeats_is_one_command() -> None:
    run = run_of(command(1, (11, "a.json")), command(1, (11, "a.json"), text="another text"))
    assert len(planned(run)) == 1


def test_of_twenty_thousand_commands_each_has_its_folder() -> None:
    run = run_of(*(command(number) for number in range(1, 20_001)))
    logs = {log.key for one in run.commands or () for log in plan_logs(run_prefix(run), run, one)}
    assert len(logs) == 40_000


@pytest.mark.parametrize(
    "path", ["stdout.log/x.json", "STDOUT.log", "stderr.log/a/b", "Stderr.Log"]
)
def test_no_resource_stands_in_the_way_of_a_log(path: str) -> None:
    [file] = planned(run_of(command(1, (11, path))))
    below = file.key.partition("01-dbt-run-1/")[2]
    assert re.fullmatch(rf"~[0-9a-f]{{16}}/{path}|(?i:std...)~[0-9a-f]{{16}}\.(?i:log)", below)


def test_what_the_api_lists_changes_no_key_of_what_the_event_names() -> None:
    run = run_of(command(1, (11, "target/a.json"), (12, "x.json/y.json")))
    named = {file.key for file in planned(run)}
    listed = planned(run, "*", of_1=(21, "target/A.json"))
    assert named < {file.key for file in listed}
    assert named < {file.key for file in planned(run, "*", of_1=(21, "x.json"))}


def test_the_order_in_which_the_api_lists_resources_decides_no_key() -> None:
    run = run_of(command(1))
    resources = [ListedResource(1, "a/B"), ListedResource(2, "a/b"), ListedResource(3, "a")]
    keys = {
        frozenset(
            (file.resource_id, file.key)
            for file in plan_resources("", run, unique_commands(run)[0], order, ["*"])
        )
        for order in permutations(resources)
    }
    assert len(keys) == 1


PATHS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            *("", ".", "stdout.log", "stderr.log", "a b", "a_b", "/a", "a", "a~1", "x/../a", "A"),
            *("a/b", "A/B/c", "stdout.log/x", "STDOUT.log", "a_b/c", "a b/c"),
        ]
    ),
)


@given(st.lists(st.lists(PATHS, max_size=6), min_size=1, max_size=4))
def test_all_files_of_any_run_have_keys_of_their_own_below_its_prefix(
    paths: list[list[str]],
) -> None:
    numbers = count(1)
    run = run_of(
        *(
            command(
                position, *((next(numbers), path.encode(errors="replace").decode()) for path in of)
            )
            for position, of in enumerate(paths, start=1)
        )
    )
    files = planned(run) + [
        log for one in run.commands or () for log in plan_logs(run_prefix(run), run, one)
    ]
    keys = {file.key.casefold() for file in files}
    assert len(keys) == len(files)
    assert not [key for key in keys for other in keys if other.startswith(f"{key}/")]
    assert all(file.key.startswith(run_prefix(run)) for file in files)
