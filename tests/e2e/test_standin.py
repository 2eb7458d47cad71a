"""The Paradime stand-in, driven by the vendor's own SDK, by the vendor's own queries, and by hand.

The SDK is installed from `tests/sdk/requirements.txt`.
"""

import gzip
import hashlib
import json
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter

from local.standin import Command, Credentials, Generated, Resource, Run, Schedule, Standin
from local.standin.data import DataError, load_runs
from local.standin.faults import (
    Cut,
    Delay,
    Drip,
    ExpiredLink,
    GraphqlErrors,
    Gzip,
    Html,
    NotOk,
    NullUrl,
    Redirect,
    Status,
    WrongLength,
)

with warnings.catch_warnings():
    # The SDK calls utcnow() while it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from paradime import Paradime
    from paradime.apis.bolt.exception import BoltScheduleArtifactNotFoundException
    from paradime.apis.bolt.types import BoltLogStream, BoltRunState
    from paradime.client.api_exception import ParadimeAPIException

EVENTS = Path(__file__).parents[2] / "events"
CREDENTIALS = Credentials()
PAIR = {"X-API-KEY": CREDENTIALS.api_key, "X-API-SECRET": CREDENTIALS.api_secret}
MANIFEST = b'{"metadata": {"dbt_version": "1.10.0"}}'
RESULTS = b'{"results": []}'

FAILED_RUN = Run(
    run_id=63187,
    schedule_name="daily_run",
    schedule_slug="daily-run",
    state="FAILED",
    actor_email="fabio@paradime.io",
    branch="main",
    commit_hash="54a1345",
    start_dttm="2023-10-15 16:44:01.476190",
    commands=[
        Command(
            id=193441,
            command="dbt seed",
            stdout="\x1b[0m16:44:21  Running with dbt\r\n",
            resources=[Resource(id=1205731, path="target/manifest.json", content=MANIFEST)],
        ),
        Command(
            id=193442,
            command="dbt run",
            return_code=1,
            stderr="Database Error: column “revenue” not found",
            resources=[
                Resource(id=1205743, path="target/manifest.json", content=MANIFEST),
                Resource(id=1205761, path="target/run_results.json", content=RESULTS),
            ],
        ),
    ],
)
RUNNING_RUN = Run(
    run_id=63190,
    schedule_name="daily_run",
    schedule_slug="daily-run",
    state="RUNNING",
    start_dttm="2023-10-16 16:44:01.476190",
    end_dttm=None,
)


