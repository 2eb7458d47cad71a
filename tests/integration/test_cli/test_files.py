"""`open` and `download`: a run's archive on this machine."""

import json
import re
import webbrowser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from functions.report.links import with_links
from tests.integration.test_cli.conftest import BoltArchive
from tests.integration.test_told_at_once import refused
from tests.integration.world import World

PREFIX = "runs/demo-jaffle-n0sg8br1m44k0ryj/daily_run/2023/10/15/63187/"
MANIFEST = "04-dbt-run-193442/target/manifest.json"


def put(world: World, key: str, body: bytes) -> None:
    boto3.client("s3").put_object(Bucket=world.bucket, Key=key, Body=body)


def rewrite_key(world: World, new: str) -> None:
    """As if somebody had written into the bucket: the inventory names another key."""
    inventory = json.loads(world.objects()[f"{PREFIX}archive.json"])
    [file] = [file for file in inventory["files"] if file["key"] == PREFIX + MANIFEST]
    put(world, new, world.objects()[file["key"]])
    file["key"] = new
    put(world, f"{PREFIX}archive.json", json.dumps(inventory).encode())


def below(world: World) -> dict[str, bytes]:
    """The archive of run 63187, by paths."""
    objects = world.objects().items()
    return {key.removeprefix(PREFIX): body for key, body in objects if key.startswith(PREFIX)}


def copied(world: World) -> dict[str, bytes]:
    """The same as a download leaves it: the page has links."""
    return {path: with_links(body) for path, body in below(world).items()}


def files_below(directory: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(directory)): file.read_bytes()
        for file in directory.rglob("*")
        if file.is_file()
    }


