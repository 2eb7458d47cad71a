"""The schema of the served part of Paradime's GraphQL API, so that any valid query works.

Fields, arguments and types are those that the vendor's SDK (`paradime-io` 6.9.0) and the queries in
its webhook payloads use. Nothing is added for convenience: a query that the real API might reject
is rejected here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import (
    GraphQLError,
    GraphQLFieldResolver,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    graphql_sync,
)

from local.standin.bolt import Bolt, Schedule
from local.standin.content import lines_of_page
from local.standin.data import Command, Run
from local.standin.downloads import Links
from local.standin.faults import AnyFault, ExpiredLink, Faults, GraphqlErrors, NotOk, NullUrl

Item = TypeVar("Item")

_CURSOR = re.compile(r"([0-9]{1,12}):([0-9]{1,12})", re.ASCII)

SDL = """
type Query {
  boltCommand(commandId: Int!): BoltCommand
  boltCommandLogs(commandId: Int!, cursor: String): BoltCommandLogs
  boltResourceUrl(resourceId: Int!): BoltResourceUrl
  boltRunStatus(runId: Int!): BoltRunStatus
  listBoltRuns(slug: String, offset: Int!, limit: Int!): BoltRuns
  listBoltSchedules(
    offset: Int!, limit: Int!, showInactive: Boolean!, filter: BoltScheduleFilter
  ): BoltSchedules
}

type BoltCommand {
  command: String!
  startDttm: String!
  endDttm: String
  stdout: String!
  stderr: String!
  returnCode: Int
  scheduleRunId: Int!
  resources: [BoltResource!]!
}

type BoltCommandLogs {
  lines: [BoltLogLine!]!
  cursor: String!
  finished: Boolean!
}

type BoltLogLine {
  stream: BoltLogStream!
  line: String!
}

enum BoltLogStream {
  STDOUT
  STDERR
}

type BoltResource {
  id: Int!
  path: String!
}

type BoltResourceUrl {
  ok: Boolean!
  url: String
}

type BoltRunStatus {
  state: String!
  commands: [BoltRunCommand!]!
}

type BoltRunCommand {
  id: Int!
  command: String!
  startDttm: String!
  endDttm: String
  stdout: String!
  stderr: String!
  returnCode: Int
}

type BoltRuns {
  ok: Boolean!
  runs: [BoltRun!]!
}

type BoltRun {
  id: Int!
  state: String!
  actor: String!
  actorEmail: String
  startDttm: String!
  endDttm: String
  parentScheduleRunId: Int
  gitInfo: BoltGitInfo!
}

type BoltGitInfo {
  branch: String
  commitHash: String
  pullRequestId: String
}

input BoltScheduleFilter {
  suspended: Boolean
}

type BoltSchedules {
  schedules: [BoltSchedule!]!
  totalCount: Int!
}

type BoltSchedule {
  id: Int!
  uuid: String!
  name: String!
  slug: String
  schedule: String!
  source: String!
  suspended: Boolean!
  owner: String
  lastRunAt: String
  lastRunState: String
  nextRunAt: String
  commands: [String!]
  gitBranch: String
  turboCi: BoltDeferredSchedule
  deferredSchedule: BoltDeferredSchedule
  slackOn: [String!]
  slackNotify: [String!]
  emailOn: [String!]
  emailNotify: [String!]
  notifications: BoltNotifications
}

type BoltDeferredSchedule {
  enabled: Boolean!
  deferredScheduleName: String
  deferredScheduleSlug: String
  deferEnvironmentSlug: String
  successfulRunOnly: Boolean!
}

type BoltNotifications {
  emailNotifications: [BoltNotification!]
  slackNotifications: [BoltNotification!]
  msTeamsNotifications: [BoltNotification!]
}

