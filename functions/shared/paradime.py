"""Paradime's GraphQL API, as far as an archive needs it.

Source: the vendor's SDK (package `paradime-io`) and the page "Bolt API". Queries are our own
with integer variables; the queries that a payload carries are never sent.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import requests
from pydantic import BaseModel, ConfigDict, ValidationError
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from functions.shared.errors import NotThereError, TryAgainError

CONNECT_SECONDS = 5
READ_SECONDS = 10

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


_Model = TypeVar("_Model", bound=BaseModel)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class ResourceAnswer(_Answer):
    id: int
    path: str


class CommandAnswer(_Answer):
    """`stdout` and `stderr` are None unless they were asked for."""

    stdout: str | None = None
    stderr: str | None = None
    resources: tuple[ResourceAnswer, ...] | None = None


class ResourceUrlAnswer(_Answer):
    ok: bool
    url: str | None = None


def new_session(pool_size: int) -> requests.Session:
    """A session that tries a query three times, and that takes nothing from the environment.

    All queries only read, so trying again is harmless. Neither a proxy nor a `.netrc` of the
    surroundings shall see or change what is sent, and redirects are not followed: credentials
    must not travel.
    """
    retry = Retry(
        total=2,
        status_forcelist=(500, 502, 503, 504),
        allowed_methods=None,
        backoff_factor=0.3,
        redirect=False,
        raise_on_status=False,
        # A wait that Paradime asks for is spent in the queue and not in the function.
        respect_retry_after_header=False,
    )
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = "paradime-run-archive"
    session.mount("https://", HTTPAdapter(max_retries=retry, pool_maxsize=pool_size))
    session.mount("http://", HTTPAdapter(max_retries=retry, pool_maxsize=pool_size))
    return session


class ParadimeApi:
    """One workspace's API; `url` is checked already, `headers` hold the credentials."""

    def __init__(self, session: requests.Session, url: str, headers: dict[str, str]) -> None:
        self._session = session
        self._url = url
        self._headers = headers

    def command(self, command_id: int, *, with_logs: bool) -> CommandAnswer:
        """A command's console logs and the list of its resources.

        Raises:
            NotThereError: Paradime has no such command, or not yet.
            TryAgainError: the API did not answer as it should.
        """
        variables = {"commandId": command_id, "withLogs": with_logs}
        return self.ask(_COMMAND, variables, "boltCommand", CommandAnswer)

    def resource_url(self, resource_id: int) -> str:
        """A link to a resource; it lives briefly, so ask right before each use.

        Raises:
            NotThereError: Paradime has no such resource, or not yet.
            TryAgainError: the API did not answer as it should.
        """
        variables = {"resourceId": resource_id}
        answer = self.ask(_RESOURCE_URL, variables, "boltResourceUrl", ResourceUrlAnswer)
        if not answer.ok or not answer.url:
            raise NotThereError(f"Paradime gives no link to resource {resource_id}")
        return answer.url

    def ask(self, query: str, variables: dict[str, Any], field: str, model: type[_Model]) -> _Model:
        """Sends a query of our own and reads the one field that it asks for.

        Raises:
            NotThereError: the API answered an error, or null.
            TryAgainError: the API did not answer as it should.
        """
        return _read(model, self._query(query, variables), field)

    def _query(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        try:
            response = self._session.post(
                self._url,
                json={"query": query, "variables": variables},
                headers=self._headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as e:
            raise TryAgainError(f"Paradime's API could not be reached: {type(e).__name__}") from e
        return _data(response)


def retry_after_seconds(response: requests.Response) -> float | None:
    """The wait that a response asks for, as seconds or as a date (RFC 9110, 10.2.3)."""
    text = response.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        wait = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):  # TypeError: a date without a zone
        return None
    return max(wait, 0.0)


def _data(response: requests.Response) -> dict[str, Any]:
    status = response.status_code
    if status in (401, 403):
        raise TryAgainError(f"Paradime's API refused the credentials ({status})")
    if 300 <= status < 400:
        raise TryAgainError(f"Paradime's API redirects ({status}), which is not followed")
    if status != 200:
        raise TryAgainError(
            f"Paradime's API answered {status}", retry_after=retry_after_seconds(response)
        )
    try:
        answer = response.json()
    except requests.JSONDecodeError as e:
        kind = response.headers.get("Content-Type", "no content type")[:80]
        raise TryAgainError(f"Paradime's API answered {kind} in place of JSON") from e
    if not isinstance(answer, dict):
        raise TryAgainError("Paradime's API answered JSON that is no object")
    if answer.get("errors"):
        raise NotThereError(f"Paradime's API answered an error: {_first_message(answer)}")
    data = answer.get("data")
    if not isinstance(data, dict):
        raise TryAgainError("Paradime's API answered without data")
    return data


def _first_message(answer: dict[str, Any]) -> str:
    match answer["errors"]:
        case [{"message": str(message)}, *_]:
            return message[:200]
        case _:
            return "without a message"


def _read(model: type[_Model], data: dict[str, Any], field: str) -> _Model:
    if data.get(field) is None:
        raise NotThereError(f"Paradime's API has nothing for this {field}")
    try:
        return model.model_validate(data[field])
    except ValidationError as e:
        raise TryAgainError(f"Paradime's API answered a {field} of another shape") from e
