"""The sweep function's settings, from its environment."""

import os
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Json, PositiveInt


class Settings(BaseModel):
    """One field an environment variable, in lower case."""

    # A validation error must not quote the environment, which holds the role's credentials.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    table_name: str
    workspaces_table_name: str
    queue_url: str
    api_secret_arn: str
    api_hosts: Json[tuple[str, ...]]
    archive: Literal["failures", "all"]
    retention_days: PositiveInt
    sweep_lookback_hours: PositiveInt
    stale_hours: PositiveInt
    allow_loopback: bool


def from_environment() -> Settings:
    return read_settings(os.environ)


def read_settings(environment: Mapping[str, str]) -> Settings:
    return Settings.model_validate({name.lower(): value for name, value in environment.items()})
