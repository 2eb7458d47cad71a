"""The workspaces that a sweep knows, and which of them it asks Paradime about."""

from collections.abc import Iterable

from msgspec import Struct

from functions.aws.workspaces import NotedWorkspace
from functions.paradime.credentials import ApiSecret


class Workspace(Struct, frozen=True, kw_only=True):
    """`api_url` has not been checked. It is None if nothing can be asked about the workspace."""

    uid: str
    api_url: str | None
    name: str | None = None
    resume_after: str | None = None


def known_workspaces(noted: Iterable[NotedWorkspace], secret: ApiSecret) -> list[Workspace]:
    """Each workspace once; an address in the secret, which an operator put there, wins.

    Only one with credentials of its own is asked about: with those of another workspace, the API
    would list that one's runs.
    """
    by_uid = {workspace.uid: workspace for workspace in noted}

    def workspace(uid: str) -> Workspace:
        known = by_uid.get(uid, NotedWorkspace(uid=uid))
        asked = secret.credentials(uid, lambda _: known.default_serves) is not None
        address = secret.api_urls.get(uid, known.api_url)
        return Workspace(
            uid=uid,
            api_url=address if asked else None,
            name=known.name,
            resume_after=known.resume_after,
        )

    return [workspace(uid) for uid in sorted(by_uid.keys() | secret.api_urls)]
