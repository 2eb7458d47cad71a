"""Asks Paradime's API whether it accepts credentials, which need not be stored yet."""

from collections.abc import Iterable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from cli.stack.sweep_function import sweep_settings
from cli.stack.target import Target
from cli.terminal.errors import CommandError, TypedSecretError
from functions.aws.secret import Secret
from functions.aws.workspaces import WorkspacesTable
from functions.paradime.api import ParadimeApi
from functions.paradime.credentials import parse_api_secret
from functions.paradime.headers import HeaderProvider
from functions.paradime.session import new_session
from functions.shared.errors import (
    CredentialsRefusedError,
    RunArchiveError,
)

_QUERY = """
query Check { listBoltSchedules(offset: 0, limit: 1, showInactive: false) { totalCount } }
"""


class _Schedules(Struct, frozen=True, rename="camel"):
    total_count: int


class _Entered:
    """What Secrets Manager would answer if this text were stored."""

    def __init__(self, text: str) -> None:
        self._answer = {"SecretString": text}

    def get_secret_value(self, **_: str) -> dict[str, str]:
        return self._answer


class Asker:
    """Sends harmless queries, to the hosts to which the stack sends credentials and to `hosts`.

    `entered` is the JSON of an API secret to use in place of the stored one.
    """

    def __init__(
        self, target: Target, *, hosts: Iterable[str] = (), entered: str | None = None
    ) -> None:
        settings = sweep_settings(target)
        dynamodb = target.session.client("dynamodb", endpoint_url=target.endpoint_url)
        self.workspaces = WorkspacesTable(dynamodb, settings.workspaces_table_name)
        client = target.secrets if entered is None else cast(Any, _Entered(entered))
        self._session = new_session(1, allow_loopback=settings.allow_loopback)
        self._headers = HeaderProvider(
            secret=Secret(client, target.api_secret),
            workspaces=self.workspaces,
            hosts=(*settings.api_hosts, *hosts),
            allow_loopback=settings.allow_loopback,
        )

    def ask(self, uid: str, url: str) -> None:
        """Returns if the API at this address accepts the workspace's credentials.

        Raises:
            RunArchiveError: It does not, or could not be asked, as ParadimeApi has it.
        """
        api = ParadimeApi(self._session, self._headers, url, uid)
        api.ask(_QUERY, {}, "listBoltSchedules", _Schedules)


def try_out(target: Target, entered: str, uids: Iterable[str] | None) -> Iterator[str]:
    """Tries an API secret for workspaces, or by None for those that an unnamed default serves.

    Yields why it could not be tried, which does not say that the credentials are wrong.

    Raises:
        TypedSecretError: Paradime refuses them.
    """
    try:
        asker = Asker(target, entered=entered)
        noted = {one.uid: one for one in asker.workspaces.read()}
    except (CommandError, RunArchiveError, ClientError, BotoCoreError) as e:
        yield f"the credentials were not tried: {e}"
        return
    if uids is None:
        uids = [one.uid for one in noted.values() if one.default_serves]
    addresses = parse_api_secret(entered).api_urls
    for uid in uids:
        url = addresses.get(uid) or (noted[uid].api_url if uid in noted else None)
        if url is None:
            yield f"not tried for workspace {uid}: its API's address comes with its first delivery"
            continue
        try:
            asker.ask(uid, url)
        except CredentialsRefusedError:
            raise TypedSecretError(
                f"not stored: {urlsplit(url).hostname} refuses them for workspace {uid}, where "
                'the key needs the capability "Bolt Schedules Metadata Viewer"; --no-check stores '
                "them all the same"
            ) from None
        except RunArchiveError as e:
            yield f"not tried for workspace {uid}: {e}"
