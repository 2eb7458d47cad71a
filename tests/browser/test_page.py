"""The page in a real browser: harmless, accessible, and fit for a phone and for paper."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.archives import archive_of, archive_of_case, large_archive
from tests.browser.chromium import Chromium, Page
from tests.browser.conftest import Site
from tests.hostile import hostile_archive

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

PAGES: dict[str, Callable[[], bytes]] = {
    "a failing model": lambda: archive_of(63187).page(),
    "failing tests": lambda: archive_of(63188).page(),
    "a run that succeeded": lambda: archive_of(63189).page(),
    "owners and exposures": lambda: archive_of_case("dbt110-owned").page(),
    "a failed clone": lambda: archive_of(63190).page(),
    "many commands": lambda: large_archive(commands=40, failing=120).page(),
    "hostile": lambda: hostile_archive().page(),
}
each_page = pytest.mark.parametrize("name", PAGES)
each_scheme = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


@pytest.fixture(scope="module")
def large() -> bytes:
    return large_archive().page()


class TestHostile:
    def test_it_runs_no_script(self, browser: Chromium, site: Site) -> None:
        with browser.page() as page:
            page.open(site.put(hostile_archive(site.address).page()))
            assert page.evaluate("typeof window.ran") == "undefined"

    def test_it_loads_nothing(self, browser: Chromium, site: Site) -> None:
        address = site.put(hostile_archive(site.address).page())
        site.asked.clear()
        with browser.page() as page:
            page.open(address)
            assert _requested(page) == [address]
        assert site.asked == [address.removeprefix(site.address)]

    def test_it_stays_where_it_is(self, browser: Chromium, site: Site) -> None:
        address = site.put(hostile_archive(site.address).page())
        with browser.page() as page:
            page.open(address)
            assert page.evaluate("[document.location.href, document.baseURI]") == [address] * 2

    def test_a_script_that_got_in_would_not_run(self, browser: Chromium, site: Site) -> None:
        with browser.page() as page:
            page.open(site.put(archive_of(63187).page()))
            page.evaluate(
                "document.body.append(Object.assign(document.createElement('script'),"
                "{textContent: 'window.ran = true'}))"
            )
            assert page.evaluate("typeof window.ran") == "undefined"

    def test_an_image_that_got_in_would_not_load(self, browser: Chromium, site: Site) -> None:
        address = site.put(archive_of(63187).page())
        site.asked.clear()
        with browser.page() as page:
            page.open(address)
            page.evaluate(
                "new Promise(refused => {"
                "document.addEventListener('securitypolicyviolation', refused);"
                f"document.body.append(Object.assign(new Image(), {{src: '{site.address}/a.png'}}))"
                "}).then(() => true)"
            )
        assert site.asked == [address.removeprefix(site.address)]


class TestAccessibility:
    @each_page
    @each_scheme
    @pytest.mark.parametrize("width", [360, 1280])
    def test_axe_finds_no_violation(
        self, browser: Chromium, site: Site, name: str, dark: bool, width: int
    ) -> None:
        with browser.page(width=width, dark=dark) as page:
            page.open(site.put(PAGES[name]()))
            assert violations(page) == []

    def test_axe_would_find_one(self, browser: Chromium, site: Site) -> None:
        with browser.page() as page:
            page.open(site.put(b"<!doctype html><title>t</title><img src=a.png>"))
            assert "image-alt" in [violation["id"] for violation in violations(page)]

    def test_the_keyboard_opens_the_sql(self, browser: Chromium, site: Site) -> None:
        with browser.page() as page:
            page.open(site.put(archive_of(63187).page()))
            page.evaluate("document.querySelector('.node summary').focus()")
            for kind in ("keyDown", "keyUp"):
                page.send("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r")
            sql = "document.querySelector('.node details[open] pre').checkVisibility()"
            assert page.evaluate(sql) is True


class TestLayout:
    @each_page
    def test_a_phone_needs_no_scrolling_sideways(
        self, browser: Chromium, site: Site, name: str
    ) -> None:
        with browser.page(width=360, height=740) as page:
            page.open(site.put(PAGES[name]()))
            _open_details(page)
            assert page.evaluate("document.documentElement.scrollWidth") == 360

    @pytest.mark.parametrize("run_id", [63187, 63190])
    @pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 800)])
    def test_the_first_screen_says_what_failed_why_and_where_to_go(
        self, browser: Chromium, site: Site, run_id: int, width: int, height: int
    ) -> None:
        with browser.page(width=width, height=height) as page:
            page.open(site.put(archive_of(run_id).page()))
            for what in ("h1", ".lead", ".why", ".out a", ".facts"):
                bottom = f"document.querySelector('{what}').getBoundingClientRect().bottom"
                assert page.evaluate(bottom) <= height

    def test_without_scripts_it_reads_the_same(self, browser: Chromium, site: Site) -> None:
        address = site.put(archive_of(63188).page())
        texts = []
        for disabled in (False, True):
            with browser.page() as page:
                page.send("Emulation.setScriptExecutionDisabled", value=disabled)
                page.open(address)
                texts.append(page.evaluate("document.body.innerText"))
        assert texts[0] == texts[1]

    def test_on_paper_all_is_open(self, browser: Chromium, site: Site) -> None:
        heights = (
            "[...document.querySelectorAll('.node details')]"
            ".map(details => details.getBoundingClientRect().height)"
        )
        with browser.page() as page:
            page.open(site.put(archive_of(63188).page()))
            closed = page.evaluate(heights)
            page.send("Emulation.setEmulatedMedia", media="print")
            printed = page.evaluate(heights)
        assert all(height > 1.5 * folded for folded, height in zip(closed, printed, strict=True))


class TestLargeRun:
    """200 commands, 5,000 failing nodes."""

    def test_it_opens_with_all_nodes_in_it(
        self, browser: Chromium, site: Site, large: bytes
    ) -> None:
        assert len(large) < 2_000_000
        with browser.page() as page:
            page.open(site.put(large))
            nodes = "document.querySelectorAll('.node, .rows:not(.causes) li').length"
            assert page.evaluate(nodes) == 5_000

    def test_what_is_not_seen_yet_is_not_laid_out(
        self, browser: Chromium, site: Site, large: bytes
    ) -> None:
        with browser.page() as page:
            page.open(site.put(large))
            last = "[...document.querySelectorAll('.rows li')].at(-1).firstChild"
            assert (
                page.evaluate(f"{last}.checkVisibility({{contentVisibilityAuto: true}})") is False
            )

    def test_a_phone_needs_no_scrolling_sideways(
        self, browser: Chromium, site: Site, large: bytes
    ) -> None:
        with browser.page(width=360, height=740) as page:
            page.open(site.put(large))
            assert page.evaluate("document.documentElement.scrollWidth") == 360


def _requested(page: Page) -> list[str]:
    return [
        event["params"]["request"]["url"]
        for event in page.events()
        if event["method"] == "Network.requestWillBeSent"
        and not event["params"]["request"]["url"].startswith("data:")
    ]


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds, with everything on the page opened."""
    _open_details(page)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(result => JSON.stringify(result.violations))")
    return [
        {
            "id": violation["id"],
            "where": [(node["html"][:200], node["failureSummary"]) for node in violation["nodes"]],
        }
        for violation in json.loads(found)
    ]


def _open_details(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => {one.open = true})")
