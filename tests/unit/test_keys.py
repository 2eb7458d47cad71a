"""Whatever a payload or the API calls things, a run's keys stay below its prefix and apart."""

import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.run import event as events
from functions.run.event import RunEvent
from functions.run.keys import (
    STDERR,
    STDOUT,
    apart,
    command_folder,
    resource_path,
    run_prefix,
)

EXAMPLE = json.loads(
    (Path(__file__).parents[2] / "events" / "run_completed.json").read_text(encoding="utf-8")
)
MAX_KEY_BYTES = 1024
RIGHT_TO_LEFT_MARK = "\u200f"
RIGHT_TO_LEFT_OVERRIDE = "\u202e"


def event(**changes: Any) -> RunEvent:
    return events.parse(json.dumps(EXAMPLE | changes).encode())


def plain(path: str) -> str:
    return resource_path(path, resource_id=7, shared=False)


def assert_stays_below(relative: str) -> None:
    """As an object's key, and as a path into which a key is downloaded."""
    parts = relative.split("/")
    assert all(part.strip(".") for part in parts), f"{relative!r} has an empty or a dot part"
    assert set(relative) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-~/"
    )


HOSTILE_PATHS = {
    "parent": "../../../../runs/other/event.json",
    "parent in the middle": "target/../../manifest.json",
    "absolute": "/etc/passwd",
    "backslashes": "..\\..\\windows\\system32",
    "drive letter": "C:\\target\\manifest.json",
    "UNC": "\\\\server\\share\\manifest.json",
    "empty": "",
    "a dot": ".",
    "two dots": "..",
    "dots only": "....",
    "dots and slashes": "./../.../",
    "slash": "/",
    "slash at the end": "target/",
    "double slash": "target//manifest.json",
    "blank": " ",
    "NUL": "target/\0manifest.json",
    "control characters": "target/\x01\x1b[31m\r\nmanifest.json",
    "right-to-left mark": f"target/{RIGHT_TO_LEFT_MARK}nosj.tsefinam",
    "right-to-left override": f"target/{RIGHT_TO_LEFT_OVERRIDE}nosj.tsefinam",
    "emoji": "target/\U0001f4a5.json",
    "lone surrogate": "target/\ud800.json",
    "markup": "<script>alert(1)</script>.json",
    "percent": "%2e%2e/%2e%2e/event.json",
    "5,000 characters": "a" * 5000,
    "5,000 characters with a suffix": "a" * 4995 + ".json",
    "5,000 characters, all suffix": "x." + "a" * 4998,
    "5,000 folders": "a/" * 2500,
    "5,000 parents": "../" * 1700,
    "cut to a parent": "x../" + "a" * 509,
    "cut to a dot": "x./" + "a" * 510,
    "of four-byte characters": "\U0001f4a5" * 5000,
    "the console log's": STDOUT,
    "the error log's": STDERR,
    "a digest's": "target/manifest~0123456789abcdef.json",
    "the run's inventory": "../archive.json",
    "tilde": "~/.ssh/id_rsa",
}


@pytest.mark.parametrize("path", HOSTILE_PATHS.values(), ids=HOSTILE_PATHS.keys())
def test_a_hostile_path_stays_below_its_command(path: str) -> None:
    assert_stays_below(plain(path))


def test_hostile_paths_have_keys_of_their_own() -> None:
    assert len({plain(path) for path in HOSTILE_PATHS.values()}) == len(HOSTILE_PATHS)


@pytest.mark.parametrize(
    "path",
    [
        "target/manifest.json",
        "logs/dbt.log",
        "target/compiled/jaffle/models/marts/customer_lifetime_value.sql",
        "README",
        ".user.yml",
        "target/..hidden",
    ],
)
def test_a_plain_path_is_kept(path: str) -> None:
    assert plain(path) == path


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("target/a b.json", "target/a_b.json", id="a blank and what replaces it"),
        pytest.param("target/a b.json", "target/a\tb.json", id="a blank and a tab"),
        pytest.param("target/x.json", "/target/x.json", id="relative and absolute"),
        pytest.param("target/x.json", "target\\x.json", id="slash and backslash"),
        pytest.param("target/x.json", "target/./x.json", id="a dot part"),
        pytest.param("a" * 600, "b" + "a" * 599, id="cut to the same end"),
        pytest.param("\ud800", "\udfff", id="two lone surrogates"),
        pytest.param("", ".", id="nothing left of either"),
    ],
)
def test_two_paths_that_collide_after_cleaning_have_two_keys(one: str, other: str) -> None:
    assert plain(one) != plain(other)


