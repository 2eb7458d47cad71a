"""The deployment settings: what `cdk.json` context may say, typed and checked."""

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

# Keys of the CDK, of its plug-ins and of its look-up cache carry a colon, slash, dash or at sign;
# ours are plain words, so that an unknown plain word is a mistake in one of ours.
_OUR_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*")

# The local deployment's own key, read in `infra.variant`.
LOCAL_KEY = "local"


class SettingsError(Exception):
    """A setting in the CDK context is unknown or has a value that it does not take."""


_Pattern = Annotated[str, Meta(min_length=1, max_length=200)]
_Host = Annotated[
    str,
    Meta(
        # The two last labels are names: a wildcard there would admit hosts of strangers.
        pattern=r"^((\*|[a-z0-9]([a-z0-9-]*[a-z0-9])?)\.)*"
        r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\.[a-z]([a-z0-9-]*[a-z0-9])?\Z"
    ),
]
_Domain = Annotated[
    str,
    Meta(
        max_length=253,
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?\Z",
    ),
]
_Email = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+\Z")]
_RepoUrl = Annotated[
    str, Meta(pattern=r"^https://[A-Za-z0-9.-]{1,253}(/[A-Za-z0-9._~-]{1,100}){1,8}/?\Z")
]
# As CloudWatch Logs takes: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_LOG_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip


def _arn(service: str, resource: str) -> Meta:
    return Meta(pattern=rf"^arn:aws(-[a-z]+)*:{service}:[a-z0-9-]*:[0-9]{{12}}:{resource}\Z")


_Stage = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,29}\Z")]


def _key(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(word.title() for word in rest).replace("Mib", "MiB")


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=_key):
    """What a team may choose.

    Each description says what the setting takes, the text below it what it is; both are in
    `docs/reference.md`.
    """

    retention_days: Annotated[
        int, Meta(ge=1, le=36_500, description="a whole number of days from 1 to 36500")
    ] = 365
    """how long records and objects are kept"""

    archive: Annotated[Literal["failures", "all"], Meta(description='"failures" or "all"')] = (
        "failures"
    )
    """which completed runs are archived: those that failed, or all"""

    history: Annotated[Literal["failures", "all"], Meta(description='"failures" or "all"')] = (
        "failures"
    )
    """of which completed runs the results are kept as rows for SQL: of those that are archived, or
    of all; of a run that is not archived, only `run_results.json` and `sources.json` are fetched"""

    history_retention_days: Annotated[
        int, Meta(ge=1, le=36_500, description="a whole number of days from 1 to 36500")
    ] = 1095
    """how long these rows are kept"""

    artifact_patterns: Annotated[
        tuple[_Pattern, ...],
        Meta(description='a list of file name patterns such as ["*.json", "*.log"]'),
    ] = ("*.json", "*.log")
    """which files of a command are fetched, besides those that the event names"""

    api_hosts: Annotated[
        tuple[_Host, ...],
        Meta(
            min_length=1,
            description="a list of lower-case host names, in which * stands for one label but not "
            'for one of the last two, such as ["api.paradime.io", "api.*.paradime.io"]',
        ),
    ] = ("api.paradime.io", "api.*.paradime.io")
    """the only hosts to which API credentials may be sent"""

    alert_email: Annotated[_Email | None, Meta(description="an e-mail address, or nothing")] = None
    """who is notified of failed runs and of alarms; SNS asks the address to confirm each"""

    # 2 is the least that an event source mapping takes.
    max_concurrency: Annotated[
        int, Meta(ge=2, le=1000, description="a whole number from 2 to 1000")
    ] = 5
    """how many runs are archived at once"""

    max_artifact_mib: Annotated[
        int, Meta(ge=1, le=51_200, description="a whole number of MiB from 1 to 51200")
    ] = 1024
    """larger files are recorded as missing"""

    sweep_hours: Annotated[
        int, Meta(ge=0, le=24, description="a whole number of hours from 1 to 24, or 0 for never")
    ] = 1
    """how often the sweep looks for runs whose webhook never arrived"""

    sweep_lookback_hours: Annotated[
        int, Meta(ge=1, le=720, description="a whole number of hours from 1 to 720")
    ] = 48
    """how far back the sweep looks"""

    stale_hours: Annotated[
        int, Meta(ge=1, le=720, description="a whole number of hours from 1 to 720")
    ] = 24
    """how long a run may be recorded as running before it counts as stale"""

    remind_hours: Annotated[
        int, Meta(ge=1, le=720, description="a whole number of hours from 1 to 720")
    ] = 24
    """after how long a schedule that still fails in the same nodes is announced again"""

    repo_url: Annotated[
        _RepoUrl | None,
        Meta(description="an https address such as https://github.com/acme/dbt, or nothing"),
    ] = None
    """the repository of the dbt project: messages link to what was committed since the last
    success"""

    # CloudWatch looks back seven days at most.
    silence_hours: Annotated[
        int,
        Meta(
            ge=0,
            le=168,
            description="a whole number of hours from 1 to 168, or 0 for no such alarm",
        ),
    ] = 0
    """hours without a delivery after which an alarm rings"""

    dashboard: Annotated[bool, Meta(description="true or false")] = True
    """whether the stack has a dashboard; three of an account are free, further ones cost $3 a
    month"""

    log_retention_days: Annotated[
        int,
        Meta(description="a number of days that CloudWatch Logs takes: 30, 90, 365, 731, …"),
    ] = 90
    """how long the functions' and the API's logs are kept"""

    alarm_topic_arn: Annotated[
        Annotated[str, _arn("sns", r"[A-Za-z0-9_-]{1,256}")] | None,
        Meta(description="the ARN of an SNS topic, or nothing"),
    ] = None
    """an existing topic that alarms notify, instead of one of the stack's own"""

    kms_key_arn: Annotated[
        Annotated[str, _arn("kms", r"key/[A-Za-z0-9-]{1,64}")] | None,
        Meta(description="the ARN of a KMS key, not of an alias, or nothing"),
    ] = None
    """the key that encrypts tables, bucket, queues, topics, secrets and logs, in the stack's
    account and region; `npx cdk synth` says what its policy has to allow"""

    throttle_rate: Annotated[
        int, Meta(ge=1, le=10_000, description="a whole number from 1 to 10000")
    ] = 100
    """how many requests a second the API takes, as a steady rate; a sender repeats what is over"""

    throttle_burst: Annotated[
        int, Meta(ge=1, le=5_000, description="a whole number from 1 to 5000")
    ] = 200
    """how many requests the API takes at once"""

    domain_name: Annotated[
        _Domain | None, Meta(description="a host name such as bolt.acme.com, or nothing")
    ] = None
    """the webhook's own host name, instead of the API's, which is then switched off; needs
    `certificateArn`, and a DNS record that points to the output `DomainTarget`"""

    certificate_arn: Annotated[
        Annotated[str, _arn("acm", r"certificate/[A-Za-z0-9-]{1,64}")] | None,
        Meta(description="the ARN of a certificate in ACM, or nothing"),
    ] = None
    """the certificate for `domainName`, in the stack's region"""

    permissions_boundary: Annotated[
        Annotated[str, _arn("iam", r"policy/[\w+=,.@/-]{1,512}")] | None,
        Meta(description="the ARN of a managed policy, or nothing"),
    ] = None
    """the permissions boundary of every role that the stack makes"""

    tags: Annotated[
        dict[str, str],
        Meta(description='an object such as {"team": "data", "cost-centre": "4711"}'),
    ] = {}
    """tags for the stack and all that it makes"""

    termination_protection: Annotated[bool, Meta(description="true or false")] = False
    """whether CloudFormation refuses to delete the stack"""

    stage: Annotated[
        _Stage,
        Meta(description="up to 30 lower-case letters, digits and dashes, beginning with a letter"),
    ] = "prod"
    """any stage except `prod` is a separate stack, `ParadimeRunArchive-<stage>`"""

    @property
    def stack_name(self) -> str:
        name = "ParadimeRunArchive"
        return name if self.stage == "prod" else f"{name}-{self.stage}"


