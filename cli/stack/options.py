"""Options and arguments that several commands share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.core import TyperCommand
from typer.main import get_command

from cli.stack.target import Target, deployed_target, local_target
from cli.terminal.errors import AwsError

RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="<workspace uid>/<run id>, or the run id alone.")
]

_PANEL = "Which stack"


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


def choose_stack(
    ctx: typer.Context,
    local: Annotated[
        bool,
        typer.Option("--local", help="The one that `make local` runs.", rich_help_panel=_PANEL),
    ] = False,
    stack: Annotated[
        str, typer.Option(help="Its name in CloudFormation.", rich_help_panel=_PANEL)
    ] = "ParadimeRunArchive",
    profile: Annotated[
        str | None, typer.Option(help="AWS profile.", rich_help_panel=_PANEL)
    ] = None,
    region: Annotated[str | None, typer.Option(help="AWS region.", rich_help_panel=_PANEL)] = None,
) -> None:
    """The callback before any command. Its options may stand after a command's name as well."""
    ctx.obj = StackChoice(local=local, stack=stack, profile=profile, region=region)


def chosen_stack(ctx: typer.Context) -> StackChoice:
    """For a command that finds the target itself, or does without."""
    choice: StackChoice = ctx.obj
    return choice


def find_target(ctx: typer.Context) -> Target:
    """The stack that a command works on.

    Raises:
        TargetError: it is not there.
    """
    return chosen_stack(ctx).find()


class StackCommand(TyperCommand):
    """A command that takes the options of `choose_stack` after its name: `runs --local`."""

    def __init__(self, name: str, *, params: list[Any], **settings: Any) -> None:
        choosing = typer.Typer(add_completion=False)
        choosing.command()(choose_stack)
        super().__init__(name, params=[*params, *get_command(choosing).params], **settings)
        self.help = _help_text(self.help or "")

    def invoke(self, ctx: Any) -> Any:
        values = {field.name: ctx.params.pop(field.name) for field in fields(StackChoice)}
        typed = {n: v for n, v in values.items() if ctx.get_parameter_source(n).name != "DEFAULT"}
        ctx.obj = replace(ctx.obj, **typed)
        with aws_errors():
            return super().invoke(ctx)


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turns what boto3 raises into AwsError."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as e:
        raise AwsError(str(e)) from e


def _help_text(doc: str) -> str:
    """Typer would break paragraphs where the source does, and take `[…]` for markup."""
    paragraphs = [escape(paragraph) for paragraph in doc.split("\n\n")]
    return "\n\n".join(
        f"[dim]{paragraph.replace(':', ':[/]', 1)}"
        if paragraph.startswith("Example")
        else paragraph.replace("\n", " ")
        for paragraph in paragraphs
    )
