"""How much of the answer is known by now: what failed, and whether that is all."""

from functions.findings.finding import WhatFailed
from functions.run.event import RunEvent
from functions.run.inventory import Contents
from functions.run.plan import PlannedFile, commands_of_answer, is_of_answer, is_results


def is_answered(event: RunEvent, held: Contents, failed: WhatFailed) -> bool:
    """Whether results or a log of any failed command could be read.

    If no command failed, the event itself says everything.
    """
    commands = {command.id for command in event.commands or () if command.failed}
    unread = {file.key for file in failed.unread}
    return not commands or any(
        file.planned.command_id in commands
        and file.planned.key not in unread
        and (file.planned.resource_id is None or is_results(file.planned))
        for file in held.files
    )


def failing_nodes(event: RunEvent, held: Contents, failed: WhatFailed) -> frozenset[str] | None:
    """The ids of all nodes that fail; None while some may not be known.

    They are not while results or logs are still to come, or could not be read.
    """
    is_cut = len(failed.broken) != failed.failure_count
    is_awaited = any(_names_nodes(event, file.planned) for file in held.pending)
    is_unlisted = any(command.id in held.unlisted for command in commands_of_answer(event))
    unread = {file.key for file in failed.unread}
    is_unread = any(file.planned.key in unread and is_results(file.planned) for file in held.files)
    if is_cut or is_awaited or is_unlisted or is_unread:
        return None
    return frozenset(finding.unique_id for finding in failed.broken)


def _names_nodes(event: RunEvent, file: PlannedFile) -> bool:
    return is_results(file) or (file.resource_id is None and is_of_answer(event, file))
