"""The one place where credentials meet an address: it is judged before they are sent there."""

from collections.abc import Callable
from dataclasses import dataclass

import requests

from functions.paradime.addresses import check_api_url
from functions.paradime.api import ParadimeApi
from functions.paradime.credentials import parse_api_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConnector:
    """`hosts` is the allow-list of the setting apiHosts."""

    session: requests.Session
    hosts: tuple[str, ...]
    allow_loopback: bool

    def to(self, url: str, workspace_uid: str) -> Callable[[str], ParadimeApi]:
        """What makes a workspace's client from the text of the API secret.

        Raises:
            AddressRefusedError: the address is none to send credentials to.
            CredentialsMissingError: raised by what is returned; there are none for the workspace.
        """
        check_api_url(url, hosts=self.hosts, allow_loopback=self.allow_loopback)

        def connect(secret: str) -> ParadimeApi:
            return ParadimeApi(self.session, url, parse_api_secret(secret).headers(workspace_uid))

        return connect
