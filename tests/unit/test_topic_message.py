"""The message about a failed run: what it says, and that SNS takes it whatever it is made of."""

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from msgspec.structs import replace

from functions.history.state import Acknowledgment, EndedRun, Kind
from functions.history.telling import History
from functions.message import topic_message
from functions.message.story import Changes, Story, Suspects
from functions.message.topic_message import Message
from functions.run import event as events
from functions.run.archive_outcome import ArchiveOutcome
from functions.run.event import RunEvent
from functions.run.text import https_url
from tests.integration.world import EVENTS

ARCHIVE_URL = "https://eu-west-1.console.aws.amazon.com/s3/buckets/b?region=eu-west-1&prefix=runs/"
ORDERS = {
    "unique_id": "model.shop.orders",
    "status": "error",
    "message": "Database Error in model orders (models/orders.sql)\n  no column amount\n  LINE 7",
}
ARCHIVED = ArchiveOutcome(state="archived", url=ARCHIVE_URL, files=17, bytes=680_123)


def event(**changes: Any) -> RunEvent:
    payload = json.loads((EVENTS / "run_completed.json").read_bytes()) | changes
    return events.parse(json.dumps(payload).encode())


def command(text: str, *, return_code: int | None = 1) -> dict[str, Any]:
    return {"id": 1, "command": text, "status": "failed", "return_code": return_code}


def failing(*failures: dict[str, Any], of: int | None = None) -> ArchiveOutcome:
    count = len(failures) if of is None else of
    return ArchiveOutcome(state="archived", url=ARCHIVE_URL, failures=failures, failure_count=count)


def email(message: Message) -> str:
    return message.by_protocol["email"]


def content(message: Message) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(message.by_protocol["default"])
    return read


def compose(event: RunEvent, archive: ArchiveOutcome, story: Story | None = None) -> Message:
    """The message; without a story it is of the first failure of a schedule."""
    return topic_message.compose(event, archive, story or Story())


# --- the subject


def test_subject_names_schedule_and_what_failed_first() -> None:
    assert compose(event(), failing(ORDERS)).subject == "demo-jaffle / daily_run failed: orders"


def test_subject_counts_what_else_failed() -> None:
    assert compose(event(), failing(ORDERS, of=1_201)).subject.endswith("orders and 1,200 more")


def test_subject_names_the_command_where_no_node_is_known() -> None:
    said = compose(event(commands=[command("dbt deps")]), ARCHIVED).subject
    assert said == "demo-jaffle / daily_run failed: dbt deps"


def test_subject_says_what_is_said_of_the_run_where_nothing_in_it_failed() -> None:
    run = {"unique_id": "run", "status": "failed", "message": "Out of runners"}
    said = compose(event(commands=[], error_string="Out of runners"), failing(run)).subject
    assert said == "demo-jaffle / daily_run failed: Out of runners"


def test_subject_says_that_the_archive_is_given_up() -> None:
    given_up = ArchiveOutcome(state="failed", error="no credentials")
    assert compose(event(), given_up).subject.endswith("daily_run failed; its archive was given up")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Täglich", "Taglich"),
        ("日次", "run 63187"),
        ("日次 daily", "daily (run 63187)"),
        ("Straße", "Strasse"),
        ("\r\nBcc: x@y", "Bcc: x@y"),
    ],
)
def test_subject_is_ascii_on_one_line(name: str, shown: str) -> None:
    assert f"/ {shown} failed" in compose(event(schedule_name=name), ARCHIVED).subject


# --- the schedule's story


START = datetime(2023, 10, 15, 16, 44, 1, 476190, tzinfo=UTC)
THIRD = History(failing_since=START - timedelta(days=2), failed_in_a_row=3, former=63000)


