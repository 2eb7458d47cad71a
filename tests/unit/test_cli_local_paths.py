"""Whatever a key says, its file lies below the chosen directory, in a place of its own."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.commands.look.download.local_paths import local_path

PARTS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["..", ".", "", "~", "con", "a\\b", "C:", "a.", "-rf", "%2e%2e"]
)
PATHS = st.lists(PARTS, min_size=1, max_size=5).map("/".join)


@pytest.mark.parametrize(
    "path",
    [
        "event.json",
        "04-dbt-run-193442/target/manifest.json",
        "01-x-1/target/a~0123456789abcdef.json",
    ],
)
def test_a_path_that_the_archive_has_stays_as_it_is(path: str) -> None:
    assert str(local_path(path)) == path


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "a/../../b",
        "..\\..\\windows",
        "C:\\autoexec.bat",
        "a/./b",
        "a//b",
        "nul.json",
        "COM1",
        "a./b",
        "a\x00b",
        "a\x1b[2J",
    ],
)
def test_a_path_that_would_lead_elsewhere_is_changed(path: str) -> None:
    local = local_path(path)
    assert str(local) != path
    assert set("".join(local.parts)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-"
    )


@given(PATHS)
def test_every_path_stays_below_the_directory(path: str) -> None:
    root = Path("/root-of-all")
    local = local_path(path)
    assert not local.is_absolute()
    assert ".." not in local.parts
    assert (root / local).resolve().is_relative_to(root)


@given(PATHS, PATHS)
def test_two_paths_never_become_one(one: str, other: str) -> None:
    assert (local_path(one) == local_path(other)) == (one == other)
