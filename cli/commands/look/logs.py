"""`bolt-archive logs`: what a run's commands printed."""

import codecs
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from cli.stack.options import ExitStatus, LastFailedRun, end_with_state, find_target
from cli.stack.reasons import failed_commands
from cli.stack.records import Record, no_archive, read_inventory, read_run_or_last, run_name
from cli.stack.target import Target
from cli.terminal.errors import NotArchivedError
from cli.terminal.output import AsJson, print_json, put, warn, working
from functions.findings.logs.console import without_escapes
from functions.run.display import counted
from functions.run.keys import STDERR, STDOUT

_CHUNK_BYTES = 256 * 1024
# A log without line ends is printed in parts, so that it need not fit into memory.
_MOST_OF_A_LINE = 1024 * 1024


def logs(
    ctx: typer.Context,
    run: LastFailedRun = None,
    command: Annotated[
        int | None,
        typer.Argument(
            metavar="COMMAND", min=1, help="Only this command: its place in the run, from 1."
        ),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only the commands that failed.")
    ] = False,
    exit_status: ExitStatus = False,
    as_json: AsJson = False,
) -> None:
    """Print what a run's commands wrote to the console.

    Without RUN, it is the failed run that ended last. Colors and other escape sequences are left
    out; `bolt-archive download` has the logs byte for byte.

    Examples:
    $ bolt-archive logs --failed
    $ bolt-archive logs 63187 4
    $ bolt-archive logs 63187 --failed | less
    """
    target = find_target(ctx)
    with working("reading the run"):
        record = read_run_or_last(target, run)
        inventory = read_inventory(target, record)
    if inventory is None:
        raise no_archive(record)
    chosen = _chosen(record, command, failed=failed)
    if not as_json and run is None:
        warn(f"run {run_name(record)}, which failed last")
    found = list(_logs_of(record, inventory, chosen))
    stored = [log for log in found if "sha256" in log]
    if as_json:
        print_json([_facts(record, log) | {"text": _text(target, log)} for log in stored])
    else:
        _print(target, [log for log in stored if log["bytes"]], several=len(chosen) > 1)
    for log in found:
        if "sha256" not in log:
            warn(f"no {log['path']} of command {_place(record, log)}: {log['reason']}")
    if not stored:
        raise NotArchivedError(f"run {run_name(record)} has no logs of {_words(chosen)}")
    end_with_state(record, exit_status=exit_status)


def _chosen(record: Record, place: int | None, *, failed: bool) -> list[Mapping[str, Any]]:
    """Raises:
    NotArchivedError: No command is at this place, or none failed.
    """
    commands = list(record.get("commands") or ())
    if place is not None:
        found = [command for command in commands if command["index"] == place]
        if not found:
            raise NotArchivedError(
                f"run {run_name(record)} has {counted(len(commands), 'command')}, so none is "
                f"number {place}"
            )
        return found
    if not failed:
        return commands
    found = failed_commands(record)
    if not found:
        raise NotArchivedError(f"no command of run {run_name(record)} failed")
    return found


def _logs_of(
    record: Record, inventory: Mapping[str, Any], commands: list[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """The entries of the inventory, in the order of the commands."""
    listed = [
        file
        for name in ("files", "missing", "pending")
        for file in inventory.get(name, ())
        if file["resource_id"] is None
    ]
    for command in commands:
        for path in (STDOUT, STDERR):
            yield from (
                file
                for file in listed
                if (file["command_id"], file["path"]) == (command["id"], path)
            )


def _print(target: Target, found: list[Mapping[str, Any]], *, several: bool) -> None:
    """Each below its name, as `tail` does, if there are several."""
    for number, log in enumerate(found):
        if several or len(found) > 1:
            put("\n" * bool(number) + f"==> {'/'.join(log['key'].rsplit('/', 2)[1:])} <==\n")
        last = ""
        for last in _pieces(target, log):
            put(last)
        if not last.endswith("\n"):
            put("\n")


def _pieces(target: Target, log: Mapping[str, Any]) -> Iterator[str]:
    """The log as lines, without escape sequences."""
    body = target.s3.get_object(Bucket=target.bucket, Key=log["key"])["Body"]
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    for chunk in body.iter_chunks(_CHUNK_BYTES):
        rest += decoder.decode(chunk)
        whole, end, rest = rest.rpartition("\n")
        if end:
            yield without_escapes(whole + end)
        if len(rest) > _MOST_OF_A_LINE:
            yield without_escapes(rest)
            rest = ""
    if rest := rest + decoder.decode(b"", final=True):
        yield without_escapes(rest)


def _text(target: Target, log: Mapping[str, Any]) -> str:
    return "".join(_pieces(target, log))


def _place(record: Record, log: Mapping[str, Any]) -> int:
    return next(int(c["index"]) for c in record["commands"] if c["id"] == log["command_id"])


def _facts(record: Record, log: Mapping[str, Any]) -> dict[str, Any]:
    return {"command": _place(record, log), "path": log["path"], "bytes": log["bytes"]}


def _words(commands: list[Mapping[str, Any]]) -> str:
    if not commands:
        return "any command"
    return ", ".join(f"command {command['index']}" for command in commands)