def story(kind: Kind, **changes: tuple[str, ...]) -> Story:
    return Story(kind=kind, history=THIRD, changes=Changes(**changes) if changes else None)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            story(Kind.STILL_FAILING, new=("model.shop.orders",), fixed=("a", "b")),
            "daily_run still failing, 3rd run since Fri 16:44: orders (1 new, 2 fixed)",
        ),
        (
            story(Kind.STILL_FAILING, still=("model.shop.orders",)),
            "daily_run still failing, 3rd run since Fri 16:44: orders",
        ),
        (story(Kind.STILL_FAILING), "daily_run still failing, 3rd run since Fri 16:44: orders"),
        (story(Kind.FAILED), "daily_run failed, 3rd run since Fri 16:44: orders"),
        (
            Story(
                kind=Kind.STILL_FAILING,
                history=History(failing_since=START - timedelta(days=30), failed_in_a_row=22),
            ),
            "daily_run still failing, 22nd run since 15 Sep 16:44: orders",
        ),
    ],
)
def test_subject_says_whether_it_is_new(told: Story, said: str) -> None:
    assert compose(event(), failing(ORDERS), told).subject == f"demo-jaffle / {said}"


def test_what_has_changed_is_said_whatever_the_length_of_the_names() -> None:
    node = {"unique_id": f"model.shop.{'o' * 200}", "status": "error", "message": "x"}
    told = story(Kind.STILL_FAILING, new=("a",))
    subject = compose(event(schedule_name="s" * 40), failing(node), told).subject
    assert len(subject) <= 99
    assert subject.endswith("(1 new)")


def test_title_and_summary_keep_the_letters_of_names() -> None:
    told = content(compose(event(schedule_name="日次"), failing(ORDERS)))
    assert told["content"]["title"] == "demo-jaffle / 日次 failed: orders"
    assert told["metadata"]["summary"] == told["content"]["title"]


def test_the_email_names_what_is_new_and_what_is_fixed() -> None:
    told = story(
        Kind.STILL_FAILING,
        new=tuple(f"model.shop.new_{n}" for n in range(7)),
        fixed=("model.shop.payments",),
    )
    said = email(compose(event(), failing(ORDERS), told))
    assert "New: new_0, new_1, new_2, new_3, new_4 and 2 more." in said
    assert "Fixed: payments." in said
    assert "Failing since 2023-10-13 16:44:01 UTC: 3 runs in a row." in said


@pytest.mark.parametrize(
    ("since", "nodes", "said"),
    [
        (
            EndedRun(63000, commit_hash="54a134583ef6dccbe154e30e1cd09a9d94b6bda0"),
            ("model.shop.stg_orders",),
            "Suspect: stg_orders, changed since run 63000, commit 54a134583ef….",
        ),
        (
            EndedRun(63000),
            ("model.shop.a", "model.shop.b"),
            "Suspects: a and b, changed since run 63000.",
        ),
    ],
)
def test_the_email_names_what_has_been_edited(
    since: EndedRun, nodes: tuple[str, ...], said: str
) -> None:
    told = replace(story(Kind.STILL_FAILING), suspects=Suspects(since=since, nodes=nodes))
    assert said in email(compose(event(), failing(ORDERS), told))


def test_the_email_has_the_error_before_the_history_and_the_facts() -> None:
    said = email(compose(event(), failing(ORDERS), story(Kind.STILL_FAILING, fixed=("a",))))
    places = [said.index(text) for text in ("no column", "Failing since", "Branch:")]
    assert places == sorted(places)


def test_of_twenty_and_more_nodes_the_json_form_names_twenty_and_counts_all() -> None:
    told = story(Kind.STILL_FAILING, new=tuple(f"model.shop.n{n:02}" for n in range(25)))
    history = content(compose(event(), failing(ORDERS), told))["history"]
    assert history["new"] == [f"model.shop.n{n:02}" for n in range(20)]
    assert history["new_count"] == 25


def test_unknown_changes_are_claimed_by_nobody() -> None:
    history = content(compose(event(), failing(ORDERS), story(Kind.STILL_FAILING)))["history"]
    assert (history["new"], history["fixed"]) == ([], [])
    assert (history["new_count"], history["fixed_count"]) == (0, 0)


