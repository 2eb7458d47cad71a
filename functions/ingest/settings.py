"""The ingest function's settings, from its environment."""

import os
from typing import Literal

from pydantic import BaseModel, ConfigDict, PositiveInt


class Settings(BaseModel):
    """One field an environment variable, in lower case."""

    model_config = ConfigDict(frozen=True)

    table_name: str
    workspaces_table_name: str
    queue_url: str
    quarantine_url: str
    webhook_secret_arn: str
    archive: Literal["failures", "all"]
    retention_days: PositiveInt


def from_environment() -> Settings:
    return Settings.model_validate({name.lower(): value for name, value in os.environ.items()})
