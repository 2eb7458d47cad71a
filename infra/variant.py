"""What a deployed stack and the local one differ in: all of it, and nothing elsewhere.

`docs/local.md` lists the same differences for people.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from infra.settings import LOCAL_KEY, SettingsError


class Variant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the two forms of the stack. Durations are seconds."""

    for_this_machine: bool
    """Bundle packages for the interpreter and platform that run the synth, instead of Lambda's."""

    with_cli_credentials: bool
    """Deploy with the credentials of the caller instead of the roles that `cdk bootstrap` makes.

    The embedded AWS enforces IAM, and its asset-publishing role cannot reach the staging bucket.
    """

    tls_only: bool
    """Refuse plain HTTP by resource policies. The embedded AWS obeys them and speaks plain HTTP."""

    allow_loopback: bool
    """Let `api_url` and download hosts on loopback through, over plain HTTP and at any port."""

    fetch_timeout: Annotated[int, Meta(ge=1, le=900)]
    max_receives: Annotated[int, Meta(ge=1, le=1000)]
    retry_base: Annotated[int, Meta(ge=1)]
    retry_cap: Annotated[int, Meta(ge=1, le=43_200)]  # SQS hides a message for 12 hours at most
    missing_grace: Annotated[int, Meta(ge=0)]


# 20 receives, delayed by 30 s, 60 s, … and then by 3 h, span more than a day: an outage of a day
# at Paradime loses nothing.
DEPLOYED = Variant(
    for_this_machine=False,
    with_cli_credentials=False,
    tls_only=True,
    allow_loopback=False,
    fetch_timeout=900,
    max_receives=20,
    retry_base=30,
    retry_cap=10_800,
    missing_grace=3600,
)

LOCAL = Variant(
    for_this_machine=True,
    with_cli_credentials=True,
    tls_only=False,
    allow_loopback=True,
    fetch_timeout=60,
    max_receives=20,
    retry_base=1,
    retry_cap=3,
    missing_grace=5,
)


def read_variant(context: Mapping[str, Any]) -> Variant:
    """`DEPLOYED`; with the context key `local`, `LOCAL` and what the key's JSON object changes.

    Raises:
        SettingsError: The key is no JSON object, or names what `Variant` does not have.
    """
    if LOCAL_KEY not in context:
        return DEPLOYED
    given = context[LOCAL_KEY]
    try:
        changed = {**msgspec.structs.asdict(LOCAL), **json.loads(given)}
        return msgspec.convert(changed, Variant)
    except (ValueError, TypeError, msgspec.ValidationError) as error:
        raise SettingsError(
            f"-c {LOCAL_KEY}=… is the local stack's own, and takes a JSON object of changes to "
            f"its variant, not {given!r}: {error}"
        ) from None
