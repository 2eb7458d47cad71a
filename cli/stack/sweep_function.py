"""The stack's sweep function, whose settings several commands use."""

from typing import TYPE_CHECKING

from cli.stack.target import Target
from cli.terminal.errors import TargetError

if TYPE_CHECKING:
    from functions.sweep.settings import Settings


def sweep_settings(target: Target) -> "Settings":
    """The settings with which the function was deployed.

    Raises:
        TargetError: Another version of the stack is deployed.
    """
    from functions.shared.errors import FunctionSettingsError
    from functions.sweep.settings import Settings

    functions = target.session.client("lambda", endpoint_url=target.endpoint_url)
    function = functions.get_function_configuration(FunctionName=target.sweep_function)
    try:
        return Settings.read(function.get("Environment", {}).get("Variables", {}))
    except FunctionSettingsError as e:
        raise TargetError(
            f"stack {target.stack} was deployed by another version, whose settings differ "
            f"({', '.join(e.names)}): deploy this version, or use that version's bolt-archive"
        ) from None
