"""Notes which workspaces deliver, for the sweep, and whom default API credentials serve.

Default API credentials of the form that names no workspaces must not serve every uid that somebody
thinks of. They serve the workspaces of which a run was recorded before this table was kept, or, if
there are none, the first one that delivers. So a workspace is noted before its first run is
recorded: a run without a noted workspace is one from before.
"""

from msgspec import Struct, field

from functions.aws.table import RunsTable
from functions.aws.workspaces import WorkspacesTable
from functions.paradime.addresses import check_api_url
from functions.run.event import RunEvent
from functions.run.record import MAX_TEXT_CHARACTERS
from functions.shared.errors import AddressRefusedError


class WorkspaceNotes(Struct, frozen=True, kw_only=True):
    """`hosts` is the allow-list of the setting apiHosts."""

    workspaces: WorkspacesTable
    runs: RunsTable
    hosts: tuple[str, ...]
    allow_loopback: bool
    _noted: set[tuple[str, str | None, str | None]] = field(default_factory=set)

    def note(self, event: RunEvent) -> None:
        """Notes an event's workspace, unless this process has noted the same before.

        Raises:
            UnavailableError: DynamoDB failed.
        """
        uid, api_url = event.workspace.uid, self._usable_api_url(event)
        name = event.workspace.name and event.workspace.name[:MAX_TEXT_CHARACTERS]
        if (uid, api_url, name) in self._noted:
            return
        if not self.workspaces.update(uid, api_url=api_url, name=name):
            self.workspaces.add(uid, api_url=api_url, name=name, default_serves=self._is_early(uid))
        self._noted.add((uid, api_url, name))

    def _is_early(self, uid: str) -> bool:
        return self.runs.has_runs(uid) or self.workspaces.claim_first(
            uid, free=not self.runs.has_runs()
        )

    def _usable_api_url(self, event: RunEvent) -> str | None:
        """An address to which no credentials go must not replace one to which they do."""
        if len(event.api_url) > MAX_TEXT_CHARACTERS:
            return None
        try:
            return check_api_url(
                event.api_url, hosts=self.hosts, allow_loopback=self.allow_loopback
            )
        except AddressRefusedError:
            return None
