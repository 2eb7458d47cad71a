"""Who may call the API: one valid set of each kind of credentials that Paradime has."""

from dataclasses import dataclass
from email.message import Message


@dataclass(frozen=True)
class Credentials:
    """The credentials of one workspace. The defaults are valid for a stand-in only."""

    api_key: str = "standin-key"
    api_secret: str = "standin-secret"
    workspace_token: str = "prdm_wsp_standin"
    company_token: str = "prdm_cmp_standin"
    workspace_uid: str = "n0sg8br1m44k0ryj"

    def allow(self, headers: Message) -> bool:
        """A company token is valid for several workspaces, so its request must name this one."""
        if authorization := headers["Authorization"]:
            named = headers["X-Paradime-Workspace"]
            return authorization == f"Bearer {self.workspace_token}" or (
                authorization == f"Bearer {self.company_token}" and named == self.workspace_uid
            )
        pair = headers["X-API-KEY"], headers["X-API-SECRET"]
        return pair == (self.api_key, self.api_secret)


DEFAULT_CREDENTIALS = Credentials()
