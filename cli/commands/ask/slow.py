"""`bolt-archive slow`: models that have got slower."""

import typer

from cli.rows.answering import Output, RowsSince, answer
from cli.rows.questions import SLOW
from cli.terminal.output import AsJson


def slow(
    ctx: typer.Context,
    since: RowsSince = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """List models that have got slower, those that cost most time first.

    The median of a model's last 7 successful results in a schedule is at least a quarter, and a
    second, longer than that of the 28 before (of at least 7, if there are no more).

    Examples:
    $ bolt-archive slow
    $ bolt-archive slow --since 90d --output slow.csv
    """
    answer(ctx, SLOW, since, output, as_json=as_json, nothing="no model has got slower")
