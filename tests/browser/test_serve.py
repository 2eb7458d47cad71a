"""`serve` in a real browser: every kind of link is clicked, on a phone and on a desk."""

import json
import threading
from collections.abc import Iterator

import pytest

from cli.serve.server import Server
from cli.serve.site import Site
from tests.browser.chromium import Chromium, Page
from tests.browser.test_page import violations
from tests.integration.nights import Night
from tests.integration.served import project_listed, target_of
from tests.integration.world import new_world

NIGHTS = (
    Night(1, 0, ("model.jaffle.orders",), schedule="daily_run"),
    Night(2, 20_000_000 / 3600, schedule="other"),
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch, new_world(patch) as world:
        project_listed(world)
        for night in NIGHTS:
            night.add_to(world.standin)
            world.send(night.payload(world.standin.api_url))
        world.send(world.payload())
        world.drain()
        with Server(Site(target_of(world))) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield server
            finally:
                server.shutdown()
                thread.join()


@pytest.fixture(params=[(1280, False), (360, True)], ids=["desk", "phone, dark"])
def page(request: pytest.FixtureRequest, browser: Chromium, server: Server) -> Iterator[Page]:
    width, dark = request.param
    with browser.page(width=width, dark=dark) as page:
        page.open(server.guard.first_address)
        page.await_load()
        yield page


def _base(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def _click(page: Page, server: Server, link: str) -> str:
    """Follows the first link of this selector; the text of where it leads."""
    address = page.evaluate(f"document.querySelector({json.dumps(link)}).href")
    assert address.startswith(_base(server))
    page.click(link)
    assert page.evaluate("document.location.href") == address
    return str(page.evaluate("document.body.innerText"))


def test_every_kind_of_link_leads_somewhere(page: Page, server: Server) -> None:
    assert "failing since" in page.evaluate("document.body.innerText")
    text = _click(page, server, ".schedules h2 a[href*=daily_run]")
    assert "What fails most often" in text
    text = _click(page, server, ".runs a[href$='/63187/']")
    assert "Binder Error" in text
    log = _click(page, server, "a[href$='04-dbt-run-193442/stdout.log']")
    assert "Done. PASS=5" in log
    page.back()
    results = _click(page, server, "a[href$='04-dbt-run-193442/target/run_results.json']")
    assert "customer_lifetime_value" in results
    page.back()
    assert "Failed in 1 of the last" in _click(page, server, "a[href^='/node']")
    assert "Binder Error" in _click(page, server, ".failures a[href^='/runs']")
    assert "daily_run" in _click(page, server, "nav a[rel=next]")
    assert "63187" in _click(page, server, "nav a[rel=prev]")
    assert "schedules fail" in _click(page, server, "nav a[href='/']")
    assert "Run" in _click(page, server, ".strip-of-runs a:last-child")


@pytest.mark.parametrize(
    "address",
    ["/", "/schedule?workspace=n0sg8br1m44k0ryj&name=daily_run", "/runs/n0sg8br1m44k0ryj/63187/",
     "/runs/n0sg8br1m44k0ryj/2/", "/node?name=orders", "/none"],
)  # fmt: skip
def test_it_is_accessible_and_needs_no_scrolling_sideways(
    page: Page, server: Server, address: str
) -> None:
    page.open(_base(server) + address)
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1]
    assert violations(page) == []


def test_the_filters_work_without_scripts(page: Page, server: Server) -> None:
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.open(f"{_base(server)}/?q=DATABASE")
    names = "[...document.querySelectorAll('.schedules h2')].map(one => one.innerText)"
    assert page.evaluate(names) == ["daily_run"]