@pytest.fixture(autouse=True)
def _no_version_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK would otherwise ask the package registry for a newer version of itself."""
    monkeypatch.setenv("PARADIME_DISABLE_VERSION_CHECK", "1")
    monkeypatch.setenv("PARADIME_DISABLE_TELEMETRY", "1")


@pytest.fixture
def standin() -> Iterator[Standin]:
    with Standin([FAILED_RUN, RUNNING_RUN]) as standin:
        yield standin


@pytest.fixture
def sdk(standin: Standin) -> Paradime:
    return Paradime(
        api_endpoint=standin.api_url,
        api_key=CREDENTIALS.api_key,
        api_secret=CREDENTIALS.api_secret,
    )


def run_with(resource: Resource) -> Run:
    command = Command(id=1, command="dbt run", return_code=1, resources=[resource])
    return replace(FAILED_RUN, run_id=1, commands=[command])


def ask(
    standin: Standin, query: str, variables: dict[str, Any] | None = None, timeout: float = 30
) -> requests.Response:
    return requests.post(
        standin.api_url,
        json={"query": query, "variables": variables},
        headers=PAIR,
        timeout=timeout,
        allow_redirects=False,
    )


def data_of(response: requests.Response) -> Any:
    answer = response.json()
    assert "errors" not in answer
    return answer["data"]


def link(standin: Standin, resource_id: int) -> str:
    answer = ask(standin, f"{{ boltResourceUrl(resourceId: {resource_id}) {{ ok url }} }}")
    url: str = data_of(answer)["boltResourceUrl"]["url"]
    return url


def download(url: str, timeout: float = 30) -> requests.Response:
    return requests.get(url, timeout=timeout, allow_redirects=False)


class TestTheVendorsSdk:
    def test_lists_the_commands_of_a_run(self, sdk: Paradime) -> None:
        seed, run = sdk.bolt.list_run_commands(63187)
        assert (seed.id, seed.command, seed.return_code) == (193441, "dbt seed", 0)
        assert seed.stdout == "\x1b[0m16:44:21  Running with dbt\r\n"
        assert (run.return_code, run.stderr) == (1, "Database Error: column “revenue” not found")

    def test_reads_the_state_of_a_run(self, sdk: Paradime) -> None:
        assert sdk.bolt.get_run_status(63187) is BoltRunState.FAILED

    def test_lists_the_artifacts_of_a_command(self, sdk: Paradime) -> None:
        artifacts = sdk.bolt.list_command_artifacts(193442)
        assert [(artifact.id, artifact.path) for artifact in artifacts] == [
            (1205743, "target/manifest.json"),
            (1205761, "target/run_results.json"),
        ]

    def test_streams_the_logs_of_a_command(self, standin: Standin, sdk: Paradime) -> None:
        stdout = "16:44:21  Running with dbt\r\n" * 2_500 + "x" * 2_000_000
        command = Command(id=1, command="dbt run", stdout=stdout, stderr="a warning\nand an error")
        standin.bolt.add(replace(FAILED_RUN, run_id=1, commands=[command]))
        lines = list(sdk.bolt.stream_command_logs(1))
        logs = {
            stream: "".join(line.line for line in lines if line.stream is stream)
            for stream in BoltLogStream
        }
        assert logs == {BoltLogStream.STDOUT: stdout, BoltLogStream.STDERR: command.stderr}
        assert standin.requests.count("api:boltCommandLogs:1") == 4

    def test_the_logs_of_a_running_command_are_not_finished(
        self, standin: Standin, sdk: Paradime
    ) -> None:
        command = Command(id=1, command="dbt run", end_dttm=None, return_code=None, stdout="1 of 2")
        standin.bolt.add(replace(RUNNING_RUN, run_id=1, commands=[command]))
        batch = sdk.bolt.get_command_logs(1)
        assert ([line.line for line in batch.lines], batch.finished) == (["1 of 2"], False)
        assert sdk.bolt.get_command_logs(1, batch.cursor).lines == []

    def test_downloads_an_artifact(self, sdk: Paradime) -> None:
        assert download(sdk.bolt.get_artifact_url(1205743)).content == MANIFEST

    def test_finds_the_latest_manifest(self, sdk: Paradime) -> None:
        manifest = sdk.bolt.get_latest_manifest_json(slug="daily-run")
        assert manifest == {"metadata": {"dbt_version": "1.10.0"}}

    def test_finds_no_artifact_of_a_failed_command(self, sdk: Paradime) -> None:
        with pytest.raises(BoltScheduleArtifactNotFoundException):
            sdk.bolt.get_latest_artifact_url(
                slug="daily-run", artifact_path="target/run_results.json"
            )

    def test_lists_runs_newest_first(self, sdk: Paradime) -> None:
        newest, failed = sdk.bolt.list_runs(slug="daily-run").runs
        assert (newest.id, newest.state, newest.end_dttm) == (63190, "RUNNING", None)
        assert (failed.id, failed.actor, failed.actor_email) == (
            63187,
            "Manual",
            "fabio@paradime.io",
        )
        assert (failed.git_info.branch, failed.git_info.commit_hash) == ("main", "54a1345")

    def test_lists_runs_in_pages(self, sdk: Paradime) -> None:
        [run] = sdk.bolt.list_runs(slug="daily-run", offset=1, limit=1).runs
        assert run.id == 63187

    def test_lists_schedules(self, sdk: Paradime) -> None:
        listed = sdk.bolt.list_schedules()
        [schedule] = listed.schedules
        assert listed.total_count == 1
        assert (schedule.name, schedule.slug) == ("daily_run", "daily-run")
        assert (schedule.last_run_at, schedule.last_run_state) == (
            "2023-10-16 16:44:01.476190",
            "RUNNING",
        )

    def test_tells_inactive_and_suspended_schedules(self, standin: Standin, sdk: Paradime) -> None:
        standin.bolt.add_schedule(Schedule(slug="old", name="old", active=False))
        standin.bolt.add_schedule(Schedule(slug="paused", name="paused", suspended=True))
        inactive = sdk.bolt.list_schedules(show_inactive=True).schedules
        suspended = sdk.bolt.list_schedules(suspended=True).schedules
        assert [schedule.slug for schedule in inactive] == ["old"]
        assert [schedule.slug for schedule in suspended] == ["paused"]

    def test_raises_what_the_api_says_of_an_unknown_run(self, sdk: Paradime) -> None:
        with pytest.raises(ParadimeAPIException, match="run 1 not found"):
            sdk.bolt.list_run_commands(1)

    def test_sees_a_run_that_was_added_later(self, standin: Standin, sdk: Paradime) -> None:
        standin.bolt.add(
            Run(run_id=7, schedule_name="hourly", schedule_slug="hourly", state="SUCCESS")
        )
        assert sdk.bolt.get_run_status(7) is BoltRunState.SUCCESS


class TestCredentials:
    @pytest.mark.parametrize(
        "credentials",
        [
            {"api_key": CREDENTIALS.api_key, "api_secret": CREDENTIALS.api_secret},
            {"api_secret": CREDENTIALS.workspace_token},
            {
                "api_secret": CREDENTIALS.company_token,
                "workspace_uid": CREDENTIALS.workspace_uid,
            },
        ],
        ids=["pair", "workspace token", "company token"],
    )
    def test_valid_ones_open(self, standin: Standin, credentials: dict[str, str]) -> None:
        sdk = Paradime(api_endpoint=standin.api_url, **credentials)
        assert sdk.bolt.get_run_status(63187) is BoltRunState.FAILED

    @pytest.mark.parametrize(
        "credentials",
        [
            {"api_key": CREDENTIALS.api_key, "api_secret": "another"},
            {"api_key": "another", "api_secret": CREDENTIALS.api_secret},
            {"api_secret": "prdm_wsp_another"},
            {"api_secret": "prdm_cmp_another", "workspace_uid": CREDENTIALS.workspace_uid},
            {"api_secret": CREDENTIALS.company_token, "workspace_uid": "another"},
        ],
        ids=["secret", "key", "workspace token", "company token", "workspace"],
    )
    def test_wrong_ones_are_refused(self, standin: Standin, credentials: dict[str, str]) -> None:
        sdk = Paradime(api_endpoint=standin.api_url, **credentials)
        with pytest.raises(ParadimeAPIException, match="401"):
            sdk.bolt.get_run_status(63187)

    def test_none_are_refused(self, standin: Standin) -> None:
        response = requests.post(standin.api_url, json={"query": "{ __typename }"}, timeout=30)
        assert response.status_code == 401

    def test_a_company_token_without_a_workspace_is_refused(self, standin: Standin) -> None:
        response = requests.post(
            standin.api_url,
            json={"query": "{ __typename }"},
            headers={"Authorization": f"Bearer {CREDENTIALS.company_token}"},
            timeout=30,
        )
        assert response.status_code == 401


class TestQueries:
    def test_aliases_variables_and_include(self, standin: Standin) -> None:
        query = """
            query Two($first: Int!, $second: Int!, $logs: Boolean!) {
                a: boltCommand(commandId: $first) {scheduleRunId stdout @include(if: $logs)}
                b: boltCommand(commandId: $second) {returnCode resources {id}}
            }
        """
        answer = ask(standin, query, {"first": 193441, "second": 193442, "logs": False})
        assert data_of(answer) == {
            "a": {"scheduleRunId": 63187},
            "b": {"returnCode": 1, "resources": [{"id": 1205743}, {"id": 1205761}]},
        }

    def test_one_unknown_id_does_not_cost_the_others(self, standin: Standin) -> None:
        query = """{
            a: boltCommand(commandId: 1) {command}
            b: boltCommand(commandId: 193441) {command}
        }"""
        response = ask(standin, query)
        assert response.status_code == 200
        assert response.json()["data"] == {"a": None, "b": {"command": "dbt seed"}}
        assert [error["message"] for error in response.json()["errors"]] == [
            "Bolt command 1 not found."
        ]

    def test_a_field_that_the_api_does_not_have_is_an_error(self, standin: Standin) -> None:
        errors = ask(standin, "{ boltCommand(commandId: 193441) {status} }").json()["errors"]
        assert errors[0]["message"].startswith("Cannot query field 'status'")

    @pytest.mark.parametrize("limit", [0, 1001])
    def test_a_page_has_1_to_1000_runs(self, standin: Standin, limit: int) -> None:
        query = f'{{ listBoltRuns(slug: "daily-run", offset: 0, limit: {limit}) {{ok}} }}'
        [error] = ask(standin, query).json()["errors"]
        assert error["message"] == f"limit must be between 1 and 1000, got {limit}"

    def test_what_is_no_graphql_request_is_a_400(self, standin: Standin) -> None:
        response = requests.post(standin.api_url, data=b"{", headers=PAIR, timeout=30)
        assert response.status_code == 400


class TestDownloads:
    def test_are_answered_as_s3_does(self, standin: Standin) -> None:
        headers = download(link(standin, 1205743)).headers
        assert headers["Content-Type"] == "binary/octet-stream"
        assert headers["Content-Length"] == str(len(MANIFEST))

    def test_need_no_credentials_but_the_signature(self, standin: Standin) -> None:
        url, _, _ = link(standin, 1205743).rpartition("&X-Signature=")
        response = download(f"{url}&X-Signature={'0' * 64}")
        assert response.status_code == 403
        assert "<Code>SignatureDoesNotMatch</Code>" in response.text

    def test_a_link_opens_no_other_resource(self, standin: Standin) -> None:
        url = link(standin, 1205743).replace("1205743", "1205761")
        assert download(url).status_code == 403

    def test_a_link_expires(self) -> None:
        with Standin([FAILED_RUN], link_seconds=0) as standin:
            response = download(link(standin, 1205743))
        assert response.status_code == 403
        assert "<Message>Request has expired</Message>" in response.text

    def test_a_resource_that_has_gone_is_a_404(self, standin: Standin) -> None:
        url = link(standin, 1205743)
        standin.bolt.add(replace(FAILED_RUN, commands=[]))
        response = download(url)
        assert response.status_code == 404
        assert "<Code>NoSuchKey</Code>" in response.text

    def test_of_generated_bytes_are_as_long_as_ordered_and_the_same_again(self) -> None:
        content = Generated(size=3_000_001, seed=7)
        run = run_with(Resource(id=1, path="target/huge.json", content=content))
        with Standin([run]) as standin:
            first, second = (download(link(standin, 1)).content for _ in range(2))
        assert len(first) == 3_000_001
        assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()

    @pytest.mark.parametrize("path", ["..", "/", "", "a/\ud800 ü%2f?#.json", "x" * 5000])
    def test_any_path_has_a_link_that_opens(self, path: str) -> None:
        run = run_with(Resource(id=1, path=path, content=MANIFEST))
        with Standin([run]) as standin:
            assert download(link(standin, 1)).content == MANIFEST


class TestFaults:
    def test_a_status_has_its_headers_and_body(self, standin: Standin) -> None:
        standin.faults.add(
            Status(on="api:*", status=429, headers={"Retry-After": "7"}, body="slow down")
        )
        response = ask(standin, "{ boltRunStatus(runId: 63187) {state} }")
        assert (response.status_code, response.text) == (429, "slow down")
        assert response.headers["Retry-After"] == "7"

    def test_is_gone_after_its_number_of_times(self, standin: Standin) -> None:
        standin.faults.add(
            Status(on="download:1205743", status=503, times=2),
            Status(on="download:1205743", status=500, times=1),
        )
        url = link(standin, 1205743)
        statuses = [download(url).status_code for _ in range(4)]
        assert statuses == [503, 503, 500, 200]

    def test_is_gone_after_its_time(self, standin: Standin) -> None:
        standin.faults.add(Status(on="*", status=503, until=time.time() - 1))
        assert download(link(standin, 1205743)).status_code == 200

    def test_leaves_other_operations_alone(self, standin: Standin) -> None:
        standin.faults.add(Status(on="api:boltCommand:193442", status=503))
        assert ask(standin, "{ boltCommand(commandId: 193441) {command} }").status_code == 200
        assert ask(standin, "{ boltCommand(commandId: 193442) {command} }").status_code == 503

    def test_errors_in_a_200(self, standin: Standin) -> None:
        standin.faults.add(GraphqlErrors(on="api:boltCommand:*", message="Something broke"))
        response = ask(standin, "{ boltCommand(commandId: 193441) {command} }")
        assert response.status_code == 200
        assert response.json()["errors"][0]["message"] == "Something broke"

    def test_not_ok_has_no_url(self, standin: Standin) -> None:
        standin.faults.add(NotOk(on="*", times=1))
        answer = ask(standin, "{ boltResourceUrl(resourceId: 1205743) {ok url} }")
        assert data_of(answer)["boltResourceUrl"] == {"ok": False, "url": None}

    def test_null_url_is_ok(self, standin: Standin) -> None:
        standin.faults.add(NullUrl(on="*"))
        answer = ask(standin, "{ boltResourceUrl(resourceId: 1205743) {ok url} }")
        assert data_of(answer)["boltResourceUrl"] == {"ok": True, "url": None}

    def test_a_link_expired_between_asking_and_fetching(self, standin: Standin) -> None:
        standin.faults.add(ExpiredLink(on="api:boltResourceUrl:1205743", times=1))
        assert download(link(standin, 1205743)).status_code == 403
        assert download(link(standin, 1205743)).status_code == 200

    def test_a_redirect(self, standin: Standin) -> None:
        standin.faults.add(Redirect(on="api:*", to="https://example.com/elsewhere", status=302))
        response = ask(standin, "{ boltRunStatus(runId: 63187) {state} }")
        assert response.status_code == 302
        assert response.headers["Location"] == "https://example.com/elsewhere"

    def test_a_page_instead_of_json(self, standin: Standin) -> None:
        standin.faults.add(Html(on="api:*"))
        response = ask(standin, "{ boltRunStatus(runId: 63187) {state} }")
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/html")

    def test_gzip(self, standin: Standin) -> None:
        standin.faults.add(Gzip(on="download:*"))
        with requests.get(link(standin, 1205743), timeout=30, stream=True) as response:
            packed = response.raw.read(decode_content=False)
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.headers["Content-Length"] == str(len(packed))
        assert gzip.decompress(packed) == MANIFEST

    def test_a_delay_outlasts_a_client_with_less_patience(self, standin: Standin) -> None:
        standin.faults.add(Delay(on="api:*", seconds=600, times=1))
        with pytest.raises(requests.ReadTimeout):
            ask(standin, "{ boltRunStatus(runId: 63187) {state} }", timeout=0.2)

    def test_a_drip_arrives_drop_by_drop(self, standin: Standin) -> None:
        standin.faults.add(Drip(on="download:*", size=10, seconds=600))
        url = link(standin, 1205743)
        with requests.get(url, timeout=0.2, stream=True) as response:
            assert response.raw.read(10) == MANIFEST[:10]
            with pytest.raises(urllib3.exceptions.ReadTimeoutError):
                response.raw.read(1)

    def test_a_drip_arrives_whole(self, standin: Standin) -> None:
        standin.faults.add(Drip(on="download:*", size=10, seconds=0.001))
        assert download(link(standin, 1205743)).content == MANIFEST

    def test_a_cut_connection_leaves_the_body_short(self, standin: Standin) -> None:
        standin.faults.add(Cut(on="download:*", after=10))
        url = link(standin, 1205743)
        with requests.get(url, timeout=30, stream=True) as response:
            assert response.headers["Content-Length"] == str(len(MANIFEST))
            with pytest.raises(requests.exceptions.ChunkedEncodingError, match="10 bytes read"):
                response.content  # noqa: B018

    def test_a_content_length_that_is_too_long(self, standin: Standin) -> None:
        standin.faults.add(WrongLength(on="download:*", by=5))
        url = link(standin, 1205743)
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="5 more expected"):
            download(url)

    def test_a_content_length_that_is_too_short_does_not_spoil_the_next_answer(
        self, standin: Standin
    ) -> None:
        standin.faults.add(WrongLength(on="download:*", by=-5, times=1))
        url = link(standin, 1205743)
        with requests.Session() as session:
            # The second request may go out on the first one's connection just before it is closed.
            session.mount("http://", HTTPAdapter(max_retries=1))
            short, whole = (session.get(url, timeout=30).content for _ in range(2))
        assert (short, whole) == (MANIFEST[:-5], MANIFEST)

    def test_strike_at_their_rate(self) -> None:
        with Standin([FAILED_RUN], seed=1) as standin:
            standin.faults.add(Status(on="api:*", status=503, rate=0.25))
            with requests.Session() as session:
                session.headers.update(PAIR)
                query = {"query": "{ boltRunStatus(runId: 63187) {state} }"}
                statuses = [
                    session.post(standin.api_url, json=query, timeout=30).status_code
                    for _ in range(400)
                ]
        assert 60 < statuses.count(503) < 140  # four standard deviations around 100

    def test_can_be_ordered_and_cleared_from_another_process(self, standin: Standin) -> None:
        faults = f"{standin.url}/_faults"
        fault = {"kind": "status", "on": "api:*", "status": 503}
        query = "{ boltRunStatus(runId: 63187) {state} }"
        assert requests.post(faults, json=fault, timeout=30).status_code == 201
        assert ask(standin, query).status_code == 503
        requests.delete(faults, timeout=30)
        assert ask(standin, query).status_code == 200

    def test_that_do_not_exist_are_refused(self, standin: Standin) -> None:
        fault = {"kind": "earthquake", "on": "api:*"}
        response = requests.post(f"{standin.url}/_faults", json=fault, timeout=30)
        assert response.status_code == 400
        assert "earthquake" in response.json()["error"]


class TestRequestLog:
    def test_counts_downloads(self, standin: Standin) -> None:
        url = link(standin, 1205743)
        download(url)
        download(url)
        download(link(standin, 1205761))
        assert standin.requests.count("download:1205743") == 2
        assert standin.requests.count("download:*") == 3

    def test_names_every_field_of_a_query_and_the_fault(self, standin: Standin) -> None:
        query = """{
            boltRunStatus(runId: 63187) {state}
            listBoltRuns(slug: "daily-run", offset: 0, limit: 1) {ok}
        }"""
        standin.faults.add(Status(on="api:*", status=503))
        ask(standin, query)
        [request] = requests.get(f"{standin.url}/_requests", timeout=30).json()
        assert request == {
            "operations": ["api:boltRunStatus:63187", "api:listBoltRuns:daily-run"],
            "status": 503,
            "fault": "status",
        }

    def test_notes_what_was_refused(self, standin: Standin) -> None:
        requests.post(standin.api_url, json={"query": "{ __typename }"}, timeout=30)
        [request] = standin.requests
        assert (request.operations, request.status) == (("api",), 401)

    def test_holds_no_credentials_and_no_signature(
        self, standin: Standin, capfd: pytest.CaptureFixture[str]
    ) -> None:
        url = link(standin, 1205743)
        download(url)
        said = requests.get(f"{standin.url}/_requests", timeout=30).text + "".join(
            capfd.readouterr()
        )
        signature = url.rpartition("=")[2]
        found = [
            secret
            for secret in (CREDENTIALS.api_key, CREDENTIALS.api_secret, signature)
            if secret in said
        ]
        assert found == []


class TestServer:
    def test_keeps_a_connection_for_the_next_request(self, standin: Standin) -> None:
        with urllib3.HTTPConnectionPool("127.0.0.1", standin.port) as pool:
            pool.request("GET", "/_requests")
            pool.request("GET", "/_requests")
            assert (pool.num_connections, pool.num_requests) == (1, 2)

    def test_leaves_no_thread_behind_while_answers_are_delayed_and_connections_idle(self) -> None:
        before = threading.enumerate()
        with requests.Session() as idle, Standin([FAILED_RUN]) as standin:
            idle.get(f"{standin.url}/_requests", timeout=30)
            standin.faults.add(Delay(on="*", seconds=600))
            with pytest.raises(requests.ReadTimeout):
                ask(standin, "{ boltRunStatus(runId: 63187) {state} }", timeout=0.2)
        assert threading.enumerate() == before

    def test_answers_an_unknown_path_with_404(self, standin: Standin) -> None:
        assert requests.get(f"{standin.url}/api/v1", timeout=30).status_code == 404


class TestData:
    def test_two_runs_cannot_share_a_command(self, standin: Standin) -> None:
        with pytest.raises(ValueError, match="command 193441 already belongs to run 63187"):
            standin.bolt.add(replace(FAILED_RUN, run_id=2))

    def test_a_folder_is_served_byte_for_byte(self, data_folder: Path) -> None:
        with Standin(load_runs(data_folder)) as standin:
            answer = ask(standin, "{ boltCommand(commandId: 11) {stdout resources {id path}} }")
            content = download(link(standin, 12)).content
        assert data_of(answer)["boltCommand"] == {
            "stdout": "1 of 2\r2 of 2\r\n",
            "resources": [{"id": 12, "path": "target/manifest.json"}],
        }
        assert content == MANIFEST

    def test_a_folder_without_runs_is_said_to_have_none(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="no runs found"):
            list(load_runs(tmp_path))

    def test_a_missing_file_is_named(self, data_folder: Path) -> None:
        (data_folder / "10/11/target/manifest.json").unlink()
        with pytest.raises(DataError, match=r"10\.json.*resource 12.*manifest\.json"):
            list(load_runs(data_folder))

    def test_every_query_of_the_vendors_payload_is_answered(self) -> None:
        event = json.loads((EVENTS / "run_completed.json").read_bytes())
        resources = [(c, r) for c in event["commands"] for r in c["json_resources"]]
        with Standin(load_runs(EVENTS / "paradime")) as standin:
            commands = [
                data_of(ask(standin, command["api_query"]))["boltCommand"]
                for command in event["commands"]
            ]
            urls = [
                data_of(ask(standin, resource["resource_query"]))["boltResourceUrl"]["url"]
                for _, resource in resources
            ]
            contents = [download(url).content for url in urls]
        assert [(c["command"], c["returnCode"], c["scheduleRunId"]) for c in commands] == [
            (c["command"], c["return_code"], event["id"]) for c in event["commands"]
        ]
        assert contents == [
            (EVENTS / f"paradime/{event['id']}/{c['id']}/{r['path']}").read_bytes()
            for c, r in resources
        ]


class TestProcess:
    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
    def test_serves_until_it_is_told_to_stop(self, data_folder: Path, stop: signal.Signals) -> None:
        with process("--data", str(data_folder)) as standin:
            assert standin.stdout is not None
            api_url = json.loads(standin.stdout.readline())["api_url"]
            query = {"query": "{ boltRunStatus(runId: 10) {state} }"}
            answer = requests.post(api_url, json=query, headers=PAIR, timeout=30)
            assert data_of(answer) == {"boltRunStatus": {"state": "FAILED"}}
            standin.send_signal(stop)
            rest = standin.communicate(timeout=30)
        assert (standin.returncode, rest) == (0, ("", ""))

    def test_says_that_its_port_is_taken(self, standin: Standin, data_folder: Path) -> None:
        with process("--data", str(data_folder), "--port", str(standin.port)) as second:
            _, error = second.communicate(timeout=30)
        assert second.returncode == 1
        assert f"Port {standin.port} is not available" in error

    def test_says_that_there_is_no_data(self, tmp_path: Path) -> None:
        with process("--data", str(tmp_path / "nowhere")) as standin:
            _, error = standin.communicate(timeout=30)
        assert standin.returncode == 1
        assert "nowhere: no runs found" in error


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """One run, 10, with one command, 11, with one resource, 12."""
    logs = tmp_path / "10" / "11"
    (logs / "target").mkdir(parents=True)
    (logs / "stdout.log").write_bytes(b"1 of 2\r2 of 2\r\n")
    (logs / "stderr.log").write_bytes(b"")
    (logs / "target" / "manifest.json").write_bytes(MANIFEST)
    command = {
        "id": 11,
        "command": "dbt run",
        "start_dttm": "2023-10-15 16:44:29.586366",
        "end_dttm": "2023-10-15 16:44:37.422950",
        "return_code": 1,
        "stdout": "10/11/stdout.log",
        "stderr": "10/11/stderr.log",
        "resources": [
            {"id": 12, "path": "target/manifest.json", "file": "10/11/target/manifest.json"}
        ],
    }
    run = {
        "run_id": 10,
        "schedule_name": "daily_run",
        "schedule_slug": "daily-run",
        "state": "FAILED",
        "actor": "Manual",
        "actor_email": None,
        "branch": "main",
        "commit_hash": "54a1345",
        "start_dttm": "2023-10-15 16:44:01.476190",
        "end_dttm": "2023-10-15 16:44:39.891890",
        "commands": [command],
    }
    (tmp_path / "10.json").write_text(json.dumps(run), encoding="utf-8")
    return tmp_path


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "local.standin", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()
