"""Paradime's GraphQL API: how anything is asked of it, and what an archive asks.

Source: the vendor's SDK (package `paradime-io`) and the page "Bolt API". Queries are our own
with integer variables; the queries that a payload carries are never sent.
"""

import json
import time
from collections.abc import Iterable
from typing import Any, TypeVar

import requests
from msgspec import Struct
from urllib3.exceptions import HTTPError

from functions.paradime.body import Body
from functions.paradime.headers import HeaderProvider, Headers
from functions.paradime.session import retry_after_seconds
from functions.run.fields import Id
from functions.run.masking import without_secrets
from functions.shared.errors import (
    AnswerTooLargeError,
    ApiFailingError,
    CredentialsRefusedError,
    NotThereError,
    NotUnderstoodError,
    TryAgainError,
)
from functions.shared.read_json import convert

# JSON has to be in memory as a whole, and several answers at a time are.
MAX_ANSWER_BYTES = 16 * 1024 * 1024
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
_RESOURCE_URL = """
query ArchiveResourceUrl($resourceId: Int!) {
  boltResourceUrl(resourceId: $resourceId) { ok url }
}
"""


_Model = TypeVar("_Model", bound=Struct)


class ResourceAnswer(Struct, frozen=True):
    id: Id
    path: str


class CommandAnswer(Struct, frozen=True):
    """`stdout` and `stderr` are None unless they were asked for."""

    stdout: str | None = None
    stderr: str | None = None
    resources: tuple[ResourceAnswer, ...] | None = None


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
            data = self._query(query, variables, headers)
        except CredentialsRefusedError:
            newer = self._provider.renew(refused=headers)
            if newer == headers:
                raise
            self._headers = newer
            data = self._query(query, variables, newer)
        return _read(model, data, field)

    def _query(self, query: str, variables: dict[str, Any], headers: Headers) -> dict[str, Any]:
        try:
            with self._session.post(
                headers.url,
                json={"query": query, "variables": variables},
                headers=headers.values,
                allow_redirects=False,
                stream=True,
            ) as response:
                _check_status(response)
                answer = _parse(response, _body(response))
        except (requests.RequestException, HTTPError, TimeoutError) as e:
            raise ApiFailingError(f"Paradime's API could not be reached: {type(e).__name__}") from e
        return _data(answer, headers.values.values())


def _check_status(response: requests.Response) -> None:
    status, retry_after = response.status_code, retry_after_seconds(response)
    if status in (401, 403):
        raise CredentialsRefusedError(f"Paradime's API refused the credentials ({status})")
    if 300 <= status < 400:
        raise ApiFailingError(f"Paradime's API redirects ({status}), which is not followed")
    if status != 200:
        raise ApiFailingError(f"Paradime's API answered {status}", retry_after)


def _body(response: requests.Response) -> bytes:
    pieces, body, end = Body(response), bytearray(), time.monotonic() + ANSWER_SECONDS
    while piece := pieces.read():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise AnswerTooLargeError(f"Paradime's API answered over {MAX_ANSWER_BYTES} bytes")
        if time.monotonic() > end:
            raise TimeoutError("the body took too long")
    return bytes(body)


def _parse(response: requests.Response, body: bytes) -> dict[str, Any]:
    """By Python's own parser: msgspec's takes no lone surrogates, and a console log may have one.

    ValueError stands for all that is wrong with JSON; nesting is another error.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as e:
        kind = response.headers.get("Content-Type", "no content type")[:80]
        raise ApiFailingError(f"Paradime's API answered {kind} that is not JSON") from e
    if not isinstance(answer, dict):
        raise ApiFailingError("Paradime's API answered JSON that is no object")
    return answer


def _data(answer: dict[str, Any], credentials: Iterable[str]) -> dict[str, Any]:
    """The answer's data.

    An error among it does not say whether there is nothing or whether something is broken, so it
    is no NotThereError: an outage that answers so would else cost the archive its files.
    """
    if answer.get("errors"):
        said = _first_message(answer, credentials)
        raise TryAgainError(f"Paradime's API answered an error: {said}")
    data = answer.get("data")
    if not isinstance(data, dict):
        raise TryAgainError("Paradime's API answered without data")
    return data


def _first_message(answer: dict[str, Any], credentials: Iterable[str]) -> str:
    """Cut, without the credentials and links that it may quote, and without lone surrogates, which
    no database takes.
    """
    match answer["errors"]:
        case [{"message": str(message)}, *_]:
            for credential in credentials:
                message = message.replace(credential.removeprefix("Bearer "), "…")
            message = without_secrets(" ".join(message.split()))
            return message[:200].encode(errors="replace").decode()
        case _:
            return "without a message"


def _read(model: type[_Model], data: dict[str, Any], field: str) -> _Model:
    if data.get(field) is None:
        raise NotThereError(f"Paradime's API has nothing for this {field}")
    try:
        return convert(data[field], model)
    except NotUnderstoodError as e:
        raise TryAgainError(f"Paradime's API answered a {field} of another shape: {e}") from e
