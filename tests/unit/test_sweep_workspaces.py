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
    """Default credentials for the workspace `a`, and others of their own."""
    default = TOKEN | {"workspaces": ["a"]}
    return parse_api_secret(json.dumps({"default": default, "workspaces": workspaces}))


def unnamed() -> ApiSecret:
    """Default credentials that name no workspace."""
    return parse_api_secret(json.dumps({"default": TOKEN}))


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


def test_without_any_address_a_workspace_is_not_asked_about() -> None:
    left_by_a_sweep = NotedWorkspace(uid="a", resume_after="x")
    assert known_workspaces([left_by_a_sweep], secret(a=TOKEN)) == [
        Workspace(uid="a", api_url=None, resume_after="x")
    ]


def test_a_workspace_that_nobody_configured_is_not_asked_about() -> None:
    noted = NotedWorkspace(uid="invented", api_url="https://told", default_serves=True)
    assert known_workspaces([noted], secret()) == [Workspace(uid="invented", api_url=None)]


@pytest.mark.parametrize(("serves", "asked"), [(True, "https://told"), (False, None)])
def test_an_unnamed_default_asks_about_the_workspaces_that_it_serves(
    serves: bool, asked: str | None
) -> None:
    noted = NotedWorkspace(uid="a", api_url="https://told", default_serves=serves)
    assert known_workspaces([noted], unnamed()) == [Workspace(uid="a", api_url=asked)]


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
