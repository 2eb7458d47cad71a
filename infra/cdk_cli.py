"""The pinned `cdk` command line of this checkout, run by the environment that runs this."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_CDK = ROOT / "node_modules" / ".bin" / "cdk"


def cdk_command(*arguments: str) -> list[str]:
    """With `ROOT` for its working directory it finds `cdk.json` there."""
    return [str(_CDK), *arguments]


def with_own_tools(environment: dict[str, str]) -> dict[str, str]:
    """`environment`, but node and the app's python are those beside this interpreter."""
    tools = Path(sys.executable).parent
    return {**environment, "PATH": f"{tools}{os.pathsep}{environment.get('PATH', os.defpath)}"}
