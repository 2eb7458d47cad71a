"""What of a delivery is understood, what is read as absent, and what is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.run.event import Deferral, Environment, RunEvent, Schedule, parse
from functions.run.outcome import run_failed, run_state
from functions.shared.errors import NotUnderstoodError

EVENTS = Path(__file__).parents[2] / "events"
EXAMPLE = json.loads((EVENTS / "run_completed.json").read_text(encoding="utf-8"))


def body(**changes: Any) -> bytes:
    return json.dumps(EXAMPLE | changes).encode()


# More than any stack holds, on every Python.
NESTED = 1_000_000


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in EXAMPLE.items() if key != name}).encode()


def with_command(**changes: Any) -> RunEvent:
    return parse(body(commands=[EXAMPLE["commands"][0] | changes]))


@pytest.mark.parametrize(("name", "completed"), [("run_completed", True), ("run_started", False)])
def test_the_shape_tells_the_event(name: str, completed: bool) -> None:
    assert parse((EVENTS / f"{name}.json").read_bytes()).completed == completed


@pytest.mark.parametrize(
    "name", ["id", "workspace", "schedule_name", "status", "start_dttm", "api_url"]
)
def test_what_a_run_needs_is_required(name: str) -> None:
    with pytest.raises(NotUnderstoodError, match=f"^{name}: "):
        parse(without(name))


@pytest.mark.parametrize(
    "name", ["run_url", "uuid", "error_string", "environment", "schedule", "end_dttm", "commands"]
)
def test_all_else_may_be_absent(name: str) -> None:
    parse(without(name))


OTHER_KINDS = [17, True, [], {"of": "another kind"}, 1e300, None]


@pytest.mark.parametrize(("code", "failed"), [(0, False), (1, True)])
def test_a_run_told_as_running_has_ended_only_if_something_failed(code: int, failed: bool) -> None:
    run = parse(body(status="running", commands=[EXAMPLE["commands"][0] | {"return_code": code}]))
    assert (run.completed, run_failed(run)) == (failed, failed)
    assert run_state(run) == ("failed" if failed else "running")


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize("name", ["return_code", "start_dttm", "end_dttm"])
def test_an_empty_text_for_a_commands_code_or_time_is_none(name: str, empty: object) -> None:
    assert getattr(with_command(**{name: empty}).commands[0], name) is None  # type: ignore[index]


def test_a_run_whose_end_is_an_empty_text_has_none() -> None:
    assert parse(body(end_dttm="")).end_dttm is None


@pytest.mark.parametrize("command", [None, 5, ["dbt", "run"]])
def test_a_command_without_text_is_a_command(command: object) -> None:
    assert with_command(command=command).commands[0].command == ""  # type: ignore[index]


@pytest.mark.parametrize("resources", [None, "", {}, 5])
def test_a_command_may_name_no_resources(resources: object) -> None:
    [command, *_] = with_command(json_resources=resources).commands or ()
    assert command.json_resources == []


@pytest.mark.parametrize("odd", [None, {"id": None, "path": "a"}, {"id": 1}, {"id": 1, "path": 2}])
def test_an_odd_resource_costs_no_more_than_itself(odd: object) -> None:
    [command, *_] = with_command(json_resources=[odd, {"id": 7, "path": "b"}]).commands or ()
    assert [(resource.id, resource.path) for resource in command.json_resources] == [(7, "b")]


@pytest.mark.parametrize("value", OTHER_KINDS)
def test_what_is_not_used_may_be_of_any_kind(value: object) -> None:
    assert parse(body(uuid=value)) == parse(body())


def with_schedule(**changes: Any) -> Schedule:
    return parse(body(schedule=EXAMPLE["schedule"] | changes)).schedule


DEFERRAL = {"enabled": True, "deferred_schedule_name": "nightly", "successful_runs_only": True}


def test_the_example_names_owner_and_environment_of_its_schedule() -> None:
    assert with_schedule() == Schedule(owner_email="fabio@paradime.io", environment="production")


@pytest.mark.parametrize("value", [*OTHER_KINDS, [[]] * 100_000])
def test_a_schedule_of_another_kind_says_nothing(value: object) -> None:
    assert parse(body(schedule=value)).schedule == Schedule()


@pytest.mark.parametrize(
    "name", ["owner_email", "environment", "turbo_ci", "deferred_schedule", "slack_on"]
)
@pytest.mark.parametrize(
    "value",
    [*map(json.dumps, OTHER_KINDS), "9" * 5_000, '{"enabled": "yes"}', "[[1e999]]", "NaN"],
    ids=range(len(OTHER_KINDS) + 4),
)
def test_a_setting_of_another_kind_costs_no_other(name: str, value: str) -> None:
    text = body(schedule=EXAMPLE["schedule"] | {name: "VALUE"}).decode()
    schedule = parse(text.replace('"VALUE"', value).encode()).schedule
    for other in {"owner_email", "environment"} - {name}:
        assert getattr(schedule, other) == EXAMPLE["schedule"][other]
    assert (schedule.deferral, schedule.is_turbo_ci) == (None, False)


def test_several_owners_are_one_text() -> None:
    assert with_schedule(owner_email="a@x, b@x").owner_email == "a@x, b@x"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"deferred_schedule_name": "nightly"}, ("nightly", None)),
        ({"deferred_schedule_slug": "nightly-1"}, ("nightly-1", None)),
        ({"deferred_manifest_schedule": "nightly"}, ("nightly", None)),
        ({"defer_environment_slug": "production"}, (None, "production")),
    ],
)
@pytest.mark.parametrize("name", ["turbo_ci", "deferred_schedule"])
def test_a_run_defers_to_a_schedule_or_an_environment(
    name: str, target: dict[str, str], expected: tuple[str | None, str | None]
) -> None:
    deferral = with_schedule(**{name: {"enabled": True} | target}).deferral
    assert deferral is not None
    assert (deferral.schedule, deferral.environment) == expected


def test_a_deferral_that_is_switched_off_is_none() -> None:
    schedule = with_schedule(turbo_ci=DEFERRAL | {"enabled": False}, deferred_schedule=DEFERRAL)
    assert not schedule.is_turbo_ci
    assert schedule.deferral == Deferral(enabled=True, deferred_schedule_name="nightly")
    assert with_schedule(deferred_schedule=DEFERRAL | {"enabled": False}).deferral is None


@pytest.mark.parametrize("value", ["7", 0, -1, [], None])
def test_an_odd_parent_is_none(value: object) -> None:
    assert parse(body(parent_schedule_run_id=value)).parent_schedule_run_id is None


@pytest.mark.parametrize("name", ["run_url", "error_string", "environment"])
@pytest.mark.parametrize("value", OTHER_KINDS)
def test_a_description_of_another_kind_is_read_as_absent(name: str, value: object) -> None:
    read = getattr(parse(body(**{name: value})), name)
    assert read is None or read == Environment()


@pytest.mark.parametrize(
    "run_id",
    [
        *("63187", "63187 or 1=1", "63187) {id} boltCommand(commandId: 1"),
        *(63187.0, 63187.5, 1e300, 0, -1, 2**63, 10**400),
        *(True, None, [63187], {"id": 63187}),
    ],
)
def test_an_id_is_a_positive_integer_of_64_bits(run_id: object) -> None:
    with pytest.raises(NotUnderstoodError, match=r"^id: "):
        parse(body(id=run_id))


def test_the_largest_id_is_understood() -> None:
    assert parse(body(id=2**63 - 1)).id == 2**63 - 1


@pytest.mark.parametrize(
    "uid",
    ["", "a" * 65, "a#1", "a/b", "../x", "a b", "a\n", "\u0430", "\0", 17, None],
)
def test_a_workspace_uid_is_a_plain_word(uid: object) -> None:
    with pytest.raises(NotUnderstoodError, match=r"^workspace\.uid: "):
        parse(body(workspace={"uid": uid, "name": "n"}))


@pytest.mark.parametrize("instant", ["soon", "", None, [], "2023-13-01 00:00:00", True, 1e300])
def test_a_start_that_is_no_instant_is_refused(instant: object) -> None:
    with pytest.raises(NotUnderstoodError, match=r"^start_dttm: "):
        parse(body(start_dttm=instant))


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_instant_outside_of_the_calendar_in_utc_is_refused(instant: str) -> None:
    with pytest.raises(NotUnderstoodError, match="out of range"):
        parse(body(start_dttm=instant))


def test_a_naive_instant_is_utc() -> None:
    assert parse(body()).start_dttm == datetime(2023, 10, 15, 16, 44, 1, 476190, UTC)


@pytest.mark.parametrize("code", [0, 1, -1, -(2**63), 2**63 - 1, None])
def test_a_return_code_is_an_integer_of_64_bits(code: int | None) -> None:
    assert with_command(return_code=code).commands[0].return_code == code  # type: ignore[index]


@pytest.mark.parametrize("code", [2**63, -(2**63) - 1, 10**40, 1.5, "none", [1]])
def test_any_other_return_code_is_refused(code: object) -> None:
    """One of over 38 digits is what DynamoDB cannot keep."""
    with pytest.raises(NotUnderstoodError, match=r"^commands\.0\.return_code: "):
        with_command(return_code=code)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(b"", "truncated", id="empty"),
        pytest.param(b"\xef\xbb\xbf{}", "invalid character", id="byte-order mark"),
        pytest.param("{}".encode("utf-16"), "invalid character", id="UTF-16"),
        pytest.param(b'{"id": NaN}', "id: ", id="NaN"),
        pytest.param(b'{"id": -Infinity}', "id: ", id="minus infinity"),
        pytest.param(b'{"x": ' + NESTED * b"[" + NESTED * b"]" + b"}", "nested", id="nesting"),
        pytest.param(NESTED * b'{"x":' + b"1" + NESTED * b"}", "nested", id="objects"),
        pytest.param(rb'{"status": "\ud800 and so on"}', "surrogate", id="lone surrogate"),
        pytest.param(rb'{"status": "\udc00 and so on"}', "surrogate", id="low surrogate"),
        pytest.param(b'{"status": "\xff"}', "UTF-8", id="no UTF-8"),
        pytest.param(b'{"id": ' + b"9" * 5000 + b"}", "^id: .* out of range", id="5,000 digits"),
        pytest.param(body() + b" {}", "trailing", id="two values"),
        pytest.param(b'{"id": 1', "truncated", id="cut"),
        pytest.param(b"null", "object", id="null"),
    ],
)
def test_what_is_no_event_is_refused_with_its_reason(text: bytes, reason: str) -> None:
    with pytest.raises(NotUnderstoodError, match=reason):
        parse(text)


def test_of_duplicate_keys_the_last_one_counts() -> None:
    """As in Python and JavaScript, so that people and we read the same in one body."""
    text = body().replace(b'"id": 63187', b'"id": 1, "id": 63187', 1)
    assert parse(text).id == json.loads(text)["id"] == 63187


def test_a_refusal_quotes_no_value() -> None:
    with pytest.raises(NotUnderstoodError) as refusal:
        parse(body(id="prdm_wsp_secret", start_dttm="prdm_wsp_secret"))
    assert "prdm_wsp_secret" not in str(refusal.value)


def test_a_repeated_command_has_the_place_of_its_first() -> None:
    command = EXAMPLE["commands"][0]
    event = parse(body(commands=[command | {"id": number} for number in (5, 7, 5, 9)]))
    assert event.positions == {5: 1, 7: 2, 9: 4}
