"""The deployment settings: what `cdk.json` context may say, typed and checked."""

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic.alias_generators import to_camel

# Keys of the CDK, of its plug-ins and of its look-up cache carry a colon, slash, dash or at sign;
# ours are plain words, so that an unknown plain word is a mistake in one of ours.
_OUR_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*")

# The local deployment's own key, read in `infra.variant`.
LOCAL_KEY = "local"


class SettingsError(Exception):
    """A setting in the CDK context is unknown or has a value that it does not take."""


def _from_command_line(value: object) -> object:
    """`cdk -c key=value` passes text only: a JSON list in it is that list."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        return json.loads(value)
    return value


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")  # noqa: TRY004 - pydantic's contract
    return value


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


_List = BeforeValidator(_from_command_line)
_Number = BeforeValidator(_no_boolean)

_Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Host = Annotated[
    str,
    StringConstraints(
        # The two last labels are names: a wildcard there would admit hosts of strangers.
        pattern=r"^((\*|[a-z0-9]([a-z0-9-]*[a-z0-9])?)\.)*"
        r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\.[a-z]([a-z0-9-]*[a-z0-9])?$"
    ),
]
_Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
_Stage = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,29}$")]


class Settings(BaseModel):
    """What a team may choose.

    Each description says what the setting takes, the text below it what it is; both are in
    `docs/reference.md`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    retention_days: Annotated[int, _Number, Field(ge=1, le=36_500)] = Field(
        365, description="a whole number of days from 1 to 36500"
    )
    """for how many days records and objects are kept"""

    archive: Literal["failures", "all"] = Field("failures", description='"failures" or "all"')
    """which completed runs are archived: those that failed, or all"""

    artifact_patterns: Annotated[tuple[_Pattern, ...], _List] = Field(
        ("*.json", "*.log"), description='a list of file name patterns such as ["*.json", "*.log"]'
    )
    """which files of a command are fetched besides those that the event names"""

    api_hosts: Annotated[tuple[_Host, ...], _List, Field(min_length=1)] = Field(
        ("api.paradime.io", "api.*.paradime.io"),
        description="a list of lower-case host names, in which * stands for one label but not for "
        'one of the last two, such as ["api.paradime.io", "api.*.paradime.io"]',
    )
    """the only hosts to which API credentials may be sent"""

    alert_email: Annotated[_Email | None, BeforeValidator(_empty_is_none)] = Field(
        None, description="an e-mail address, or nothing"
    )
    """who is notified of failed runs and of alarms; SNS asks the address to confirm each"""

    # 2 is the least that an event source mapping takes.
    max_concurrency: Annotated[int, _Number, Field(ge=2, le=1000)] = Field(
        5, description="a whole number from 2 to 1000"
    )
    """how many runs are archived at once"""

    max_artifact_mib: Annotated[int, _Number, Field(ge=1, le=51_200)] = Field(
        1024, alias="maxArtifactMiB", description="a whole number of MiB from 1 to 51200"
    )
    """larger files are recorded as missing"""

    sweep_hours: Annotated[int, _Number, Field(ge=0, le=24)] = Field(
        1, description="a whole number of hours from 1 to 24, or 0 for never"
    )
    """how often the sweep looks for finished runs whose webhook never arrived"""

    sweep_lookback_hours: Annotated[int, _Number, Field(ge=1, le=720)] = Field(
        48, description="a whole number of hours from 1 to 720"
    )
    """how far back the sweep looks"""

    stale_hours: Annotated[int, _Number, Field(ge=1, le=720)] = Field(
        24, description="a whole number of hours from 1 to 720"
    )
    """a run that has been recorded as running for longer counts as stale"""

    # CloudWatch looks back seven days at most.
    silence_hours: Annotated[int, _Number, Field(ge=0, le=168)] = Field(
        0, description="a whole number of hours from 1 to 168, or 0 for no such alarm"
    )
    """after how many hours without a delivery an alarm rings"""

    stage: _Stage = Field(
        "prod",
        description="up to 30 lower-case letters, digits and dashes, beginning with a letter",
    )
    """any stage but `prod` is a stack of its own, `ParadimeRunArchive-<stage>`"""

    @property
    def stack_name(self) -> str:
        name = "ParadimeRunArchive"
        return name if self.stage == "prod" else f"{name}-{self.stage}"


def read_settings(context: Mapping[str, Any]) -> Settings:
    """The settings in a CDK context; what it leaves out has its default.

    Raises:
        SettingsError: A key is unknown or its value is not what it takes.
    """
    given = {
        key: value for key, value in context.items() if _OUR_KEY.fullmatch(key) and key != LOCAL_KEY
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError(_sentence(error, given)) from None


def _sentence(error: ValidationError, given: Mapping[str, Any]) -> str:
    takes = {str(field.alias): field.description for field in Settings.model_fields.values()}
    fault = error.errors()[0]
    key = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        close = get_close_matches(key, takes, n=1)
        hint = f"did you mean {close[0]}?" if close else f"the settings are {', '.join(takes)}."
        return f"There is no setting {key} (cdk.json context, or -c {key}=…): {hint}"
    shown = json.dumps(given[key], ensure_ascii=False)
    return (
        f"The setting {key} (cdk.json context, or -c {key}=…) is {shown}, "
        f"but it takes {takes[key]}."
    )
