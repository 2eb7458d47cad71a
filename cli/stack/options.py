"""Options and arguments shared by several commands."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.main import get_command

from cli.stack.target import LOCAL_STATE, Target, deployed_target, local_target
from cli.terminal.errors import AwsError

RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="<workspace uid>/<run id>, or just the run id.")
]

LastFailedRun = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        help="<workspace uid>/<run id>, or just the run id. Default: the run that failed last.",
        show_default=False,
    ),
]
ExitStatus = Annotated[
    bool, typer.Option("--exit-status", help="End with status 1 if the run failed.")
]

_PANEL = "Which stack"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackChoice:
    """The stack that the options select; it has not been looked up yet."""

    local: bool
    state_dir: str | None
    stack: str
    profile: str | None
    region: str | None

    @property
    def is_local(self) -> bool:
        return self.local or self.state_dir is not None

    def find(self) -> Target:
        """Raises:
        TargetError: There is no such stack.
        """
        if self.is_local:
            return local_target(Path(self.state_dir or LOCAL_STATE) / "outputs.json")
        return deployed_target(self.stack, self.profile, self.region)


def choose_stack(
    ctx: typer.Context,
    local: Annotated[
        bool,
        typer.Option(
            "--local", help="Use the stack that `make local` runs.", rich_help_panel=_PANEL
        ),
    ] = False,
    state_dir: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Use the local stack whose state is in this directory.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    stack: Annotated[
        str, typer.Option(help="Name of the CloudFormation stack.", rich_help_panel=_PANEL)
    ] = "ParadimeRunArchive",
    profile: Annotated[
        str | None, typer.Option(help="AWS profile.", rich_help_panel=_PANEL)
    ] = None,
    region: Annotated[str | None, typer.Option(help="AWS region.", rich_help_panel=_PANEL)] = None,
) -> None:
    """The callback that runs before every command. Each command accepts its options too."""
    ctx.obj = StackChoice(
        local=local, state_dir=state_dir, stack=stack, profile=profile, region=region
    )


def chosen_stack(ctx: typer.Context) -> StackChoice:
    """The choice alone, for a command that looks the stack up itself."""
    choice: StackChoice = ctx.obj
    return choice


def find_target(ctx: typer.Context) -> Target:
    """The stack that a command works on.

    Raises:
        TargetError: There is no such stack.
    """
    return chosen_stack(ctx).find()


def end_with_state(record: Mapping[str, Any], *, exit_status: bool) -> None:
    """Ends with 1 for a run that failed, if asked for with `--exit-status`."""
    if exit_status and record["state"] == "failed":
        raise typer.Exit(1)


class StackCommand(TyperCommand):
    """A command that also accepts the options of `choose_stack`: `runs --local`."""

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
    """Turns boto3's errors into AwsError."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as e:
        raise AwsError(str(e)) from e


def _help_text(doc: str) -> str:
    """Joins lines, which Typer would keep, and escapes `[…]`, which Rich would read as markup."""
    from rich.markup import escape

    paragraphs = [escape(paragraph) for paragraph in doc.split("\n\n")]
    return "\n\n".join(
        f"[dim]{paragraph.replace(':', ':[/]', 1)}"
        if paragraph.startswith("Example")
        else paragraph.replace("\n", " ")
        for paragraph in paragraphs
    )
