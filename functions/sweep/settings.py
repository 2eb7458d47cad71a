"""The sweep function's settings."""

from typing import Literal

from functions.shared.settings import FunctionSettings, PositiveInt


class Settings(FunctionSettings, frozen=True, kw_only=True):
    table_name: str
    workspaces_table_name: str
    schedules_table_name: str
    queue_url: str
    failed_runs_topic_arn: str
    api_secret_arn: str
    api_hosts: tuple[str, ...]
    archive: Literal["failures", "all"]
    history: Literal["failures", "all"]
    retention_days: PositiveInt
    sweep_lookback_hours: PositiveInt
    stale_hours: PositiveInt
    allow_loopback: bool
