"""`bolt-archive sql`: the SQL that a node of a run was compiled to."""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Annotated, Any, NamedTuple

import typer

from cli.stack.options import RunName, find_target
from cli.stack.reasons import failed_commands
from cli.stack.records import Record, no_archive, read_inventory, read_object, read_run, run_name
from cli.stack.target import Target
from cli.terminal.errors import NotArchivedError
from cli.terminal.output import AsJson, print_json, put, working
from functions.findings.artifacts.nodes import named
from functions.findings.logs.console import without_escapes


class Sql(NamedTuple):
    """`unique_id` is None where only a file of this name was found."""

    command_id: int
    unique_id: str | None
    text: str


def sql(
    ctx: typer.Context,
    run: RunName,
    node: Annotated[
        str,
        typer.Argument(
            metavar="NODE", help="Name of a model, test, snapshot, …, or its unique id."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Print the SQL that a node was compiled to, as the run sent it to the warehouse.

    It comes from the run's results or, where those lack it, from its compiled files. If several
    commands compiled the node, those that failed come first.

    Examples:
    $ bolt-archive sql 63187 customer_lifetime_value
    $ bolt-archive sql 63187 customer_lifetime_value > broken.sql
    """
    target = find_target(ctx)
    with working("reading the results"):
        record = read_run(target, run)
        inventory = read_inventory(target, record)
        if inventory is None:
            raise no_archive(record)
        found = _find(target, record, inventory, node)
    if as_json:
        print_json(
            {
                "run": run_name(record),
                "command": _place(record, found.command_id),
                "unique_id": found.unique_id,
                "sql": found.text,
            }
        )
    else:
        put(without_escapes(found.text.strip("\r\n")) + "\n")


def _find(target: Target, record: Record, inventory: Mapping[str, Any], node: str) -> Sql:
    """Raises:
    NotArchivedError: The run has no compiled SQL of the node.
    """
    files = _files(record, inventory)
    names: list[str] = []
    for file in files:
        if PurePosixPath(file["path"]).name != "run_results.json":
            continue
        for unique_id, code in _results(target, file):
            names.append(named(unique_id).name)
            if node in (unique_id, names[-1]) and code:
                return Sql(file["command_id"], unique_id, code)
    for file in files:
        path = PurePosixPath(file["path"])
        if "compiled" in path.parts and path.suffix == ".sql" and path.stem == named(node).name:
            body = read_object(target, file["key"])
            if body is not None:
                return Sql(file["command_id"], None, body.decode(errors="replace"))
    raise NotArchivedError(
        f"run {run_name(record)} has no compiled SQL of {node}{_suggestion(node, names)}"
    )


def _suggestion(node: str, names: list[str]) -> str:
    if node in names or named(node).name in names:
        return ": it ran, but dbt wrote none for it"
    similar = get_close_matches(node, names, n=3)
    return f"; nodes of a similar name: {', '.join(similar)}" if similar else ""


def _files(record: Record, inventory: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those of failed commands first."""
    broken = {command["id"] for command in failed_commands(record)}
    return sorted(inventory["files"], key=lambda file: file["command_id"] not in broken)


def _results(target: Target, file: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Of each node its unique id and SQL; none of a file that is not dbt's."""
    try:
        results = json.loads(read_object(target, file["key"]) or b"null")["results"]
    except (ValueError, TypeError, KeyError):
        return
    for row in results if isinstance(results, list) else ():
        if isinstance(row, dict) and isinstance(row.get("unique_id"), str):
            code = row.get("compiled_code")
            yield row["unique_id"], code if isinstance(code, str) else None


def _place(record: Record, command_id: int) -> int | None:
    places = (int(c["index"]) for c in record.get("commands") or () if c["id"] == command_id)
    return next(places, None)
