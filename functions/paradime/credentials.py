"""Credentials for Paradime's API, from the secret `paradime-api`.

`{"default": {"api_key", "api_secret"} | {"token"}, "workspaces": {"<uid>": …}}`: a workspace's
own come before the default ones, and may have an `api_url` beside them, for a workspace of which
no delivery has told yet. Two kinds, as the vendor's SDK (`paradime-io`) sends them: a
key with its secret, or a bearer token, whose prefix tells whether it is a company's and the
workspace has to be named.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct

from functions.run.fields import WorkspaceUid
from functions.shared.errors import CredentialsMissingError, NotUnderstoodError
from functions.shared.read_json import Reader, convert

COMPANY_TOKEN_PREFIX = "prdm_cmp_"  # noqa: S105 (public, not a secret)
TOKEN_PREFIXES = ("prdm_wsp_", COMPANY_TOKEN_PREFIX)

HeaderValue = Annotated[str, Meta(pattern=r"^[!-~]+\Z")]


class KeyPair(Struct, frozen=True):
    api_key: HeaderValue
    api_secret: HeaderValue

    def headers(self, workspace_uid: str) -> dict[str, str]:
        return {"X-API-KEY": self.api_key, "X-API-SECRET": self.api_secret}


class BearerToken(Struct, frozen=True):
    token: Annotated[str, Meta(pattern=rf"^({'|'.join(TOKEN_PREFIXES)})[!-~]+\Z")]

    def headers(self, workspace_uid: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}"}
        if self.token.startswith(COMPANY_TOKEN_PREFIX):
            headers["X-Paradime-Workspace"] = workspace_uid
        return headers


Credentials = KeyPair | BearerToken


@dataclass(frozen=True, slots=True)
class ApiSecret:
    """`api_urls` are the API addresses that it names, by workspace; not checked."""

    default: Credentials | None
    workspaces: dict[str, Credentials]
    api_urls: dict[str, str]

    def headers(self, workspace_uid: str) -> dict[str, str]:
        """The headers that identify us to the API of a workspace.

        Raises:
            CredentialsMissingError: there are none for it.
        """
        credentials = self.workspaces.get(workspace_uid, self.default)
        if credentials is None:
            raise CredentialsMissingError(
                f"the API secret has no credentials for workspace {workspace_uid} and no default"
            )
        return credentials.headers(workspace_uid)


class _Address(Struct, frozen=True):
    api_url: str | None


_JSON: Reader[Any] = Reader(Any)


def parse_api_secret(text: str) -> ApiSecret:
    """Reads the API secret's JSON.

    Raises:
        CredentialsMissingError: it is malformed; nothing of it is quoted.
    """
    try:
        members = convert(_JSON.read(text), dict[str, Any])
    except NotUnderstoodError:
        raise _malformed("it") from None
    default, workspaces = members.pop("default", None), members.pop("workspaces", {})
    # Not by its name, which could be a key in the wrong place.
    wrong = ["a member beside default and workspaces"] if members else []
    credentials: Credentials | None = None
    try:
        credentials = None if default is None else _credentials(default)
    except NotUnderstoodError:
        wrong.append("default")
    own, api_urls = {}, {}
    try:
        for uid, given in convert(workspaces, dict[WorkspaceUid, dict[str, Any]]).items():
            address = convert({"api_url": given.pop("api_url", None)}, _Address)
            own[uid] = _credentials(given)
            if address.api_url:
                api_urls[uid] = address.api_url
    except NotUnderstoodError:
        wrong.append("workspaces")
    if wrong:
        raise _malformed(*wrong)
    return ApiSecret(credentials, own, api_urls)


def _credentials(given: object) -> Credentials:
    """
    Raises:
        NotUnderstoodError: it is neither kind, or has a member that its kind does not know.
    """
    members = convert(given, dict[str, Any])
    kind: type[Credentials] = BearerToken if "token" in members else KeyPair
    if members.keys() - set(kind.__struct_fields__):
        raise NotUnderstoodError("it has a member that its kind does not know")
    return convert(members, kind)


def _malformed(*wrong: str) -> CredentialsMissingError:
    return CredentialsMissingError(f"the API secret is malformed; wrong in: {', '.join(wrong)}")