@pytest.mark.parametrize(
    ("repo_url", "before", "linked"),
    [
        ("https://git.example.com/acme/dbt/", "0" * 40, True),
        ("", "0" * 40, False),
        ("https://git.example.com/acme/dbt", "main) [x](https://evil.example", False),
        ("https://git.example.com/acme/dbt", None, False),
    ],
)
def test_commits_since_the_last_success_are_linked_where_both_are_known(
    repo_url: str, before: str | None, linked: bool
) -> None:
    told = Story(history=replace(THIRD, last_success=EndedRun(62999, None, before)))
    message = topic_message.compose(event(), failing(ORDERS), told, repo_url=repo_url)
    url = "https://git.example.com/acme/dbt/compare/" + "0" * 40
    assert (url in email(message)) is linked
    assert (content(message)["history"]["compare_url"] is not None) is linked


def test_an_acknowledgment_and_its_note_are_shown() -> None:
    known = Acknowledgment(START + timedelta(days=1), "vendor <!channel> is on it")
    told = Story(kind=Kind.STILL_FAILING, history=replace(THIRD, acknowledged=known))
    message = compose(event(), failing(ORDERS), told)
    assert "Acknowledged until 2023-10-16 16:44:01 UTC: vendor" in email(message)
    assert "<!channel>" not in content(message)["content"]["description"]


def test_a_duration_is_beside_the_usual_one() -> None:
    told = Story(history=replace(THIRD, usual_seconds=30))
    assert "38 s (usually 30 s)" in email(compose(event(), failing(ORDERS), told))


# --- whose it is, and what it takes down


DASHBOARDS = [
    {
        "unique_id": f"exposure.shop.{name}",
        "name": name,
        "type": "dashboard",
        "maturity": maturity,
        "url": None,
        "owner": owner,
    }
    for name, maturity, owner in [("Revenue", "high", "ann@x.com"), ("Churn", None, None)]
]
CONSEQUENCES = replace(
    ArchiveOutcome(state="archived", url=ARCHIVE_URL),
    failures=[ORDERS],
    failure_count=1,
    owners=["finance@x.com", "@ingest"],
    exposures=DASHBOARDS,
    exposure_count=2,
    layers=[("marts", 9), ("staging", 5)],
)


def test_the_email_says_what_is_stale_and_whose_it_is() -> None:
    said = email(compose(event(), CONSEQUENCES))
    assert "2 dashboards are stale: Revenue (high, ann@x.com) and Churn." in said
    assert "14 models were skipped: 9 in marts and 5 in staging." in said
    assert "Owners: finance@x.com, @ingest." in said


def test_the_email_has_the_error_first_then_whose_it_is() -> None:
    said = email(compose(event(), CONSEQUENCES))
    places = [said.index(text) for text in ("no column", "are stale", "Owners:", "Branch:")]
    assert places == sorted(places)


def test_of_many_stale_the_first_are_named_and_all_are_counted() -> None:
    many = replace(CONSEQUENCES, exposures=DASHBOARDS * 10, exposure_count=1_200)
    said = email(compose(event(), many))
    assert "1,200 dashboards are stale: Revenue" in said
    assert "and 1,195 more." in said


def test_of_several_types_they_are_called_exposures() -> None:
    mixed = [DASHBOARDS[0], DASHBOARDS[1] | {"type": "notebook"}]
    assert "2 exposures are stale" in email(
        compose(event(), replace(CONSEQUENCES, exposures=mixed))
    )


def test_whose_nodes_are_nobodys_the_schedules_owner_is_named() -> None:
    schedule = {"owner_email": "night@x.com"}
    message = compose(event(schedule=schedule), failing(ORDERS))
    assert "Owner: night@x.com." in email(message)
    assert content(message)["owners"] == message.attributes["owners"] == ["night@x.com"]


@pytest.mark.parametrize("schedule", [None, {}, {"owner_email": 7}, [], {"owner_email": ""}])
def test_without_any_owner_none_is_named(schedule: object) -> None:
    message = compose(event(schedule=schedule), failing(ORDERS))
    assert "Owner" not in email(message)
    assert "owners" not in message.attributes


