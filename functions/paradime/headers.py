"""The one place where credentials meet an address: it is checked before it gets any."""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.aws.secret import Reading, Secret
from functions.paradime.addresses import check_api_url
from functions.paradime.credentials import parse_api_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """What identifies us to the API of a workspace at `url`, which is checked."""

    url: str
    workspace_uid: str
    values: Mapping[str, str]
    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderProvider:
    """`hosts` is the allow-list of the setting apiHosts. Both methods raise:

    CredentialsMissingError: there are no credentials for the workspace.
    UnavailableError: Secrets Manager failed.
    """

    secret: Secret
    hosts: tuple[str, ...]
    allow_loopback: bool

    def headers(self, url: str, workspace_uid: str) -> Headers:
        """
        Raises:
            AddressRefusedError: no credentials are sent to that address.
        """
        check_api_url(url, hosts=self.hosts, allow_loopback=self.allow_loopback)
        return _headers(url, workspace_uid, self.secret.read())

    def renew(self, refused: Headers) -> Headers:
        """The headers after a refusal: equal ones unless the credentials have been rotated."""
        return _headers(refused.url, refused.workspace_uid, self.secret.renew(refused.reading))


def _headers(url: str, workspace_uid: str, reading: Reading) -> Headers:
    values = parse_api_secret(reading.text).headers(workspace_uid)
    return Headers(url=url, workspace_uid=workspace_uid, values=values, reading=reading)
