"""The fetch function's settings."""

from functions.shared.settings import FunctionSettings, NonNegativeInt, PositiveInt


class Settings(FunctionSettings, frozen=True, kw_only=True):
    table_name: str
    workspaces_table_name: str
    schedules_table_name: str
    bucket_name: str
    queue_url: str
    dead_letter_url: str
    failed_runs_topic_arn: str
    api_secret_arn: str
    api_hosts: tuple[str, ...]
    artifact_patterns: tuple[str, ...]
    max_artifact_mib: PositiveInt
    max_receives: PositiveInt
    retry_base_seconds: PositiveInt
    retry_cap_seconds: PositiveInt
    missing_grace_seconds: NonNegativeInt
    retention_days: PositiveInt
    remind_hours: PositiveInt
    repo_url: str
    allow_loopback: bool
