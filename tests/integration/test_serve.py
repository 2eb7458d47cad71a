"""What `serve` shows of an archive: over HTTP, with nothing but what a browser sends."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import boto3
import pytest

from cli.serve.routes import node_address, run_address, schedule_address
from cli.serve.server import Server
from cli.serve.site import Site
from tests.integration.nights import SCHEDULE, WORKSPACE, Night
from tests.integration.served import project_listed, target_of
from tests.integration.world import World

NIGHTS = (
    Night(1, 0, ("model.jaffle.orders",)),
    Night(2, 24, ("model.jaffle.orders", "model.jaffle.payments")),
    Night(3, 48),
    Night(4, 72, ("model.jaffle.payments", "model.jaffle.late")),
)
RUN = run_address(WORKSPACE, 63187)


@dataclass(frozen=True)
class Shown:
    status: int
    headers: dict[str, str]
    text: str


@dataclass(frozen=True)
class Reader:
    """Asks a server as a browser does that has opened the first address."""

    server: Server

    def get(self, address: str, method: str = "GET", **headers: str) -> Shown:
        return self.ask(
            address, method, Cookie=self.server.guard.cookie.partition(";")[0], **headers
        )

    def ask(self, address: str, method: str = "GET", **headers: str) -> Shown:
        connection = HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        try:
            connection.request(method, address, headers=headers)
            answer: HTTPResponse = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Shown(answer.status, found, answer.read().decode(errors="replace"))
        finally:
            connection.close()


@pytest.fixture
def reader(world: World) -> Iterator[Reader]:
    project_listed(world)
    with Server(Site(target_of(world))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Reader(server)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def archived(world: World) -> World:
    """Four nights of a schedule, and run 63187 of another one; all that failed is archived."""
    for night in NIGHTS:
        night.add_to(world.standin)
        world.send(night.payload(world.standin.api_url))
    world.send(world.payload())
    world.drain()
    return world


class TestWhoMayLook:
    def test_without_the_token_nothing_is_shown(self, archived: World, reader: Reader) -> None:
        for address in ("/", RUN, f"{RUN}event.json", "/style.css", "/?token=guessed"):
            shown = reader.ask(address)
            assert (shown.status, "daily_run" in shown.text) == (403, False)

    def test_the_first_address_gives_the_cookie_that_opens_the_rest(self, reader: Reader) -> None:
        first = urlsplit(reader.server.guard.first_address)
        shown = reader.ask(f"{first.path}?{first.query}")
        cookie = shown.headers["set-cookie"].partition(";")[0]
        assert reader.ask("/", Cookie=cookie).status == 200

    @pytest.mark.parametrize(
        "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}]
    )
    def test_even_with_the_cookie_a_foreign_page_is_refused(
        self, reader: Reader, headers: dict[str, str]
    ) -> None:
        assert reader.get("/", **headers).status == 403

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    def test_nothing_can_be_changed(self, reader: Reader, method: str) -> None:
        assert reader.get("/", method).status == 501

    def test_every_answer_lets_the_browser_run_and_keep_nothing(
        self, archived: World, reader: Reader
    ) -> None:
        answers = [reader.get(a) for a in ("/", "/style.css", RUN, f"{RUN}event.json", "/none")]
        for shown in [*answers, reader.ask("/"), reader.get("/", "POST")]:
            headers = shown.headers
            assert headers["content-security-policy"].startswith("default-src 'none'")
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert headers["referrer-policy"] == "no-referrer"
            assert not [name for name in headers if name.startswith("access-control")]

    def test_only_this_machine_is_listened_to(self, reader: Reader) -> None:
        assert reader.server.server_address[0] == "127.0.0.1"


class TestHome:
    def test_what_fails_comes_first_and_says_why_and_since_when(
        self, archived: World, reader: Reader
    ) -> None:
        other = Night(9, 200, schedule="fine")
        archived.send(other.payload(archived.standin.api_url))
        text = reader.get("/").text
        assert text.index("daily_run</a>") < text.index("fine</a>")
        assert "failing since 2023-10-15 16:44:01, 1 run in a row" in text
        assert "customer_lifetime_value: Binder Error" in text
        assert "2 of 3 schedules fail" in text

    def test_a_schedule_has_a_strip_of_its_runs(self, archived: World, reader: Reader) -> None:
        text = reader.get("/?schedule=nightly").text
        strip = [text.index(f'href="{run_address(WORKSPACE, n.run_id)}"') for n in NIGHTS]
        assert strip == sorted(strip)
        assert text.count("cell broken-run") == 3

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("state=succeeding", set()),
            ("state=failing", {"nightly", "daily_run"}),
            ("q=binder+ERROR", {"daily_run"}),
            ("schedule=nightly", {"nightly"}),
            ("branch=main&q=daily", {"daily_run"}),
            ("owner=nobody", set()),
        ],
    )
    def test_it_can_be_filtered(
        self, archived: World, reader: Reader, query: str, shown: set[str]
    ) -> None:
        text = reader.get(f"/?{query}").text
        assert {name for name in ("nightly", "daily_run") if f"{name}</a>" in text} == shown

    def test_with_no_runs_it_says_what_to_do(self, reader: Reader) -> None:
        assert "bolt-archive doctor" in reader.get("/").text


class TestSchedule:
    def test_it_lists_its_runs_and_what_fails_most_often(
        self, archived: World, reader: Reader
    ) -> None:
        text = reader.get(schedule_address(WORKSPACE, SCHEDULE)).text
        assert all(f">{night.run_id}</a>" in text for night in NIGHTS)
        assert "failing since 2026-03-05 02:00:00, 1 run in a row" in text
        assert text.index("<b>late</b>") > text.index("<b>payments</b>")
        assert re.search('>2 .</span> <a href="/node.name=model.jaffle.payments">', text)

    def test_older_runs_are_one_link_away(
        self, archived: World, reader: Reader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cli.serve.schedule.MOST_RUNS", 2)
        text = reader.get(schedule_address(WORKSPACE, SCHEDULE)).text
        assert "after=3" in text
        older = reader.get(schedule_address(WORKSPACE, SCHEDULE, "3")).text
        assert ">2</a>" in older
        assert ">4</a>" not in older


class TestRun:
    def test_the_archives_page_has_links_to_files_that_are_there(
        self, archived: World, reader: Reader
    ) -> None:
        page = reader.get(RUN).text
        for path in ("event.json", "04-dbt-run-193442/stdout.log"):
            assert f'href="./{path}"' in page
            assert reader.get(RUN + path).status == 200

    def test_a_file_comes_byte_for_byte(self, archived: World, reader: Reader) -> None:
        [key] = [k for k in archived.object_keys() if k.endswith("04-dbt-run-193442/stdout.log")]
        shown = reader.get(f"{RUN}04-dbt-run-193442/stdout.log")
        assert shown.text.encode() == archived.objects()[key]
        assert shown.headers["content-type"] == "text/plain; charset=utf-8"

    def test_what_somebody_stored_as_a_page_is_text(self, archived: World, reader: Reader) -> None:
        [key] = [k for k in archived.object_keys() if k.endswith("63187/event.json")]
        boto3.client("s3").put_object(
            Bucket=archived.bucket,
            Key=key.replace("event.json", "evil.html"),
            Body=b"<script>alert(1)</script>",
            ContentType="text/html",
        )
        shown = reader.get(f"{RUN}evil.html")
        assert shown.headers["content-type"] == "text/plain; charset=utf-8"

    def test_the_runs_before_and_after_it_are_linked(self, archived: World, reader: Reader) -> None:
        page = reader.get(run_address(WORKSPACE, 2)).text
        assert "Run before: 1, failed" in page
        assert "Run after: 3, succeeded" in page

    def test_it_says_what_is_new_and_fixed_since_the_last_failed_run(
        self, archived: World, reader: Reader
    ) -> None:
        page = reader.get(run_address(WORKSPACE, 4)).text
        assert "which failed before it" in page
        assert 'New: <a href="/node?name=model.jaffle.late">late</a>' in page
        assert 'Fixed: <a href="/node?name=model.jaffle.orders">orders</a>' in page
        assert 'Still failing: <a href="/node?name=model.jaffle.payments">payments</a>' in page

    def test_a_run_that_was_not_archived_says_so(self, archived: World, reader: Reader) -> None:
        page = reader.get(run_address(WORKSPACE, 3)).text
        assert f"bolt-archive replay {WORKSPACE}/3" in page

    @pytest.mark.parametrize("address", [run_address(WORKSPACE, 77), f"{RUN}none.json", "/none"])
    def test_what_is_not_there_is_not_found(
        self, archived: World, reader: Reader, address: str
    ) -> None:
        assert reader.get(address).status == 404

    def test_aws_that_refuses_is_told(self, archived: World, reader: Reader) -> None:
        boto3.client("dynamodb").delete_table(TableName=archived.schedules_table)
        shown = reader.get("/")
        assert shown.status == 502
        assert "ResourceNotFoundException" in shown.text


class TestNode:
    def test_it_has_its_failures_over_the_archived_runs(
        self, archived: World, reader: Reader
    ) -> None:
        page = reader.get(node_address("model.jaffle.payments")).text
        assert "Failed in 2 of the last 4 failed runs" in page
        assert "Database Error in model.jaffle.payments" in page
        assert "Only archived runs that failed are counted" in page
