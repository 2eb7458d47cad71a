"""The one place where credentials meet an address: it is checked before it gets any."""

from collections.abc import Mapping

from msgspec import Struct

from functions.aws.secret import Reading, Secret
from functions.aws.workspaces import WorkspacesTable
from functions.paradime.addresses import check_api_url
from functions.paradime.credentials import parse_api_secret
from functions.shared.errors import CredentialsMissingError


class Headers(Struct, frozen=True, kw_only=True):
    """What identifies us to the API of a workspace at `url`, which is checked."""

    url: str
    workspace_uid: str
    values: Mapping[str, str]
    reading: Reading


class HeaderProvider(Struct, frozen=True, kw_only=True):
    """`hosts` is the allow-list of the setting apiHosts. Both methods raise:

    CredentialsMissingError: there are no credentials for the workspace.
    UnavailableError: Secrets Manager or DynamoDB failed.
    """

    secret: Secret
    workspaces: WorkspacesTable
    hosts: tuple[str, ...]
    allow_loopback: bool

    def headers(self, url: str, workspace_uid: str) -> Headers:
        """
        Credentials that have just been added are found: without any, the secret is read again.

        Raises:
            AddressRefusedError: no credentials are sent to that address.
        """
        check_api_url(url, hosts=self.hosts, allow_loopback=self.allow_loopback)
        reading = self.secret.read()
        try:
            return self._headers(url, workspace_uid, reading)
        except CredentialsMissingError:
            newer = self.secret.renew(reading)
            if newer == reading:
                raise
            return self._headers(url, workspace_uid, newer)

    def renew(self, refused: Headers) -> Headers:
        """The headers after a refusal: equal ones unless the credentials have been rotated."""
        reading = self.secret.renew(refused.reading)
        return self._headers(refused.url, refused.workspace_uid, reading)

    def _headers(self, url: str, workspace_uid: str, reading: Reading) -> Headers:
        secret = parse_api_secret(reading.text)
        credentials = secret.credentials(workspace_uid, self.workspaces.default_serves)
        if credentials is None:
            raise CredentialsMissingError(
                f"the API secret has no credentials for workspace {workspace_uid}; to add them: "
                f"bolt-archive configure api --workspace {workspace_uid}"
            )
        values = credentials.headers(workspace_uid)
        return Headers(url=url, workspace_uid=workspace_uid, values=values, reading=reading)
