"""Which workspaces are swept: all whose API address is known from deliveries or the secret."""

from collections.abc import Iterable
from dataclasses import dataclass

from functions.aws.workspaces import NotedWorkspace
from functions.paradime.credentials import ApiSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """`api_url` has not been checked."""

    uid: str
    api_url: str
    name: str | None = None
    resume_after: str | None = None


def known_workspaces(noted: Iterable[NotedWorkspace], secret: ApiSecret) -> list[Workspace]:
    """Each workspace once; an address in the secret, which an operator put there, wins."""
    by_uid = {workspace.uid: workspace for workspace in noted}
    addresses = {uid: workspace.api_url for uid, workspace in by_uid.items()} | secret.api_urls
    return [
        Workspace(uid=uid, api_url=api_url, name=known.name, resume_after=known.resume_after)
        for uid, api_url in sorted(addresses.items())
        if api_url
        for known in [by_uid.get(uid, NotedWorkspace(uid=uid))]
    ]
