"""The stack's sweep function, whose settings its commands share."""

from typing import TYPE_CHECKING

from cli.stack.target import Target
from cli.terminal.errors import TargetError

if TYPE_CHECKING:
    from functions.sweep.settings import Settings


def sweep_settings(target: Target) -> "Settings":
    """The settings that the function was deployed with.

    Raises:
        TargetError: it is that of another version of the stack.
    """
    from pydantic import ValidationError

    from functions.sweep.settings import Settings

    functions = target.session.client("lambda", endpoint_url=target.endpoint_url)
    function = functions.get_function_configuration(FunctionName=target.sweep_function)
    try:
        return Settings.read(function.get("Environment", {}).get("Variables", {}))
    except ValidationError as e:
        fields = ", ".join(str(fault["loc"][0]) for fault in e.errors())
        raise TargetError(
            f"the stack {target.stack} was deployed by another version, which sets {fields} "
            "otherwise: deploy this one, or use that one's command line"
        ) from None
