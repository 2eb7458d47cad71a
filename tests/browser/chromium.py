"""Chromium without a window, driven over a pipe by its DevTools protocol."""

import base64
import json
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

PATIENCE_SECONDS = 60

_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]

MISSING = "chromium is not installed; on Debian: apt-get install chromium"

Json = dict[str, Any]


class ChromiumError(Exception):
    """Chromium is not there, refused a command, or did not answer in time."""


def find() -> str | None:
    """The path of Chromium; None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium() -> Iterator["Chromium"]:
    """A browser with a profile of its own, which ends with the block."""
    path = find()
    if path is None:
        raise ChromiumError(MISSING)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Chromium(path, Path(profile))
        try:
            yield browser
        finally:
            browser.close()


class Chromium:
    def __init__(self, path: str, profile: Path) -> None:
        from_us, self._to_chromium = os.pipe()
        self._from_chromium, to_us = os.pipe()
        log = os.open(profile / "stderr.log", os.O_WRONLY | os.O_CREAT, 0o600)
        # Chromium reads commands from descriptor 3 and writes to 4. Lifted first, so that neither
        # is overwritten by the other.
        lifted = [os.dup(from_us), os.dup(to_us)]
        self._pid = os.posix_spawn(
            path,
            [path, *_FLAGS, f"--user-data-dir={profile / 'data'}", "about:blank"],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
                (os.POSIX_SPAWN_DUP2, lifted[0], 30),
                (os.POSIX_SPAWN_DUP2, lifted[1], 31),
                (os.POSIX_SPAWN_DUP2, 30, 3),
                (os.POSIX_SPAWN_DUP2, 31, 4),
            ],
        )
        for descriptor in (from_us, to_us, log, *lifted):
            os.close(descriptor)
        self._buffer = b""
        self._last_id = 0
        self._events: deque[Json] = deque()

    def close(self) -> None:
        """Ends the browser, and waits for its end."""
        try:
            self.send("Browser.close")
        except (ChromiumError, BrokenPipeError):
            os.kill(self._pid, 9)
        os.waitpid(self._pid, 0)
        os.close(self._to_chromium)
        os.close(self._from_chromium)

    def send(self, method: str, session: str | None = None, /, **parameters: Any) -> Json:
        """Sends a command and returns its result.

        Raises:
            ChromiumError: the browser refused it, or did not answer in time.
        """
        self._last_id += 1
        message: Json = {"id": self._last_id, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        unsent = memoryview(json.dumps(message).encode() + b"\0")
        while unsent:
            unsent = unsent[os.write(self._to_chromium, unsent) :]
        while True:
            answer = self._receive()
            if answer.get("id") != self._last_id:
                self._events.append(answer)
            elif "error" in answer:
                raise ChromiumError(f"{method}: {answer['error']['message']}")
            else:
                return dict(answer["result"])

    def events(self, session: str) -> list[Json]:
        """What a page has told since it was asked last, the oldest first."""
        told = [event for event in self._events if event.get("sessionId") == session]
        self._events.clear()
        return told

    def await_event(self, session: str, method: str) -> Json:
        """The first event of this kind that was not asked for yet; all of them stay to be."""
        for event in self._events:
            if event.get("sessionId") == session and event.get("method") == method:
                return event
        while True:
            event = self._receive()
            self._events.append(event)
            if event.get("sessionId") == session and event.get("method") == method:
                return event

    @contextmanager
    def page(self, *, width: int = 1280, height: int = 900, dark: bool = False) -> Iterator["Page"]:
        """A new page of this size and colour scheme, in a profile of its own."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context)[
            "targetId"
        ]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        page.send("Page.enable")
        page.send("Runtime.enable")
        page.send("Network.enable")
        page.send("Log.enable")
        page.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.send("Emulation.setEmulatedMedia", features=[scheme])
        try:
            yield page
        finally:
            self.send("Target.disposeBrowserContext", browserContextId=context)

    def _receive(self) -> Json:
        while b"\0" not in self._buffer:
            if not select([self._from_chromium], [], [], PATIENCE_SECONDS)[0]:
                raise ChromiumError(f"chromium did not answer within {PATIENCE_SECONDS} s")
            part = os.read(self._from_chromium, 1 << 20)
            if not part:
                raise ChromiumError("chromium has ended")
            self._buffer += part
        message, self._buffer = self._buffer.split(b"\0", 1)
        return dict(json.loads(message))


class Page:
    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session

    def send(self, method: str, **parameters: Any) -> Json:
        return self._browser.send(method, self._session, **parameters)

    def resize(self, width: int, height: int) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def open(self, url: str) -> None:
        """Opens an address and waits until all that it loads is loaded."""
        self.events()  # those of the page before
        self.send("Page.navigate", url=url)
        self._browser.await_event(self._session, "Page.loadEventFired")

    def await_load(self) -> None:
        """Waits for the page to which the one just opened leads by itself."""
        self.events()
        self._browser.await_event(self._session, "Page.loadEventFired")

    def click(self, selector: str) -> None:
        """Clicks what a selector finds, and waits until what it leads to is loaded."""
        self.events()
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")
        self._browser.await_event(self._session, "Page.loadEventFired")

    def back(self) -> None:
        """To the page before, anew."""
        history = self.send("Page.getNavigationHistory")
        self.open(history["entries"][history["currentIndex"] - 1]["url"])

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, once it is settled."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise ChromiumError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def events(self) -> list[Json]:
        return self._browser.events(self._session)

    def screenshot(self, *, whole: bool = False) -> bytes:
        """A PNG of what is seen, or of the whole page."""
        picture = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(picture["data"])

    def pdf(self) -> bytes:
        return base64.b64decode(self.send("Page.printToPDF", printBackground=True)["data"])
