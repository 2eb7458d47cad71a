"""An HTTP answer before it is sent, so that a fault can still change it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """`length` is the Content-Length; `wait` (before the answer) and `pause` (between two chunks of
    the body) are in seconds.

    The server closes the connection after a body that does not have `length` bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: Iterable[bytes]
    length: int
    wait: float = 0
    pause: float = 0


def of_bytes(status: int, content_type: str, body: bytes) -> Answer:
    return Answer(status, {"Content-Type": content_type}, [body], len(body))


def of_json(status: int, value: object) -> Answer:
    return of_bytes(status, "application/json", json.dumps(value).encode())
