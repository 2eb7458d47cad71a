"""`bolt-archive flaky`: tests whose outcome does not depend on the code."""

import typer

from cli.rows.answering import Output, RowsSince, answer
from cli.rows.questions import FLAKY
from cli.terminal.output import AsJson


def flaky(
    ctx: typer.Context,
    since: RowsSince = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """List flaky tests: those that passed and failed on the same commit, or keep flipping.

    The second kind flipped at least three times, and more than twice as often as the other tests of
    its schedule. Judge by the counts: data that changed makes a test flip as well. Without the
    setting `history: all` only failed runs are known.

    Examples:
    $ bolt-archive flaky
    $ bolt-archive flaky --since 90d --json
    """
    answer(ctx, FLAKY, since, output, as_json=as_json, nothing="no test is flaky")
