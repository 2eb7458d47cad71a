"""Options and arguments that several commands share."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.stack.target import Target, deployed_target, local_target
from cli.terminal.errors import AwsError

RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="<workspace uid>/<run id>, or the run id alone.")
]

_PANEL = "Which stack"
_STACK_OPTIONS = {
    "local": Annotated[
        bool,
        typer.Option("--local", help="The one that `make local` runs.", rich_help_panel=_PANEL),
    ],
    "stack": Annotated[
        str, typer.Option(help="Its name in CloudFormation.", rich_help_panel=_PANEL)
    ],
    "profile": Annotated[str | None, typer.Option(help="AWS profile.", rich_help_panel=_PANEL)],
    "region": Annotated[str | None, typer.Option(help="AWS region.", rich_help_panel=_PANEL)],
}
_DEFAULTS = {"local": False, "stack": "ParadimeRunArchive", "profile": None, "region": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class StackChoice:
    """The stack that the options name; nothing is known of it yet."""

    local: bool
    stack: str
    profile: str | None
    region: str | None

    def find(self) -> Target:
        """Raises:
        TargetError: it is not there.
        """
        if self.local:
            return local_target()
        return deployed_target(self.stack, self.profile, self.region)


def targeted(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options that choose a stack, and passes it the `target` they name."""

    def with_target(choice: StackChoice, **kwargs: Any) -> None:
        command(target=choice.find(), **kwargs)

    return _with_stack_options(command, with_target, replaced="target")


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that finds the target itself: it is passed the `choice`."""
    return _with_stack_options(command, command, replaced="choice")


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turns what boto3 raises into AwsError."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as e:
        raise AwsError(str(e)) from e


def _with_stack_options(
    command: Callable[..., None], call: Callable[..., None], *, replaced: str
) -> Callable[..., None]:
    @wraps(command)
    def with_options(
        *, local: bool, stack: str, profile: str | None, region: str | None, **kwargs: Any
    ) -> None:
        with aws_errors():
            choice = StackChoice(local=local, stack=stack, profile=profile, region=region)
            call(choice=choice, **kwargs)

    with_options.__doc__ = _help_text(inspect.getdoc(command) or "")
    signature = inspect.signature(command)
    with_options.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[
            *(p for name, p in signature.parameters.items() if name != replaced),
            *(
                inspect.Parameter(
                    name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=_DEFAULTS[name],
                    annotation=annotation,
                )
                for name, annotation in _STACK_OPTIONS.items()
            ),
        ]
    )
    return with_options


def _help_text(doc: str) -> str:
    """Typer would break paragraphs where the source does, and take `[…]` for markup."""
    paragraphs = [escape(paragraph) for paragraph in doc.split("\n\n")]
    return "\n\n".join(
        f"[dim]{paragraph.replace(':', ':[/]', 1)}"
        if paragraph.startswith("Example")
        else paragraph.replace("\n", " ")
        for paragraph in paragraphs
    )
