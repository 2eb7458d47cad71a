"""Who may look, where an address leads, and what a browser may do with the answer."""

import pytest

from cli.serve.answer import file
from cli.serve.guard import Guard
from cli.serve.routes import (
    Home,
    NodePage,
    RunFile,
    RunPage,
    SchedulePage,
    node_address,
    route,
    run_address,
    schedule_address,
)
from functions.aws.bucket import content_type

guard = Guard(port=8400)


class TestGuard:
    @pytest.mark.parametrize("host", ["127.0.0.1:8400", "localhost:8400"])
    def test_its_own_host_is_served(self, host: str) -> None:
        assert guard.refusal(host, None) == ""
        assert guard.refusal(host, f"http://{host}") == ""

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example:8400",
            "127.0.0.1",
            "127.0.0.1:8401",
            "localhost.evil.example:8400",
            "",
            None,
        ],
    )
    def test_a_foreign_host_is_refused(self, host: str | None) -> None:
        assert guard.refusal(host, None)

    @pytest.mark.parametrize(
        "origin",
        ["http://evil.example", "null", "https://127.0.0.1:8400", "http://127.0.0.1:8401", ""],
    )
    def test_a_foreign_origin_is_refused(self, origin: str) -> None:
        assert guard.refusal("127.0.0.1:8400", origin)

    def test_only_the_session_cookie_of_this_port_is_known(self) -> None:
        cookie = guard.cookie.partition(";")[0]
        assert guard.knows(cookie)
        assert guard.knows(f"a=b; {cookie}")
        assert not guard.knows(None)
        assert not guard.knows(cookie[:-1])
        assert not guard.knows(cookie.replace("8400", "8401"))
        assert not guard.knows(f"bolt-archive-8400={guard.token}")

    def test_scripts_and_other_sites_get_no_cookie(self) -> None:
        assert {"HttpOnly", "SameSite=Strict"} <= set(guard.cookie.split("; "))

    def test_only_the_token_is_the_token(self) -> None:
        assert guard.is_token(guard.token)
        assert not guard.is_token("")
        assert not guard.is_token(guard.session)

    def test_no_two_have_a_token_in_common(self) -> None:
        assert Guard(port=8400).token != guard.token

    def test_what_is_printed_of_it_has_no_secret(self) -> None:
        assert guard.token not in repr(guard)
        assert guard.session not in repr(guard)


class TestRoutes:
    @pytest.mark.parametrize("name", ["daily_run", "..", "a/b?c#d", "Été & co", ""])
    def test_a_schedule_of_any_name_has_an_address(self, name: str) -> None:
        assert route(schedule_address("w1", name)) == SchedulePage("w1", name)
        assert route(schedule_address("w1", name, "7")) == SchedulePage("w1", name, "7")

    def test_a_node_has_an_address(self) -> None:
        assert route(node_address("model.a.b")) == NodePage("model.a.b")

    def test_a_run_has_an_address_below_which_its_files_are(self) -> None:
        assert route(run_address("w/1", 7)) == RunPage("w/1", "7")
        assert route(run_address("w1", 7) + "04-a/stdout.log") == RunFile(
            "w1", "7", "04-a/stdout.log"
        )

    def test_filters_are_in_the_query(self) -> None:
        assert route("/?q=a+b&state=failing") == Home({"q": "a b", "state": "failing"})

    @pytest.mark.parametrize(
        "path",
        [
            "../8/event.json",
            "a/../../event.json",
            "%2e%2e/event.json",
            "..%2f..%2fevent.json",
            "a/%2e%2e%5cevent.json",
            "a//b.json",
            "a/./b.json",
            "a%00.json",
            "/etc/passwd",
        ],
    )
    def test_no_path_leads_out_of_a_run(self, path: str) -> None:
        assert route(f"/runs/w1/7/{path}") is None

    @pytest.mark.parametrize(
        "address", ["/runs/w1/x/", "/runs/w1/", "/schedule", "/node", "/nothing", "", "http://a/"]
    )
    def test_nothing_else_is_here(self, address: str) -> None:
        assert route(address) is None


class TestFiles:
    @pytest.mark.parametrize(
        ("key", "how"),
        [
            ("stdout.log", "inline"),
            ("run_results.json", "inline"),
            ("compiled/a.sql", "inline"),
            ("graph.gpickle", "attachment"),
            ("a.pdf", "attachment"),
        ],
    )
    def test_what_a_browser_can_show_is_shown(self, key: str, how: str) -> None:
        answer = file(key, content_type(key), 1, [b"x"])
        assert answer.all_headers["Content-Disposition"].startswith(how)

    @pytest.mark.parametrize("key", ["index.html", "a.svg", "a.xhtml", "a.js"])
    def test_what_a_browser_would_run_is_text(self, key: str) -> None:
        headers = file(key, content_type(key), 1, [b"x"]).all_headers
        assert headers["Content-Type"] == "text/plain; charset=utf-8"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]

    def test_a_name_cannot_add_a_header(self) -> None:
        name = 'a"\r\nSet-Cookie: b=c'
        headers = file(name, "text/plain", 1, [b"x"]).all_headers
        assert not any(mark in headers["Content-Disposition"] for mark in "\r\n")