type BoltNotification {
  channel: String
  events: [String!]
  templateSlug: String
  templateName: String
}
"""


@dataclass
class Context:
    """One API request in progress: what it can access, and what has happened to it so far."""

    bolt: Bolt
    links: Links
    faults: Faults
    origin: str
    operations: list[str] = field(default_factory=list)
    fault: AnyFault | None = None

    def begin(self, *operation: object) -> AnyFault | None:
        """Logs a top-level field and its id, and returns the fault that strikes it, if any.

        Raises `GraphQLError` if that is what the fault does.
        """
        name = ":".join(map(str, ("api", *operation)))
        self.operations.append(name)
        if self.fault:
            return None
        self.fault = self.faults.take(name)
        if isinstance(self.fault, GraphqlErrors):
            raise GraphQLError(self.fault.message)
        return self.fault


def execute(
    context: Context, query: str, variables: dict[str, Any] | None, operation_name: str | None
) -> dict[str, Any]:
    """The JSON of the response: `data`, and `errors` if there are any."""
    result = graphql_sync(
        _SCHEMA,
        query,
        context_value=context,
        variable_values=variables,
        operation_name=operation_name,
        field_resolver=_attribute,
    )
    return {**result.formatted}


def _bolt_command(_: None, info: GraphQLResolveInfo, command_id: int) -> Command:
    context: Context = info.context
    context.begin("boltCommand", command_id)
    return context.bolt.command(command_id)[1]


def _bolt_command_logs(
    _: None, info: GraphQLResolveInfo, command_id: int, cursor: str | None = None
) -> dict[str, Any]:
    """Lines of stdout come before those of stderr, as the vendor's SDK says.

    That a cursor is a place in each log, and how long a page is, are assumptions: to a client, a
    cursor is opaque.
    """
    context: Context = info.context
    context.begin("boltCommandLogs", command_id)
    command = context.bolt.command(command_id)[1]
    found = _CURSOR.fullmatch(cursor or "0:0")
    if not found:
        raise GraphQLError("Invalid cursor.")
    begins = [int(place) for place in found.groups()]
    logs = [command.stdout, command.stderr]
    pages = [lines_of_page(log, begin) for log, begin in zip(logs, begins, strict=True)]
    ends = [begin + sum(map(len, page)) for begin, page in zip(begins, pages, strict=True)]
    return {
        "lines": [
            {"stream": stream, "line": line}
            for stream, page in zip(("STDOUT", "STDERR"), pages, strict=True)
            for line in page
        ],
        "cursor": ":".join(map(str, ends)),
        "finished": command.end_dttm is not None
        and all(end >= len(log) for end, log in zip(ends, logs, strict=True)),
    }


def _schedule_run_id(command: Command, info: GraphQLResolveInfo) -> int:
    context: Context = info.context
    return context.bolt.command(command.id)[0].run_id


def _bolt_resource_url(_: None, info: GraphQLResolveInfo, resource_id: int) -> dict[str, Any]:
    context: Context = info.context
    fault = context.begin("boltResourceUrl", resource_id)
    resource = context.bolt.resource(resource_id)
    if isinstance(fault, NotOk):
        return {"ok": False, "url": None}
    if isinstance(fault, NullUrl):
        return {"ok": True, "url": None}
    path = context.links.path(resource, expired=isinstance(fault, ExpiredLink))
    return {"ok": True, "url": context.origin + path}


def _bolt_run_status(_: None, info: GraphQLResolveInfo, run_id: int) -> Run:
    context: Context = info.context
    context.begin("boltRunStatus", run_id)
    return context.bolt.run(run_id)


def _list_bolt_runs(
    _: None, info: GraphQLResolveInfo, offset: int, limit: int, slug: str | None = None
) -> dict[str, Any]:
    context: Context = info.context
    fault = context.begin("listBoltRuns", slug)
    if slug is None:
        raise GraphQLError("slug is required.")
    if isinstance(fault, NotOk):
        return {"ok": False, "runs": []}
    return {"ok": True, "runs": _page(context.bolt.runs(slug), offset, limit)}


def _list_bolt_schedules(
    _: None,
    info: GraphQLResolveInfo,
    offset: int,
    limit: int,
    show_inactive: bool,
    filter: dict[str, bool | None] | None = None,  # noqa: A002  the API's name
) -> dict[str, Any]:
    context: Context = info.context
    context.begin("listBoltSchedules")
    suspended = (filter or {}).get("suspended")
    schedules = context.bolt.schedules(active=not show_inactive, suspended=suspended)
    return {"schedules": _page(schedules, offset, limit), "totalCount": len(schedules)}


def _page(items: Sequence[Item], offset: int, limit: int) -> Sequence[Item]:
    if offset < 0:
        raise GraphQLError(f"offset must be >= 0, got {offset}")
    if not 1 <= limit <= 1000:
        raise GraphQLError(f"limit must be between 1 and 1000, got {limit}")
    return items[offset : offset + limit]


def _last_run(schedule: Schedule, info: GraphQLResolveInfo) -> Run | None:
    context: Context = info.context
    return next(iter(context.bolt.runs(schedule.slug)), None)


def _last_run_at(schedule: Schedule, info: GraphQLResolveInfo) -> str | None:
    run = _last_run(schedule, info)
    return run.start_dttm if run else None


def _last_run_state(schedule: Schedule, info: GraphQLResolveInfo) -> str | None:
    run = _last_run(schedule, info)
    return run.state if run else None


def _attribute(source: Any, info: GraphQLResolveInfo) -> Any:
    """Without a resolver, a field is an attribute of the source: `startDttm` is `start_dttm`."""
    if isinstance(source, dict):
        return source[info.field_name]
    return getattr(source, _snake(info.field_name))


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda capital: "_" + capital[0].lower(), name)


RESOLVERS: dict[str, GraphQLFieldResolver] = {
    "Query.boltCommand": _bolt_command,
    "Query.boltCommandLogs": _bolt_command_logs,
    "Query.boltResourceUrl": _bolt_resource_url,
    "Query.boltRunStatus": _bolt_run_status,
    "Query.listBoltRuns": _list_bolt_runs,
    "Query.listBoltSchedules": _list_bolt_schedules,
    "BoltCommand.scheduleRunId": _schedule_run_id,
    "BoltRun.id": lambda run, _: run.run_id,
    "BoltRun.gitInfo": lambda run, _: run,
    "BoltSchedule.lastRunAt": _last_run_at,
    "BoltSchedule.lastRunState": _last_run_state,
}


def _build() -> GraphQLSchema:
    schema = build_schema(SDL)
    for name, resolver in RESOLVERS.items():
        type_name, field_name = name.split(".")
        graphql_type = schema.get_type(type_name)
        assert isinstance(graphql_type, GraphQLObjectType)
        graphql_field = graphql_type.fields[field_name]
        graphql_field.resolve = resolver
        for argument_name, argument in graphql_field.args.items():
            argument.out_name = _snake(argument_name)
    return schema


_SCHEMA = _build()