def test_owners_and_exposures_are_in_the_json_form_and_owners_can_be_filtered_by() -> None:
    message = compose(event(), CONSEQUENCES)
    told = content(message)
    assert told["owners"] == message.attributes["owners"] == ["finance@x.com", "@ingest"]
    assert told["exposures"] == DASHBOARDS
    assert told["exposure_count"] == 2
    assert told["skipped_models"] == [
        {"folder": "marts", "models": 9},
        {"folder": "staging", "models": 5},
    ]


def test_the_email_ends_with_commands_to_copy() -> None:
    lines = email(compose(event(), failing(ORDERS))).splitlines()
    assert "  paradime bolt retry 63187   (runs it again from where it failed)" in lines
    assert any("bolt-archive show n0sg8br1m44k0ryj/63187 " in line for line in lines)
    assert not any("redrive" in line for line in lines)


def test_a_run_that_was_given_up_can_be_redriven() -> None:
    told = content(compose(event(), ArchiveOutcome(state="failed", error="no")))
    assert "bolt-archive redrive" in {step["command"] for step in told["next_steps"]}


def test_after_a_recovery_nothing_is_to_be_done() -> None:
    told = content(compose(event(), ArchiveOutcome(), story(Kind.RECOVERED)))
    assert told["next_steps"] == []


# --- the e-mail


def test_email_says_which_run_failed_when_and_for_how_long() -> None:
    said = email(compose(event(), ARCHIVED))
    for line in (
        "daily_run failed: 1 of 4 commands.",
        "Workspace:  demo-jaffle (n0sg8br1m44k0ryj)",
        "Schedule:   daily_run",
        "Run:        63187, failed",
        "Branch:     main",
        "Commit:     54a134583ef6dccbe154e30e1cd09a9d94b6bda0",
        "Started by: Manual",
        "Started:    2023-10-15 16:44:01 UTC",
        "Ended:      2023-10-15 16:44:39 UTC",
        "Took:       38 s",
    ):
        assert line in said.splitlines()


def test_email_has_no_line_for_what_is_not_known() -> None:
    said = email(compose(event(environment=None, end_dttm=None), ARCHIVED))
    for name in ("Branch", "Commit", "Started by", "Ended", "Took", "Error"):
        assert f"{name}:" not in said


def test_email_names_failed_commands_by_their_place_in_the_run() -> None:
    assert "  4. dbt run (returned 1)" in email(compose(event(), ARCHIVED)).splitlines()


@pytest.mark.parametrize("return_code", [None, 0])
def test_email_shows_the_status_of_a_command_whose_return_code_does_not_tell(
    return_code: int | None,
) -> None:
    said = email(compose(event(commands=[command("dbt run", return_code=return_code)]), ARCHIVED))
    assert "  1. dbt run (failed)" in said.splitlines()


def test_email_lists_failing_nodes_each_with_its_cause() -> None:
    said = email(compose(event(), failing(ORDERS)))
    assert "What failed:\n  error: model.shop.orders\n    no column amount\n" in said


def test_email_lists_ten_and_counts_the_rest() -> None:
    said = email(compose(event(), failing(*[ORDERS] * 20, of=5_000)))
    assert said.count("error: model.shop.orders") == 10
    assert "  and 4,990 more" in said.splitlines()


def of_one_cause() -> ArchiveOutcome:
    message = "No active warehouse selected"
    names = [f"model.shop.m{at}" for at in range(3)]
    return ArchiveOutcome(
        state="archived",
        failures=[{"unique_id": name, "status": "error", "message": message} for name in names],
        failure_count=251,
        groups=[
            {
                "what": "250 models",
                "count": 250,
                "status": "error",
                "message": message,
                "unique_ids": names,
            },
            {
                "what": "model.shop.orders",
                "count": 1,
                "status": "error",
                "message": "no column amount",
                "unique_ids": ["model.shop.orders"],
            },
        ],
    )


