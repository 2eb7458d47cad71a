"""Delivers as Paradime does: several at a time, and again what was not answered 2xx."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.e2e.client import Client
from tests.soak.plan import Planned

AT_ONCE = 6
# Seconds before each further attempt.
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0)


class Sender:
    """`seconds` is how long each 2xx took, `attempts` how often anything was sent."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._signed: dict[int, dict[str, str]] = {}
        self._lock = threading.Lock()
        self.seconds: list[float] = []
        self.attempts = 0
        self.undelivered: list[Planned] = []

    def send(self, deliveries: list[Planned]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._deliver, deliveries))

    def _deliver(self, planned: Planned) -> None:
        for pause in PAUSES:
            time.sleep(pause)
            if self._attempt(planned):
                return
        with self._lock:
            self.undelivered.append(planned)

    def _attempt(self, planned: Planned) -> bool:
        with self._lock:
            self.attempts += 1
            # A repetition is the same delivery with the same id.
            headers = self._signed.setdefault(
                planned.key, self._client.signed_headers(planned.body)
            )
        begun = time.monotonic()
        try:
            delivered = self._client.send(planned.body, headers).status_code == 202
        except requests.RequestException:
            return False
        if delivered:
            with self._lock:
                self.seconds.append(time.monotonic() - begun)
        return delivered
