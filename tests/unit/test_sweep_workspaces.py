"""Which workspaces are swept, and in which order their schedules."""

import json

import pytest

from functions.aws.workspaces import NotedWorkspace
from functions.paradime.bolt import ListedSchedule
from functions.paradime.credentials import ApiSecret, parse_api_secret
from functions.shared.errors import CredentialsMissingError
from functions.sweep.sweep import in_turn
from functions.sweep.workspaces import Workspace, known_workspaces

TOKEN = {"token": "prdm_wsp_abc"}


def secret(**workspaces: dict[str, str]) -> ApiSecret:
    return parse_api_secret(json.dumps({"default": TOKEN, "workspaces": workspaces}))


def test_a_workspace_that_deliveries_told_of_is_known() -> None:
    noted = NotedWorkspace(uid="a", api_url="https://told", name="jaffle", resume_after="x")
    assert known_workspaces([noted], secret()) == [
        Workspace(uid="a", api_url="https://told", name="jaffle", resume_after="x")
    ]


def test_a_workspace_that_the_secret_gives_an_address_is_known() -> None:
    assert known_workspaces([], secret(a=TOKEN | {"api_url": "https://given"})) == [
        Workspace(uid="a", api_url="https://given")
    ]


def test_the_address_in_the_secret_goes_before_the_one_told() -> None:
    noted = NotedWorkspace(uid="a", api_url="https://told", name="jaffle")
    assert known_workspaces([noted], secret(a=TOKEN | {"api_url": "https://given"})) == [
        Workspace(uid="a", api_url="https://given", name="jaffle")
    ]


def test_without_any_address_a_workspace_is_not_known() -> None:
    left_by_a_sweep = NotedWorkspace(uid="b", resume_after="x")
    assert known_workspaces([left_by_a_sweep], secret(a=TOKEN)) == []


def test_an_address_beside_credentials_changes_no_header() -> None:
    with_address = secret(a={"api_key": "k", "api_secret": "s", "api_url": "https://given"})
    assert with_address.headers("a") == {"X-API-KEY": "k", "X-API-SECRET": "s"}


def test_an_address_of_no_workspace_is_refused() -> None:
    with pytest.raises(CredentialsMissingError, match="default"):
        parse_api_secret(json.dumps({"default": TOKEN | {"api_url": "https://given"}}))


def schedules(*slugs: str) -> list[ListedSchedule]:
    return [ListedSchedule(name=slug, slug=slug) for slug in slugs]


@pytest.mark.parametrize(
    ("after", "order"),
    [
        (None, "abc"),
        ("a", "bca"),
        ("c", "abc"),
        ("bb", "cab"),
        ("zz", "abc"),
        ("0", "abc"),
    ],
    ids=["from the start", "behind one", "behind the last", "gone since", "beyond", "before all"],
)
def test_every_schedule_has_its_turn_behind_the_last_one(after: str | None, order: str) -> None:
    assert [schedule.key for schedule in in_turn(schedules(*"abc"), after)] == list(order)


def test_a_schedule_without_slug_is_asked_for_by_its_name() -> None:
    assert ListedSchedule(name="daily_run", slug=None).key == "daily_run"
