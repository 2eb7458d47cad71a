"""The ingest function's settings, from its environment."""

import os
from typing import Literal

from pydantic import BaseModel, ConfigDict, PositiveInt


class Settings(BaseModel):
    """One field an environment variable, in lower case."""

    # A validation error must not quote the environment, which holds the role's credentials.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    table_name: str
    workspaces_table_name: str
    queue_url: str
    quarantine_url: str
    webhook_secret_arn: str
    archive: Literal["failures", "all"]
    retention_days: PositiveInt


def from_environment() -> Settings:
    return Settings.model_validate({name.lower(): value for name, value in os.environ.items()})
