"""`bolt-archive open`: a run's page in the browser."""

import webbrowser
from typing import Annotated

import typer

from cli.stack.options import RunName, find_target
from cli.stack.records import Record, no_archive, read_run, run_name
from cli.stack.target import Target
from cli.terminal.errors import NotArchivedError
from cli.terminal.output import AsJson, print_json, say

LINK_SECONDS = 3600


def link_to_page(target: Target, record: Record) -> str:
    """A presigned link to the run's `index.html`, with which anyone can read it for an hour.

    It expires earlier if the credentials that signed it do.

    Raises:
        NotArchivedError: There is no archive, or no page in it.
    """
    if "archive_prefix" not in record:
        raise no_archive(record)
    key = f"{record['archive_prefix']}index.html"
    if not target.s3.list_objects_v2(Bucket=target.bucket, Prefix=key).get("KeyCount"):
        name = run_name(record)
        raise NotArchivedError(
            f"the archive of run {name} has no page; create it with `bolt-archive replay {name}`"
        )
    return target.s3.generate_presigned_url(
        "get_object", Params={"Bucket": target.bucket, "Key": key}, ExpiresIn=LINK_SECONDS
    )


def open_page(
    ctx: typer.Context,
    run: RunName,
    print_only: Annotated[
        bool,
        typer.Option("--print", help="Print the link, valid for an hour, instead of opening it."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Open a run's page in the browser.

    The link is signed with your credentials and valid for an hour. Anyone who has it can read the
    page.

    Examples:
    $ bolt-archive open 63187
    $ bolt-archive open 63187 --print
    """
    target = find_target(ctx)
    link = link_to_page(target, read_run(target, run))
    if as_json:
        print_json({"url": link, "expires_in_seconds": LINK_SECONDS})
    elif print_only or not webbrowser.open(link):
        say(link)
    else:
        say("opened in the browser")
