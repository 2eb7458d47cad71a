"""`bolt-archive download`: copies a run's archive to this machine."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from threading import Event
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from cli.commands.look.download.local_paths import local_path
from cli.commands.look.download.transfer import UNFINISHED, RemoteFile, Transfer, tidy
from cli.stack.options import RunName, find_target
from cli.stack.records import no_archive, read_inventory, read_run, run_name
from cli.stack.target import Target
from cli.terminal.errors import CommandError, IncompleteError, NotArchivedError
from cli.terminal.output import AsJson, print_json, say, warn
from functions.report.links import with_links
from functions.run.display import counted, size
from functions.run.keys import apart

WORKERS = 8
PAGE = "index.html"


def download(
    ctx: typer.Context,
    run: RunName,
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR", file_okay=False, help="Target directory; ./<run id> by default."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Download a run's archive and verify every file.

    Files are checked against the archive's inventory. Verified files are skipped and interrupted
    downloads resume, so you can run it again at any time.

    Examples:
    $ bolt-archive download 63187
    $ bolt-archive download 63187 night/
    $ jq '.results[].status' night/*/target/run_results.json
    """
    target = find_target(ctx)
    record = read_run(target, run)
    inventory = read_inventory(target, record)
    if inventory is None:
        raise no_archive(record)
    root = directory or Path(str(record["run_id"]))
    files = remote_files(target, record["archive_prefix"], inventory)
    done = download_all(target, files, root)
    link_page(root, done)
    broken = [file for file in done if "error" in file]
    if as_json:
        lacking = {
            name: [{"key": file["key"], "reason": file["reason"]} for file in inventory[name]]
            for name in ("missing", "pending")
            if name in inventory
        }
        print_json({"directory": str(root), "files": done} | lacking)
    else:
        for file in inventory["missing"]:
            warn(f"missing from the archive: {file['key']}: {file['reason']}")
        for file in inventory.get("pending", ()):
            warn(f"still to come: {file['key']}: {file['reason']}")
        for file in broken:
            warn(f"not downloaded: {file['path']}: {file['error']}")
        there = sum(file.get("outcome") == "there" for file in done)
        total = sum(file["bytes"] for file in done if "outcome" in file)
        say(
            f"{counted(len(done) - len(broken), 'file')}, {size(total)}, in {root}"
            + (f" ({there} already there)" if there else "")
        )
    if broken:
        raise IncompleteError(f"{counted(len(broken), 'file')} could not be downloaded")
    if absent := len(inventory["missing"]) + len(inventory.get("pending", ())):
        raise IncompleteError(
            f"the archive of run {run_name(record)} lacks {counted(absent, 'file')}, for the "
            "reasons above"
        )


def remote_files(target: Target, prefix: str, inventory: dict[str, Any]) -> list[RemoteFile]:
    """All objects of an archive: those that its inventory lists, and those derived from them.

    Raises:
        NotArchivedError: The inventory lists a key outside the run's archive.
    """
    listed = [inventory["event"] | {"key": f"{prefix}event.json"}, *inventory["files"]]
    for file in listed:
        if not file["key"].startswith(prefix):
            raise NotArchivedError(f"the inventory lists {file['key']}, which is outside {prefix}")
    keys = {file["key"] for file in listed}
    pages = target.s3.get_paginator("list_objects_v2").paginate(Bucket=target.bucket, Prefix=prefix)
    others = [
        {"key": item["Key"], "bytes": item["Size"], "sha256": None}
        for page in pages
        for item in page.get("Contents", ())
        if item["Key"] not in keys
    ]
    files = [*listed, *others]
    paths = [str(local_path(file["key"].removeprefix(prefix))) for file in files]
    # Archives made before 0.2.0 may hold a file and a folder of one name.
    return [
        RemoteFile(
            key=file["key"], path=PurePosixPath(path), bytes=file["bytes"], sha256=file["sha256"]
        )
        for file, path in zip(files, apart([UNFINISHED, *paths])[1:], strict=True)
    ]


def download_all(target: Target, files: list[RemoteFile], root: Path) -> list[dict[str, Any]]:
    """Several at a time; returns `{"path", "bytes", "outcome" | "error"}` for each, in order."""
    with _progress(sum(file.bytes for file in files)) as advance:
        stop = Event()
        transfer = Transfer(
            s3=target.s3, bucket=target.bucket, root=root, advance=advance, stop=stop
        )
        with ThreadPoolExecutor(WORKERS) as pool:
            futures = {pool.submit(transfer.download, file): file for file in files}
            try:
                _await(futures)
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    tidy(root)
    return [_outcome(file, future) for future, file in futures.items()]


def link_page(root: Path, done: Iterable[dict[str, Any]]) -> None:
    """Gives the page that was just downloaded links to the files beside it."""
    if any(file["path"] == PAGE and file.get("outcome") == "downloaded" for file in done):
        page = root / PAGE
        page.write_bytes(with_links(page.read_bytes()))


def _await(futures: Iterable["Future[Any]"]) -> None:
    for _ in as_completed(futures):
        pass


def _outcome(file: RemoteFile, future: "Future[Any]") -> dict[str, Any]:
    result: dict[str, Any] = {"path": str(file.path), "bytes": file.bytes}
    try:
        return result | {"outcome": future.result()}
    except (CommandError, ClientError, BotoCoreError, OSError) as e:
        return result | {"error": str(e)}


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """Shows a bar on a terminal; yields the function that advances it by a number of bytes."""
    console = Console(stderr=True)
    progress = Progress(
        TextColumn("downloading"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    with progress:
        task = progress.add_task("downloading", total=total)
        yield lambda count: progress.advance(task, count)
