"""`bolt-archive failing`: nodes that fail, and since when."""

import typer

from cli.rows.answering import Output, RowsSince, answer
from cli.rows.questions import FAILING
from cli.terminal.output import AsJson


def failing(
    ctx: typer.Context,
    since: RowsSince = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """List the nodes whose last result is a failure, those that have failed longest first.

    A node that a later command of the run brought to success does not fail. Without the setting
    `history: all` only failed runs are known, so what has recovered since may be listed.

    Examples:
    $ bolt-archive failing
    $ bolt-archive failing --since 90d --json
    """
    answer(ctx, FAILING, since, output, as_json=as_json, nothing="no node fails")
