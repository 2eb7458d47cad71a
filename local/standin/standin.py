"""The whole stand-in: which path is answered by what, and with which fault."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

import msgspec

from local.standin import answer
from local.standin.answer import Answer
from local.standin.bolt import Bolt
from local.standin.credentials import DEFAULT_CREDENTIALS, Credentials
from local.standin.data import Run
from local.standin.downloads import Links, download
from local.standin.faults import FAULT, AnswerFault, AnyFault, Faults
from local.standin.request_log import LoggedRequest, RequestLog
from local.standin.schema import Context, execute
from local.standin.server import HOST, Request, serve

WORKSPACE_PATH_TOKEN = "uany7edagtovarzx"  # any token works; this one is from the vendor's example


class _GraphqlRequest(msgspec.Struct, rename="camel"):
    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


_REQUEST = msgspec.json.Decoder(_GraphqlRequest)
_FAULTS = (msgspec.DecodeError, UnicodeError, RecursionError)


class Standin:
    """A context manager that serves while it is entered.

    `link_seconds` is how long a presigned link is valid, `seed` is for faults with a `rate`.
    `bolt`, `faults` and `requests` may be used at any time, from any thread; another process uses
    `POST /_faults` (one fault), `DELETE /_faults` (all) and `GET /_requests`.
    """

    def __init__(
        self,
        runs: Iterable[Run] = (),
        *,
        port: int = 0,
        credentials: Credentials = DEFAULT_CREDENTIALS,
        link_seconds: float = 60,
        seed: int = 0,
    ) -> None:
        self.bolt = Bolt(runs)
        self.credentials = credentials
        self.faults = Faults(seed)
        self.requests = RequestLog()
        self.port = port
        self._links = Links(link_seconds)
        self._serving = ExitStack()

    def __enter__(self) -> Self:
        self.port = self._serving.enter_context(serve(self.port, self._answer))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._serving.close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/v1/{WORKSPACE_PATH_TOKEN}/graphql"

    def _answer(self, request: Request) -> Answer:
        match request.method, request.path.removeprefix("/").split("/"):
            case "POST", ["api", "v1", _, "graphql"]:
                return self._api(request)
            case "GET", ["download", resource_id, _]:
                return self._download(request, resource_id)
            case "POST", ["_faults"]:
                return self._add_fault(request)
            case "DELETE", ["_faults"]:
                self.faults.clear()
                return answer.of_json(200, [])
            case "GET", ["_requests"]:
                return answer.of_json(200, [asdict(logged) for logged in self.requests])
            case _:
                return self._log(["unknown"], answer.of_json(404, {"error": "not found"}), None)

    def _api(self, request: Request) -> Answer:
        if not self.credentials.allow(request.headers):
            return self._log(["api"], answer.of_json(401, {"error": "unauthorized"}), None)
        try:
            asked = _REQUEST.decode(request.body)
        except _FAULTS as e:
            return self._log(["api"], answer.of_json(400, {"errors": [{"message": str(e)}]}), None)
        context = Context(self.bolt, self._links, self.faults, self.url)
        response = execute(context, asked.query, asked.variables, asked.operation_name)
        operations = context.operations or ["api"]
        return self._log(operations, answer.of_json(200, response), context.fault)

    def _download(self, request: Request, resource_id: str) -> Answer:
        operation = f"download:{resource_id}"
        right = download(self.bolt, self._links, resource_id, request.query)
        return self._log([operation], right, self.faults.take(operation))

    def _add_fault(self, request: Request) -> Answer:
        try:
            fault = FAULT.decode(request.body)
        except _FAULTS as e:
            return answer.of_json(400, {"error": str(e)})
        self.faults.add(fault)
        return answer.of_json(201, msgspec.to_builtins(fault))

    def _log(self, operations: list[str], right: Answer, fault: AnyFault | None) -> Answer:
        """Logs the answer, and returns it as the fault changed it."""
        spoiled = fault.spoil(right) if isinstance(fault, AnswerFault) else right
        kind = fault.kind if fault else None
        self.requests.add(LoggedRequest(tuple(operations), spoiled.status, kind))
        return spoiled
