"""Credentials for Paradime's API, from the secret `paradime-api`.

`{"default": {"api_key", "api_secret"} | {"token"}, "workspaces": {"<uid>": …}}`: a workspace's
own come before the default ones, and may have an `api_url` beside them, for a workspace of which
no delivery has told yet. Two kinds, as the vendor's SDK (`paradime-io`) sends them: a
key with its secret, or a bearer token, whose prefix tells whether it is a company's and the
workspace has to be named.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.run.fields import WorkspaceUid
from functions.shared.errors import CredentialsMissingError

COMPANY_TOKEN_PREFIX = "prdm_cmp_"  # noqa: S105 (public, not a secret)
TOKEN_PREFIXES = ("prdm_wsp_", COMPANY_TOKEN_PREFIX)

HeaderValue = Annotated[str, Field(pattern=r"^[!-~]+$")]


class _Credentials(BaseModel):
    # Without the input in its errors: a validation error must not quote a secret.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class KeyPair(_Credentials):
    api_key: HeaderValue
    api_secret: HeaderValue

    def headers(self, workspace_uid: str) -> dict[str, str]:
        return {"X-API-KEY": self.api_key, "X-API-SECRET": self.api_secret}


class BearerToken(_Credentials):
    token: Annotated[str, Field(pattern=rf"^({'|'.join(TOKEN_PREFIXES)})[!-~]+$")]

    def headers(self, workspace_uid: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}"}
        if self.token.startswith(COMPANY_TOKEN_PREFIX):
            headers["X-Paradime-Workspace"] = workspace_uid
        return headers


class WorkspaceKeyPair(KeyPair):
    api_url: str | None = None


class WorkspaceToken(BearerToken):
    api_url: str | None = None


class ApiSecret(_Credentials):
    default: KeyPair | BearerToken | None = None
    workspaces: dict[WorkspaceUid, WorkspaceKeyPair | WorkspaceToken] = {}

    @property
    def api_urls(self) -> dict[str, str]:
        """The API addresses that the secret names, by workspace; not checked."""
        return {uid: own.api_url for uid, own in self.workspaces.items() if own.api_url}

    def headers(self, workspace_uid: str) -> dict[str, str]:
        """The headers that identify us to the API of a workspace.

        Raises:
            CredentialsMissingError: there are none for it.
        """
        credentials: KeyPair | BearerToken | None
        credentials = self.workspaces.get(workspace_uid, self.default)
        if credentials is None:
            raise CredentialsMissingError(
                f"the API secret has no credentials for workspace {workspace_uid} and no default"
            )
        return credentials.headers(workspace_uid)


def parse_api_secret(text: str) -> ApiSecret:
    """Reads the API secret's JSON.

    Raises:
        CredentialsMissingError: it is malformed; nothing of it is quoted.
    """
    try:
        return ApiSecret.model_validate_json(text)
    except ValidationError as e:
        wrong = sorted({_where(fault["loc"]) for fault in e.errors(include_input=False)})
        raise CredentialsMissingError(
            f"the API secret is malformed; wrong in: {', '.join(wrong)}"
        ) from None


def _where(location: tuple[int | str, ...]) -> str:
    """A member of ours, and no other by its name: that could be a key."""
    match location:
        case ():
            return "it"
        case ("default" | "workspaces" as member, *_):
            return str(member)
        case _:
            return "a member beside default and workspaces"
