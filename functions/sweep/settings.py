"""The sweep function's settings."""

from typing import Literal

from pydantic import Json, PositiveInt

from functions.shared.settings import FunctionSettings


class Settings(FunctionSettings):
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
