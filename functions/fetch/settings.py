"""The fetch function's settings, from its environment."""

import os

from pydantic import BaseModel, ConfigDict, Json, NonNegativeInt, PositiveInt


class Settings(BaseModel):
    """One field an environment variable, in lower case."""

    # A validation error must not quote the environment, which holds the role's credentials.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    table_name: str
    bucket_name: str
    queue_url: str
    dead_letter_url: str
    failed_runs_topic_arn: str
    api_secret_arn: str
    api_hosts: Json[tuple[str, ...]]
    artifact_patterns: Json[tuple[str, ...]]
    max_artifact_mib: PositiveInt
    max_receives: PositiveInt
    retry_base_seconds: PositiveInt
    retry_cap_seconds: PositiveInt
    missing_grace_seconds: NonNegativeInt
    allow_loopback: bool


def from_environment() -> Settings:
    return Settings.model_validate({name.lower(): value for name, value in os.environ.items()})
