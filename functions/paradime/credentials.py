"""Credentials for Paradime's API, from the secret `paradime-api`.

`{"default": {"api_key", "api_secret"} | {"token"}, "workspaces": {"<uid>": …}}`: a workspace's
own come before the default ones, and may have an `api_url` beside them, for a workspace of which
no delivery has told yet. The default ones serve only the workspaces that they name in
`"workspaces": ["<uid>", …]`; without that member, those in the workspaces table that say so.

Two kinds, as the vendor's SDK (`paradime-io`) sends them: a key with its secret, or a bearer token,
whose prefix tells whether it is a company's and the workspace has to be named.
"""

from collections.abc import Callable
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


class ApiSecret(Struct, frozen=True):
    """`default_workspaces` are those that the default names; None if it has no such list.

    `api_urls` are the API addresses that the secret names, by workspace; not checked.
    """

    default: Credentials | None
    default_workspaces: frozenset[str] | None
    workspaces: dict[str, Credentials]
    api_urls: dict[str, str]

    def credentials(
        self, workspace_uid: str, unnamed_default_serves: Callable[[str], bool]
    ) -> Credentials | None:
        """A workspace's credentials. The function is asked only if the default names nobody."""
        if own := self.workspaces.get(workspace_uid):
            return own
        if self.default is None:
            return None
        if self.default_workspaces is None:
            serves = unnamed_default_serves(workspace_uid)
        else:
            serves = workspace_uid in self.default_workspaces
        return self.default if serves else None


class _Address(Struct, frozen=True):
    api_url: str | None


class _Serves(Struct, frozen=True):
    workspaces: Annotated[frozenset[WorkspaceUid], Meta(min_length=1)] | None


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
    wrong = ["a member besides default and workspaces"] if members else []
    credentials: Credentials | None = None
    serves: frozenset[str] | None = None
    try:
        if default is not None:
            given = convert(default, dict[str, Any])
            serves = convert({"workspaces": given.pop("workspaces", None)}, _Serves).workspaces
            credentials = _credentials(given)
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
    return ApiSecret(credentials, serves, own, api_urls)


def _credentials(given: object) -> Credentials:
    """
    Raises:
        NotUnderstoodError: it is neither kind, or has a member that its kind does not know.
    """
    members = convert(given, dict[str, Any])
    kind: type[Credentials] = BearerToken if "token" in members else KeyPair
    if members.keys() - set(kind.__struct_fields__):
        raise NotUnderstoodError("it has an unknown member")
    return convert(members, kind)


def _malformed(*wrong: str) -> CredentialsMissingError:
    return CredentialsMissingError(f"the API secret is malformed; wrong in: {', '.join(wrong)}")
