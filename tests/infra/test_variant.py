"""What the local stack differs in from a deployed one."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.settings import SettingsError
from infra.variant import DEPLOYED, read_variant
from tests.infra.templates import named, synthesized


def differences(deployed: Any, local: Any, path: str = "") -> Iterator[str]:
    if isinstance(deployed, dict) and isinstance(local, dict):
        for key in sorted(deployed.keys() | local.keys()):
            yield from differences(deployed.get(key), local.get(key), f"{path}/{key}")
    elif deployed != local:
        yield path


def test_local_stack_differs_in_this_alone(template: dict[str, Any]) -> None:
    local = named(synthesized(local="{}"))
    fetch = "/FetchFunction/Properties"
    assert set(differences(named(template), local)) == {
        # refuses plain HTTP
        "/AlertsAlarmsPolicy/Properties/PolicyDocument/Statement",
        "/AlertsFailedRunsPolicy",
        "/ArchiveBucketPolicy",
        "/QueuesDeadLettersPolicy",
        "/QueuesQuarantinePolicy",
        "/QueuesRunsPolicy",
        # wheels for this machine
        f"{fetch}/Code/S3Key",
        "/IngestFunction/Properties/Code/S3Key",
        "/SweepFunction/Properties/Code/S3Key",
        # short delays
        f"{fetch}/Timeout",
        "/QueuesRuns/Properties/VisibilityTimeout",
        f"{fetch}/Environment/Variables/RETRY_BASE_SECONDS",
        f"{fetch}/Environment/Variables/RETRY_CAP_SECONDS",
        f"{fetch}/Environment/Variables/MISSING_GRACE_SECONDS",
        # the stand-in
        f"{fetch}/Environment/Variables/ALLOW_LOOPBACK",
        "/IngestFunction/Properties/Environment/Variables/ALLOW_LOOPBACK",
        "/SweepFunction/Properties/Environment/Variables/ALLOW_LOOPBACK",
    }


def test_local_variant_takes_changes() -> None:
    resources = named(synthesized(local='{"fetch_timeout": 5, "max_receives": 2}'))
    assert resources["FetchFunction"]["Properties"]["Timeout"] == 5
    assert resources["QueuesRuns"]["Properties"]["VisibilityTimeout"] == 30
    variables = resources["FetchFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["MAX_RECEIVES"] == "2"


def test_nothing_said_means_deployed() -> None:
    assert read_variant({"stage": "local"}) == DEPLOYED


@pytest.mark.parametrize("given", ["", "true", "[]", '{"fetch_timeout": 0}', '{"colour": 1}'])
def test_wrong_changes_are_refused(given: str) -> None:
    with pytest.raises(SettingsError, match="local"):
        read_variant({"local": given})