def test_one_path_of_two_resources_has_two_keys() -> None:
    keys = {resource_path("target/x.json", resource_id=i, shared=True) for i in (1, 2)}
    assert keys == {"target/x~1.json", "target/x~2.json"}


@given(st.lists(st.text(max_size=600), unique=True, max_size=20))
def test_any_paths_stay_below_and_apart(paths: list[str]) -> None:
    keys = [plain(path) for path in paths]
    assert len(set(keys)) == len(keys)
    for key in keys:
        assert_stays_below(key)


SEGMENTS = st.sampled_from(
    ["..", ".", "", "...", "a", "x..", ".x", "a" * 300, "\\", "\0", "~", "é"]
)


@given(st.lists(SEGMENTS, max_size=40).map("/".join), st.integers(1, 2**63 - 1), st.booleans())
def test_any_path_of_dots_and_slashes_stays_below(
    path: str, resource_id: int, shared: bool
) -> None:
    assert_stays_below(resource_path(path, resource_id=resource_id, shared=shared))


def test_the_prefix_of_plain_names_is_made_of_them() -> None:
    assert run_prefix(event()) == "runs/demo-jaffle-n0sg8br1m44k0ryj/daily_run/2023/10/15/63187/"


def of_workspace(name: str | None, uid: str) -> str:
    return run_prefix(event(workspace={"name": name, "uid": uid})).casefold()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("demo-jaffle", "b-x"), ("demo-jaffle-b", "x")),
        (("demo", "abc"), ("demo", "ABC")),
        (("demo", "Abc-d"), ("demo", "aBC-D")),
        ((None, "x-y"), ("workspace-x", "y")),
    ],
)
def test_two_workspaces_share_no_prefix(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert of_workspace(*one) != of_workspace(*other)


NAMES = st.text("aAbB-_ .", max_size=5) | st.text(max_size=5)
UIDS = st.text("aAbB-_0", min_size=1, max_size=4)


@given(st.tuples(NAMES, UIDS), st.tuples(NAMES, UIDS))
def test_any_two_workspaces_share_no_prefix(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert one[1] == other[1] or of_workspace(*one) != of_workspace(*other)


@given(NAMES, NAMES)
def test_any_two_schedules_share_no_folder(one: str, other: str) -> None:
    prefixes = {run_prefix(event(schedule_name=name)).casefold() for name in (one, other)}
    assert len(prefixes) == len({one, other})


@pytest.mark.parametrize("name", ["hourly run", "Daily", "a" * 81, "über", "", "schedule."])
def test_a_schedule_s_name_that_had_to_be_changed_is_marked(name: str) -> None:
    folder = run_prefix(event(schedule_name=name)).split("/")[2]
    assert re.fullmatch(r"[A-Za-z0-9._-]+~[0-9a-f]{8}", folder)


@pytest.mark.parametrize("name", ["daily_run", "nightly", "a" * 80, "v1.2-rc"])
def test_a_plain_schedule_s_name_is_kept(name: str) -> None:
    assert run_prefix(event(schedule_name=name)).split("/")[2] == name


def assert_apart(paths: list[str]) -> None:
    """As files, even where case does not count."""
    files = {path.casefold() for path in paths}
    assert len(files) == len(paths)
    assert not [path for path in files for other in files if other.startswith(f"{path}/")]


@pytest.mark.parametrize(
    ("paths", "moved"),
    [
        (["target/a.json", "Target/A.json"], [1]),
        (["x.json", "x.json/y.json", "x.json/y.json/z"], [1, 2]),
        (["x.json/y.json", "X.json", "x.json/z.json"], [1]),
        (["a", "b/A", "b/a/c", "B/a"], [2, 3]),
        (["target/manifest.json", "target/run_results.json", "target"], [2]),
    ],
)
def test_a_path_that_would_meet_an_earlier_one_gets_a_folder_of_its_own(
    paths: list[str], moved: list[int]
) -> None:
    found = apart(paths)
    assert_apart(found)
    assert [at for at, path in enumerate(found) if path != paths[at]] == moved
    assert all(found[at].endswith(f"/{paths[at]}") for at in moved)


@given(st.lists(st.lists(st.sampled_from("aAbc"), min_size=1, max_size=4), max_size=12))
def test_any_paths_are_apart(paths: list[list[str]]) -> None:
    unique = list(dict.fromkeys("/".join(path) for path in paths))
    assert_apart(apart(unique))


def test_many_deep_paths_are_apart_without_filling_the_memory() -> None:
    """All their folders' names together have 30 MB."""
    paths = [f"{number:05}{'/a' * 250}" for number in range(400)]
    tracemalloc.start()
    assert apart(paths) == paths
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * 1024**2


HOSTILE_NAMES = [
    "",
    "..",
    "../../etc",
    "/",
    "-",
    "a" * 5000,
    "\U0001f4a5" * 5000,
    "<script>alert(1)</script>",
    "line\nbreak",
    "\0",
    f"{RIGHT_TO_LEFT_OVERRIDE}emanelif",
    "runs/other-workspace/other",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_one_part_of_the_prefix(name: str) -> None:
    prefix = run_prefix(
        event(schedule_name=name, workspace={"name": name, "uid": "n0sg8br1m44k0ryj"})
    )
    assert prefix.startswith("runs/")
    assert prefix.endswith("-n0sg8br1m44k0ryj/" + prefix.split("/", 2)[2])
    assert prefix.endswith("/2023/10/15/63187/")
    assert prefix.count("/") == 7
    assert_stays_below(prefix.rstrip("/"))


@pytest.mark.parametrize("command", HOSTILE_NAMES)
def test_a_hostile_command_is_one_folder(command: str) -> None:
    run = event(commands=[EXAMPLE["commands"][0] | {"command": command, "id": 7}])
    assert run.commands is not None
    folder = command_folder(run, run.commands[0])
    assert folder.startswith("01-")
    assert folder.endswith("-7/")
    assert folder.count("/") == 1
    assert_stays_below(folder.rstrip("/"))


@pytest.mark.parametrize(
    ("command", "folder"),
    [
        ("git clone ...", "01-git-clone-7/"),
        ("dbt build --exclude resource_type:seed", "01-dbt-build-7/"),
        ("dbt --token 0penSesame run", "01-dbt-7/"),
        ("TOKEN=0penSesame dbt run", "01-command-7/"),
        ("TOKEN='a 0penSesame' dbt run", "01-command-7/"),
        ("curl https://0penSesame@example.com/", "01-curl-7/"),
        ("curl https://example.com/?key=0penSesame", "01-curl-7/"),
        ("clone bot:0penSesame@example.com:a/b", "01-clone-7/"),
    ],
)
def test_a_command_s_folder_is_named_after_what_stands_before_all_secrets(
    command: str, folder: str
) -> None:
    run = event(commands=[EXAMPLE["commands"][0] | {"command": command, "id": 7}])
    assert run.commands is not None
    assert command_folder(run, run.commands[0]) == folder


def test_the_longest_key_is_one_that_s3_takes() -> None:
    largest = 2**63 - 1
    run = event(
        id=largest,
        schedule_name="s" * 5000,
        workspace={"name": "w" * 5000, "uid": "u" * 64},
        commands=[EXAMPLE["commands"][0] | {"command": "c" * 5000, "id": largest}] * 20_000,
    )
    assert run.commands is not None
    for path in HOSTILE_PATHS.values():
        key = (
            run_prefix(run)
            + command_folder(run, run.commands[0])
            + resource_path(path, resource_id=largest, shared=True)
        )
        assert len(key.encode()) <= MAX_KEY_BYTES
