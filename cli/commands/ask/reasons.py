"""`bolt-archive reasons`: why things fail most often."""

import typer

from cli.rows.answering import Output, RowsSince, answer
from cli.rows.questions import REASONS
from cli.terminal.output import AsJson


def reasons(
    ctx: typer.Context,
    since: RowsSince = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """List the reasons for failures, the most frequent first.

    Reasons that differ only in names, numbers, ids and times are one; a test that found rows stands
    for itself.

    Examples:
    $ bolt-archive reasons
    $ bolt-archive reasons --since 7d --json
    """
    answer(ctx, REASONS, since, output, as_json=as_json, nothing="nothing failed")
