"""Regenerates the parts of docs/reference.md that come from the code: `make reference`.

Each part is enclosed in the comments `<!-- made: NAME -->` and `<!-- end -->`.
"""

import ast
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import aws_cdk as cdk
import msgspec
import typer
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import app
from functions.rows.row import Row, sql_types
from functions.shared.metrics import Metric
from infra.application import build
from infra.settings import Settings, takes

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference.md"

_SERVICES = ("ingest", "fetch", "sweep")
_MADE = re.compile(r"(<!-- made: (\w+) -->)\n.*?(<!-- end -->)", re.DOTALL)

_CODE_OR_MARKUP = re.compile(r"(`[^`]*`)|([*<])")


def main() -> None:
    REFERENCE.write_text(renewed(REFERENCE.read_text(encoding="utf-8")), encoding="utf-8")


def renewed(text: str) -> str:
    """The document with its generated parts brought up to date."""
    parts = {
        "settings": settings,
        "outputs": outputs,
        "columns": columns,
        "metrics": metrics,
        "commands": commands,
    }
    return _MADE.sub(lambda made: f"{made[1]}\n\n{parts[made[2]]()}\n\n{made[3]}", text)


def settings() -> str:
    texts, taken, defaults = docstrings(Settings), takes(), Settings()
    return _table(
        ("key", "default", "what it is", "what it takes"),
        (
            (
                _code(field.encode_name),
                _default(getattr(defaults, field.name)),
                texts[field.name],
                taken[field.encode_name],
            )
            for field in msgspec.structs.fields(Settings)
        ),
    )


def outputs() -> str:
    application = build(context={"aws:cdk:bundling-stacks": []})
    [stack] = [child for child in application.node.children if isinstance(child, cdk.Stack)]
    found = [child for child in stack.node.children if isinstance(child, cdk.CfnOutput)]
    return _table(
        ("output", "what it is"),
        ((_code(output.node.id), str(output.description)) for output in found),
    )


def columns() -> str:
    texts = docstrings(Row)
    return _table(
        ("column", "type", "what it is"),
        ((_code(name), kind, texts[name]) for name, kind in sql_types().items()),
    )


def metrics() -> str:
    texts = docstrings(Metric)
    return _table(
        ("metric", "service", "what it counts"),
        ((_code(metric), _service(metric), texts[metric.name]) for metric in Metric),
    )


def commands() -> str:
    group = get_command(app)
    root = typer.Context(group, info_name="bolt-archive", **group.context_settings)
    contexts = list(_commands(root))
    common = [row for row in _rows(contexts[0]) if all(row in _rows(c) for c in contexts)]
    everywhere = _table(("options of every command", ""), common)
    return "\n\n".join([everywhere, *(_command(context, common) for context in contexts)])


def docstrings(documented: type) -> dict[str, str]:
    """The docstring below each attribute of a class, by name; Python itself discards them."""
    [definition] = ast.parse(inspect.getsource(documented)).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for statement, below in zip(definition.body, definition.body[1:], strict=False):
        match statement, below:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
    return found


def _default(value: object) -> str:
    match value:
        case None:
            return "none"
        case tuple() | dict() | bool():  # as JSON, which cdk.json is
            return _code(json.dumps(value))
        case _:
            return _code(str(value))


def _service(metric: Metric) -> str:
    """The functions whose handlers emit the metric."""
    named = re.compile(rf"\bMetric\.{metric.name}\b")
    handlers = {name: ROOT / "functions" / name / "handler.py" for name in _SERVICES}
    return ", ".join(name for name, path in handlers.items() if named.search(path.read_text()))


def _commands(context: typer.Context) -> Iterator[typer.Context]:
    """The commands, with those of a group in its place."""
    if not isinstance(context.command, TyperGroup):
        yield context
        return
    for name in context.command.list_commands(context):
        _, command, _ = context.command.resolve_command(context, [name])
        assert command is not None
        yield from _commands(typer.Context(command, info_name=name, parent=context))


def _command(context: typer.Context, common: list[tuple[str, str]]) -> str:
    command = context.command
    assert command.callback is not None
    # Not command.help, which is formatted for Rich.
    documented = inspect.getdoc(command.callback) or ""
    text, examples = re.split(r"\n\nExamples?:\n", documented)
    own = [row for row in _rows(context) if row not in common]
    return "\n\n".join(
        [
            f"### `{context.command_path}`",
            text,
            *([_table(("argument or option", ""), own)] if own else []),
            f"```console\n{examples}\n```",
        ]
    )


def _rows(context: typer.Context) -> list[tuple[str, str]]:
    """Each argument and option with its help, as `--help` shows them."""
    records = [p.get_help_record(context) for p in context.command.get_params(context)]
    return [(_code(name), text) for name, text in filter(None, records)]


def _code(text: str) -> str:
    return f"`{text}`"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    """Escapes text for a table; Markdown treats a bar as a column even within code."""
    shown = _CODE_OR_MARKUP.sub(lambda found: found[1] or "\\" + found[2], text)
    return shown.replace("|", "\\|")


if __name__ == "__main__":
    main()