def read_settings(context: Mapping[str, Any]) -> Settings:
    """The settings in a CDK context; what it leaves out has its default.

    Raises:
        SettingsError: A key is unknown, its value is not what it takes, or two contradict each
            other.
    """
    given = {
        key: value for key, value in context.items() if _OUR_KEY.fullmatch(key) and key != LOCAL_KEY
    }
    read = {}
    for field in msgspec.structs.fields(Settings):
        if (key := field.encode_name) in given:
            try:
                read[field.name] = _read(given.pop(key), field.type)
            except (ValueError, msgspec.ValidationError):
                raise SettingsError(_wrong_value(key, context[key])) from None
    if given:
        raise SettingsError(_unknown(next(iter(given))))
    settings = Settings(**read)
    if settings.log_retention_days not in _LOG_DAYS:
        raise SettingsError(_wrong_value("logRetentionDays", context["logRetentionDays"]))
    if (settings.domain_name is None) != (settings.certificate_arn is None):
        raise SettingsError(
            "domainName and certificateArn belong together: set both, or neither (cdk.json "
            "context, or -c key=…)."
        )
    if settings.sweep_hours and settings.retention_days * 24 < settings.sweep_lookback_hours:
        raise SettingsError(
            f"retentionDays is {settings.retention_days}, but sweepLookbackHours is "
            f"{settings.sweep_lookback_hours}: the sweep would look back to runs whose records "
            "have expired, and archive and announce them again. Keep records at least as long as "
            "the sweep looks back (cdk.json context, or -c key=…)."
        )
    return settings


def takes() -> dict[str, str]:
    """What each setting takes, by its key."""
    return {
        field.encode_name: next(
            filter(None, (meta.description for meta in field.type.__metadata__))
        )
        for field in msgspec.structs.fields(Settings)
    }


def _read(value: object, kind: Any) -> Any:
    """`cdk -c key=value` passes text only, for a list or object its JSON, for none nothing."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        value = json.loads(value)
    return msgspec.convert(None if value == "" else value, kind, strict=False)


def _unknown(key: str) -> str:
    keys = takes()
    close = get_close_matches(key, keys, n=1)
    hint = f"did you mean {close[0]}?" if close else f"the settings are {', '.join(keys)}."
    return f"There is no setting {key} (cdk.json context, or -c {key}=…): {hint}"


def _wrong_value(key: str, value: object) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    return (
        f"The setting {key} (cdk.json context, or -c {key}=…) is {shown}, "
        f"but it takes {takes()[key]}."
    )
