"""Who may ask: each kind of credentials that Paradime has, with one valid set of each."""

from dataclasses import dataclass
from email.message import Message


@dataclass(frozen=True)
class Credentials:
    """What a workspace was given. The defaults open nothing but a stand-in."""

    api_key: str = "standin-key"
    api_secret: str = "standin-secret"
    workspace_token: str = "prdm_wsp_standin"
    company_token: str = "prdm_cmp_standin"
    workspace_uid: str = "n0sg8br1m44k0ryj"

    def allow(self, headers: Message) -> bool:
        """A company token holds for several workspaces, so that its request names this one."""
        if authorization := headers["Authorization"]:
            named = headers["X-Paradime-Workspace"]
            return authorization == f"Bearer {self.workspace_token}" or (
                authorization == f"Bearer {self.company_token}" and named == self.workspace_uid
            )
        pair = headers["X-API-KEY"], headers["X-API-SECRET"]
        return pair == (self.api_key, self.api_secret)


DEFAULT_CREDENTIALS = Credentials()