class TestDownload:
    def test_has_every_file_byte_for_byte(
        self, archived: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        ended = bolt_archive("download", "63187")
        assert ended.status == 0
        assert files_below(tmp_path / "63187") == copied(archived)

    def test_the_page_has_a_link_to_every_file(
        self, archived: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        bolt_archive("download", "63187")
        links = re.findall(r'href="\./([^"]+)"', (tmp_path / "63187" / "index.html").read_text())
        assert set(links) == set(below(archived)) - {"index.html"}

    def test_goes_where_it_is_told(
        self, archived: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        bolt_archive("download", "63187", "a/b")
        assert (tmp_path / "a" / "b" / "event.json").is_file()

    def test_again_leaves_alone_what_is_right(
        self, archived: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        bolt_archive("download", "63187")
        spoilt = tmp_path / "63187" / MANIFEST
        whole = spoilt.read_bytes()
        spoilt.write_bytes(b"spoilt")
        files = bolt_archive("download", "63187", "--json").json["files"]
        fetched = {file["path"] for file in files if file["outcome"] == "downloaded"}
        # What is made of the run is in no inventory, and fetched each time.
        assert fetched == {MANIFEST, "archive.json", "failures.json", "index.html"}
        assert spoilt.read_bytes() == whole

    def test_an_object_that_was_changed_is_not_kept(
        self, archived: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        put(archived, PREFIX + MANIFEST, b"{}")
        ended = bolt_archive("download", "63187")
        assert ended.status == 1
        assert MANIFEST in ended.err
        assert MANIFEST not in files_below(tmp_path / "63187")
        assert len(files_below(tmp_path / "63187")) == len(below(archived)) - 1

    def test_a_missing_object_is_reported(self, archived: World, bolt_archive: BoltArchive) -> None:
        boto3.client("s3").delete_object(Bucket=archived.bucket, Key=PREFIX + MANIFEST)
        ended = bolt_archive("download", "63187", "--json")
        broken = [file["path"] for file in ended.json["files"] if "error" in file]
        assert (ended.status, broken) == (1, [MANIFEST])

    def test_a_hostile_key_stays_below_the_directory(
        self, archived: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        rewrite_key(archived, f"{PREFIX}../../../escaped.json")
        assert bolt_archive("download", "63187", "inner").status == 0
        assert list(tmp_path.iterdir()) == [tmp_path / "inner"]
        assert not list(tmp_path.parent.glob("escaped*"))

    @pytest.mark.parametrize(
        "key",
        [
            pytest.param("04-dbt-run-193442/stdout.log/x.json", id="below a file"),
            pytest.param("04-dbt-run-193442", id="in the place of a folder"),
            pytest.param("04-dbt-run-193442/STDOUT.log", id="alike but for case"),
        ],
    )
    def test_keys_that_no_directory_can_hold_together_get_places_of_their_own(
        self, archived: World, bolt_archive: BoltArchive, tmp_path: Path, key: str
    ) -> None:
        """Archives made before 0.2.0 can have them."""
        rewrite_key(archived, PREFIX + key)
        assert bolt_archive("download", "63187").status == 0
        files = files_below(tmp_path / "63187")
        assert len({path.casefold() for path in files}) == len(below(archived))
        assert sorted(files.values()) == sorted(copied(archived).values())

    def test_what_would_be_written_through_a_link_is_reported(
        self, archived: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        mine = tmp_path / "mine"
        mine.write_bytes(b"mine")
        (tmp_path / "63187").mkdir()
        (tmp_path / "63187" / "event.json").symlink_to(mine)
        ended = bolt_archive("download", "63187")
        assert ended.status == 1
        assert "event.json is a link; remove it" in ended.err
        assert mine.read_bytes() == b"mine"

    def test_a_key_of_another_run_is_refused(
        self, archived: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        rewrite_key(archived, "runs/other/manifest.json")
        ended = bolt_archive("download", "63187")
        assert ended.status == 1
        assert "runs/other/manifest.json" in ended.err
        assert not list(tmp_path.iterdir())

    def test_an_archive_to_which_files_are_still_to_come_has_the_others(
        self, incomplete: World, bolt_archive: BoltArchive, tmp_path: Path
    ) -> None:
        ended = bolt_archive("download", "63187")
        assert ended.status == 1
        assert "lacks 1 file" in ended.err
        assert files_below(tmp_path / "63187") == copied(incomplete)
        assert f"still to come: {PREFIX}{MANIFEST}: " in ended.err

    def test_an_archive_of_which_nothing_could_be_stored_yet_says_why(
        self, world: World, bolt_archive: BoltArchive
    ) -> None:
        world.send(world.payload())
        with refused("PutObject"):
            world.receive()
        ended = bolt_archive("download", "63187")
        assert ended.status == 1
        assert "is waiting to be archived: S3" in ended.err

    @pytest.mark.parametrize(
        ("run", "why"), [("63189", "was not archived"), ("63188", "is waiting to be archived")]
    )
    def test_without_an_archive_it_says_why(
        self, archived: World, bolt_archive: BoltArchive, run: str, why: str
    ) -> None:
        ended = bolt_archive("download", run)
        assert ended.status == 1
        assert why in ended.err


class TestOpen:
    def test_print_gives_a_link_that_is_good_for_an_hour(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        ended = bolt_archive("open", "63187", "--print")
        link = urlsplit(ended.out.strip())
        assert ended.status == 0
        assert link.scheme == "https"
        assert link.path.endswith(f"{PREFIX}index.html")
        assert parse_qs(link.query)["X-Amz-Expires"] == ["3600"]

    def test_while_files_are_still_to_come_it_has_a_page(
        self, incomplete: World, bolt_archive: BoltArchive
    ) -> None:
        ended = bolt_archive("open", "63187", "--print")
        assert f"{PREFIX}index.html" in ended.out

    def test_the_browser_gets_the_link_and_the_terminal_does_not(
        self, archived: World, bolt_archive: BoltArchive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened: list[str] = []

        def browser(url: str) -> bool:
            opened.append(url)
            return True

        monkeypatch.setattr(webbrowser, "open", browser)
        ended = bolt_archive("open", "63187")
        assert "index.html" in opened[0]
        assert "X-Amz" not in ended.out

    def test_without_a_browser_the_link_is_printed(
        self, archived: World, bolt_archive: BoltArchive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(webbrowser, "open", lambda url: False)
        assert bolt_archive("open", "63187").out.startswith("https://")

    def test_an_archive_without_a_page_is_reported(
        self, archived: World, bolt_archive: BoltArchive
    ) -> None:
        boto3.client("s3").delete_object(Bucket=archived.bucket, Key=f"{PREFIX}index.html")
        ended = bolt_archive("open", "63187", "--print")
        assert ended.status == 1
        assert "replay n0sg8br1m44k0ryj/63187" in ended.err