def test_email_tells_what_is_of_one_cause_together() -> None:
    assert (
        "What failed:\n"
        "  250 models: No active warehouse selected\n"
        "    m0, m1, m2 and 247 more\n"
        "  error: model.shop.orders\n"
        "    no column amount\n\n"
    ) in email(compose(event(), of_one_cause()))


def test_a_chat_and_programs_are_told_by_cause_as_well() -> None:
    told = content(compose(event(), of_one_cause()))
    assert "• `250 models` `No active warehouse selected`" in told["content"]["description"]
    assert [(group["what"], group["count"]) for group in told["groups"]] == [
        ("250 models", 250),
        ("model.shop.orders", 1),
    ]
    assert told["failure_count"] == 251


HEALED = ArchiveOutcome(state="archived", healed_count=2, healed_by=[2])


def test_a_run_whose_failures_are_all_healed_says_so() -> None:
    message = compose(event(), HEALED)
    assert message.subject.endswith("failed: 2 failures, healed by command 2")
    assert "\nHealed: 2 failures, healed by command 2.\n" in email(message)
    told = content(message)
    assert (told["failure_count"], told["healed_count"], told["healed_by"]) == (0, 2, [2])
    assert "`2 failures, healed by command 2`" in told["content"]["description"]


def test_warnings_behind_the_failures_are_not_told() -> None:
    warning = {"unique_id": "test.shop.stale", "status": "warn", "message": None}
    message = compose(event(), failing(ORDERS, warning, of=1))
    assert "test.shop.stale" not in email(message)
    assert [failure["unique_id"] for failure in content(message)["failures"]] == [
        "model.shop.orders"
    ]


def test_email_links_to_run_and_archive_each_on_a_line_of_its_own() -> None:
    lines = email(compose(event(), ARCHIVED)).splitlines()
    assert "https://app.demo.paradime.io/bolt/run_id/63187" in lines
    assert "Its archive (17 files, 680.1 KB); open index.html there:" in lines
    assert ARCHIVE_URL in lines


@pytest.mark.parametrize("run_url", ["http://app.paradime.io/1", "javascript:alert(1)", None])
def test_a_run_address_that_is_not_https_is_left_out(run_url: str | None) -> None:
    message = compose(event(run_url=run_url), ARCHIVED)
    assert "The run in Paradime" not in email(message)
    assert content(message)["run"]["run_url"] is None


def test_email_says_how_many_files_are_missing() -> None:
    partial = ArchiveOutcome(state="partial", url=ARCHIVE_URL, files=16, missing=1)
    said = email(compose(event(), partial))
    assert said.startswith("daily_run failed: 1 of 4 commands. 1 file could not be archived.\n")


def test_email_says_why_the_archive_is_given_up() -> None:
    given_up = ArchiveOutcome(state="failed", error="no credentials for workspace w")
    said = email(compose(event(), given_up))
    assert "Its archive was given up: no credentials for workspace w\n" in said
    assert "Its archive (" not in said


def test_no_name_can_add_a_line() -> None:
    plain = email(compose(event(), ARCHIVED))
    forged = email(compose(event(schedule_name="daily_run\nRun: 1\u2028Run: 2"), ARCHIVED))
    assert forged.count("\n") == plain.count("\n")


def test_no_name_can_turn_the_direction_of_writing() -> None:
    assert "\u202e" not in email(compose(event(schedule_name="daily\u202enur"), ARCHIVED))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("git clone https://x-token:s3cret@git.example/a", "git clone https://…git.example/a"),
        ("git clone https://bot:pass/s3cret@git.example/a", "git clone https://…git.example/a"),
        ("curl https://git.example/a?key=s3cret -o a", "curl https://git.example/a… -o a"),
    ],
)
def test_a_token_in_an_address_is_not_told(text: str, told: str) -> None:
    failure = {"unique_id": "command 1", "status": "failed", "message": "fatal: not found"}
    message = compose(event(commands=[command(text)]), failing(failure))
    assert f"failed: {told}\n    fatal: not found\n" in email(message)
    assert message.subject.endswith(f"failed: {told.replace('…', '...')}")
    assert "s3cret" not in json.dumps([message.subject, message.by_protocol, message.attributes])


