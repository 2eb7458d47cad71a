"""Paradime's GraphQL API: how anything is asked of it, and what an archive asks.

Source: the vendor's SDK (package `paradime-io`) and the page "Bolt API". Queries are our own
with integer variables; the queries that a payload carries are never sent.
"""

import threading
import time
from contextlib import nullcontext
from typing import Annotated, Any, TypeVar

import requests
from msgspec import Meta, Struct
from urllib3.exceptions import HTTPError

from functions.paradime.answers import read_answer
from functions.paradime.body import Body
from functions.paradime.headers import HeaderProvider, Headers
from functions.paradime.session import retry_after_seconds
from functions.run.fields import Id
from functions.shared.errors import (
    AnswerTooLargeError,
    ApiFailingError,
    CredentialsRefusedError,
    NotThereError,
    QueryRefusedError,
    TryAgainError,
)

# JSON has to be in memory as a whole, and several answers at a time are.
MAX_ANSWER_BYTES = 16 * 1024 * 1024
# Python's text takes up to four times the bytes, so larger answers are read one at a time.
SMALL_ANSWER_BYTES = 1024 * 1024
# For the body of an answer.
ANSWER_SECONDS = 30.0

_COMMAND = """
query ArchiveCommand($commandId: Int!, $withLogs: Boolean!) {
  boltCommand(commandId: $commandId) {
    stdout @include(if: $withLogs)
    stderr @include(if: $withLogs)
    resources { id path }
  }
}
"""
_COMMAND_LOGS = """
query ArchiveCommandLogs($commandId: Int!, $cursor: String) {
  boltCommandLogs(commandId: $commandId, cursor: $cursor) {
    lines { stream line }
    cursor
    finished
  }
}
"""
_RESOURCE_URL = """
query ArchiveResourceUrl($resourceId: Int!) {
  boltResourceUrl(resourceId: $resourceId) { ok url }
}
"""


_Model = TypeVar("_Model", bound=Struct)


class ResourceAnswer(Struct, frozen=True):
    id: Id
    path: str


class Log(bytes):
    """A console log in UTF-8, which takes less memory than Python's text."""

    @classmethod
    def from_json(cls, value: object) -> "Log":
        if not isinstance(value, str):
            raise ValueError("expected text")  # noqa: TRY004 (what a reader of JSON takes)
        return cls(value.encode())


class CommandAnswer(Struct, frozen=True):
    """`stdout` and `stderr` are None unless they were asked for."""

    stdout: Log | None = None
    stderr: Log | None = None
    resources: tuple[ResourceAnswer, ...] | None = None


class LogLine(Struct, frozen=True, gc=False):
    """`stream` is STDOUT or STDERR; a line has its own end, if it has one."""

    stream: str
    line: str


class LogPage(Struct, frozen=True):
    """The next lines of both logs, and the cursor of those behind them."""

    lines: tuple[LogLine, ...]
    cursor: Annotated[str, Meta(max_length=256)]
    finished: bool


class ResourceUrlAnswer(Struct, frozen=True):
    ok: bool
    url: str | None = None


class ParadimeApi:
    """One workspace's API.

    Raises:
        AddressRefusedError: no credentials are sent to that address.
        CredentialsMissingError: there are none for the workspace.
        UnavailableError: Secrets Manager failed.
    """

    def __init__(
        self, session: requests.Session, provider: HeaderProvider, url: str, workspace_uid: str
    ) -> None:
        self._session = session
        self._provider = provider
        self._headers = provider.headers(url, workspace_uid)
        self._reading_large = threading.Lock()

    def command(self, command_id: int, *, with_logs: bool) -> CommandAnswer:
        """A command's console logs and the list of its resources.

        Raises:
            NotThereError: Paradime has no such command, or not yet.
            TryAgainError: the API answered an error, or not as it should.
            ApiFailingError: it did not answer at all, or as no API does.
            AnswerTooLargeError: the answer is over `MAX_ANSWER_BYTES`.
        """
        variables = {"commandId": command_id, "withLogs": with_logs}
        return self.ask(_COMMAND, variables, "boltCommand", CommandAnswer)

    def log_page(self, command_id: int, cursor: str) -> LogPage:
        """A part of a command's console logs.

        Raises:
            NotThereError: Paradime has no such command; or its API does not page logs, or not for
                this key, or pages them otherwise.
            ApiFailingError: as above.
        """
        variables = {"commandId": command_id, "cursor": cursor}
        try:
            return self.ask(_COMMAND_LOGS, variables, "boltCommandLogs", LogPage)
        except QueryRefusedError as e:
            raise NotThereError(str(e)) from e
        except ApiFailingError:
            raise
        except TryAgainError as e:
            raise NotThereError(str(e)) from e

    def resource_url(self, resource_id: int) -> str:
        """A link to a resource; it lives briefly, so ask right before each use.

        Raises:
            NotThereError: Paradime has no such resource, or not yet.
            TryAgainError, ApiFailingError, AnswerTooLargeError: as above.
        """
        variables = {"resourceId": resource_id}
        answer = self.ask(_RESOURCE_URL, variables, "boltResourceUrl", ResourceUrlAnswer)
        if not answer.ok or not answer.url:
            raise NotThereError(f"Paradime gives no link to resource {resource_id}")
        return answer.url

    def ask(self, query: str, variables: dict[str, Any], field: str, model: type[_Model]) -> _Model:
        """Sends a query of our own and reads the one field that it asks for.

        Raises:
            NotThereError: the API answered null.
            TryAgainError, ApiFailingError, AnswerTooLargeError: as above.
        """
        headers = self._headers
        try:
            return self._query(query, variables, headers, field, model)
        except CredentialsRefusedError:
            newer = self._provider.renew(refused=headers)
            if newer == headers:
                raise
            self._headers = newer
            return self._query(query, variables, newer, field, model)

    def _query(
        self,
        query: str,
        variables: dict[str, Any],
        headers: Headers,
        field: str,
        model: type[_Model],
    ) -> _Model:
        try:
            with self._session.post(
                headers.url,
                json={"query": query, "variables": variables},
                headers=headers.values,
                allow_redirects=False,
                stream=True,
            ) as response:
                _check_status(response)
                body = _body(response)
        except (requests.RequestException, HTTPError, TimeoutError) as e:
            raise ApiFailingError(f"Paradime's API could not be reached: {type(e).__name__}") from e
        kind = response.headers.get("Content-Type", "no content type")[:80]
        is_large = len(body) > SMALL_ANSWER_BYTES
        with self._reading_large if is_large else nullcontext():
            return read_answer(body, kind, headers.values.values(), field, model)


def _check_status(response: requests.Response) -> None:
    status, retry_after = response.status_code, retry_after_seconds(response)
    if status in (401, 403):
        raise CredentialsRefusedError(f"Paradime's API refused the credentials ({status})")
    if 300 <= status < 400:
        raise ApiFailingError(
            f"Paradime's API answered with a redirect ({status}), which is not followed"
        )
    if status == 400:
        raise QueryRefusedError("Paradime's API answered 400", retry_after)
    if status != 200:
        raise ApiFailingError(f"Paradime's API answered {status}", retry_after)


def _body(response: requests.Response) -> bytearray:
    pieces, body, end = Body(response), bytearray(), time.monotonic() + ANSWER_SECONDS
    while piece := pieces.read():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise AnswerTooLargeError(
                f"Paradime's API answered with more than {MAX_ANSWER_BYTES} bytes"
            )
        if time.monotonic() > end:
            raise TimeoutError("the body took too long")
    return body
