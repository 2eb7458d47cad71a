"""`bolt-archive serve`: browse the archive."""

import webbrowser
from typing import Annotated

import typer

from cli.serve.server import Server
from cli.serve.site import Site
from cli.stack.options import find_target
from cli.terminal.errors import PortTakenError
from cli.terminal.output import AsJson, on_terminal, print_json, say


def serve(
    ctx: typer.Context,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; any free one by default.")
    ] = 0,
    print_only: Annotated[
        bool, typer.Option("--print", help="Print the address instead of opening it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Browse schedules, runs, logs and files in the browser, until you press Ctrl+C.

    Reads with your credentials, changes nothing, and answers only a browser on this machine that
    opened the printed address.

    Examples:
    $ bolt-archive serve
    $ bolt-archive serve --port 8400 --print
    """
    target = find_target(ctx)
    try:
        server = Server(Site(target), port)
    except OSError as e:
        raise PortTakenError(f"cannot listen on port {port}: {e.strerror}; choose another") from e
    with server:
        address = server.guard.first_address
        if as_json:
            print_json({"url": address})
        elif print_only or not on_terminal() or not webbrowser.open(address):
            say(address)
        else:
            say(f"opened in the browser: {address}")
        if not as_json:
            say("Serving until you press Ctrl+C.")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("")