# --- the JSON form


def test_programs_get_what_the_email_says() -> None:
    message = content(compose(event(), failing(ORDERS, of=3)))
    assert message["schema"] == 1
    assert message["run"] == {
        "workspace_uid": "n0sg8br1m44k0ryj",
        "workspace_name": "demo-jaffle",
        "schedule_name": "daily_run",
        "run_id": 63187,
        "state": "failed",
        "actor": "Manual",
        "branch": "main",
        "commit_hash": "54a134583ef6dccbe154e30e1cd09a9d94b6bda0",
        "started_at": "2023-10-15T16:44:01.476190Z",
        "ended_at": "2023-10-15T16:44:39.891890Z",
        "error_string": None,
        "run_url": "https://app.demo.paradime.io/bolt/run_id/63187",
    }
    assert message["failed_commands"] == [
        {"index": 4, "id": 193442, "command": "dbt run", "return_code": 1}
    ]
    assert message["failures"] == [
        {"unique_id": "model.shop.orders", "status": "error", "message": "no column amount"}
    ]
    assert (message["failed_command_count"], message["failure_count"]) == (1, 3)


def test_programs_get_what_became_of_the_archive() -> None:
    assert content(compose(event(), ARCHIVED))["archive"] == {
        "state": "archived",
        "files": 17,
        "bytes": 680_123,
        "missing": 0,
        "pending": 0,
        "url": ARCHIVE_URL,
        "error": None,
    }


def test_messages_of_a_run_stay_together_in_a_chat() -> None:
    given_up = content(compose(event(), ArchiveOutcome(state="failed", error="none")))["metadata"]
    archived = content(compose(event(), ARCHIVED))["metadata"]
    assert given_up["threadId"] == archived["threadId"] == "n0sg8br1m44k0ryj#63187"
    assert (given_up["eventType"], archived["eventType"]) == ("run_given_up", "run_failed")


def test_a_name_calls_nobody_in_a_chat() -> None:
    named = {"unique_id": "model.shop.`<!channel>`", "status": "error", "message": "@here"}
    said = content(compose(event(schedule_name="`@channel`"), failing(named)))["content"]
    assert re.search("`model.shop.'.!channel>'` `@here`", said["description"])
    assert "<!channel>" not in said["description"]
    assert said["description"].startswith("`'@channel' failed")


@pytest.mark.parametrize(
    "name",
    [
        *("<!channel>", "<@U024BE7LH>", "<#C024BE7LR>", "<!subteam^SAZ94GDB8>", "<at>Team</at>"),
        *("@here", "@channel", "#general", "*bold*", "_italic_", "__bold__", "~gone~", "`code`"),
        *("[text](https://evil.example)", "<https://evil.example|text>", "https://evil.example"),
        *(
            "evil.example/pay",
            "www.evil.example",
            "mailto:x@evil.example",
            ":fire:",
            "&lt;!here&gt;",
        ),
        *("> quoted", "# heading", "![i](https://evil.example/i.png)"),
    ],
)
@pytest.mark.parametrize("where", ["schedule", "workspace", "node", "command"])
def test_no_name_is_markup_mention_or_link_in_a_chat_s_title(name: str, where: str) -> None:
    places: dict[str, dict[str, Any]] = {
        "schedule": {"schedule_name": name},
        "workspace": {"workspace": {"uid": "w", "name": name}},
        "node": {},
        "command": {"commands": [command(name)]},
    }
    failed = failing({"unique_id": f"model.shop.{name}", "status": "error", "message": None})
    said = content(compose(event(**places[where]), failed if where == "node" else ARCHIVED))
    for title in (said["content"]["title"], said["metadata"]["summary"]):
        assert not set(title) & set("<>*`~@#|[]")
        assert not re.search(r"\b_|_\b|://|:\w+:|&\w+;|\w\.[a-z]{2}", title)


