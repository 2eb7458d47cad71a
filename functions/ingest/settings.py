"""The ingest function's settings."""

from typing import Literal

from functions.shared.settings import FunctionSettings, PositiveInt


class Settings(FunctionSettings, frozen=True, kw_only=True):
    table_name: str
    workspaces_table_name: str
    schedules_table_name: str
    queue_url: str
    quarantine_url: str
    webhook_secret_arn: str
    api_hosts: tuple[str, ...]
    archive: Literal["failures", "all"]
    history: Literal["failures", "all"]
    retention_days: PositiveInt
    allow_loopback: bool