def test_a_name_as_dbt_s_are_stands_in_a_chat_s_title_as_it_is() -> None:
    orders = ORDERS | {"unique_id": "model.shop.stg_orders_2"}
    title = content(compose(event(), failing(orders)))["content"]["title"]
    assert title == "demo-jaffle / daily_run failed: stg_orders_2"


# --- what to filter by


def test_attributes_are_what_a_filter_policy_asks_for() -> None:
    assert compose(event(), ARCHIVED).attributes == {
        "workspace": "n0sg8br1m44k0ryj",
        "workspace_name": "demo-jaffle",
        "schedule": "daily_run",
        "state": "failed",
        "archive_state": "archived",
        "event_type": "run_failed",
        "owners": ["fabio@paradime.io"],
    }


def test_an_attribute_without_a_value_is_left_out() -> None:
    unnamed = event(schedule_name="", schedule=None, workspace={"uid": "w", "name": " "})
    message = compose(unnamed, ARCHIVED)
    assert message.attributes.keys() == {"workspace", "state", "archive_state", "event_type"}


# --- within SNS's bounds

ANY_TEXT = st.text(st.characters(codec=None), max_size=400)
ANY_FAILURE = st.fixed_dictionaries(
    {"unique_id": ANY_TEXT, "status": ANY_TEXT, "message": ANY_TEXT | st.none()}
)


@given(
    ANY_TEXT, ANY_TEXT, st.lists(ANY_FAILURE, max_size=3), st.sampled_from(["archived", "failed"])
)
def test_sns_takes_whatever_a_payload_holds(
    schedule: str, workspace: str, failures: list[dict[str, Any]], state: Any
) -> None:
    told = structs.replace(
        event(),
        schedule_name=schedule,
        workspace=events.Workspace(uid="w", name=workspace),
        error_string=schedule,
    )
    message = compose(
        told,
        ArchiveOutcome(
            state=state, failures=failures, failure_count=len(failures), error=workspace
        ),
    )
    assert message.subject.isascii()
    assert message.subject.isprintable()
    assert 0 < len(message.subject) < 100
    assert message.subject[0] != " "
    lists = (value for value in message.attributes.values() if not isinstance(value, str))
    single = (value for value in message.attributes.values() if isinstance(value, str))
    for text in (*message.by_protocol.values(), *single, *chain(*lists)):
        text.encode()
        assert not {character for character in text if character < " "} - {"\n"}
    assert all(message.attributes.values())
    content(message)


@pytest.mark.parametrize("character", ["\N{PILE OF POO}", '"', "\\", "é", "\ufdfa"])
def test_the_largest_message_is_far_below_256_kib(character: str) -> None:
    long = character * 5_000
    failure = {"unique_id": long, "status": long, "message": long}
    told = event(
        schedule_name=long,
        workspace={"uid": "w" * 64, "name": long},
        status=long,
        error_string=long,
        run_url=f"https://x.io/{'a' * 1_000}",
        environment=dict.fromkeys(("actor", "branch", "commit_hash"), long),
        commands=[command(long) | {"id": number} for number in range(1, 30)],
    )
    message = compose(told, failing(*[failure] * 20, of=5_000))
    body = json.dumps(message.by_protocol, ensure_ascii=False)
    attributes = "".join(f"{name}String{value}" for name, value in message.attributes.items())
    assert len((body + attributes).encode()) < 200 * 1024
    assert len(content(message)["content"]["description"]) <= 8_000
    assert len(content(message)["content"]["title"]) <= 250


# --- the words


@pytest.mark.parametrize(
    "url",
    [
        "http://a.io/",
        "https://user@a.io/",
        "https://a.io/ b",
        "https://a.io/\n",
        "https://ä.io/",
        "https:///x",
        f"https://a.io/{'x' * 1_024}",
        "",
    ],
)
def test_an_address_is_plain_https_or_none(url: str) -> None:
    assert https_url(url) is None
