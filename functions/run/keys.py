"""Object keys of the archive: a pure function of run, command and path.

`runs/<workspace name>-<uid>/<schedule name>/<YYYY>/<MM>/<DD>/<run_id>/`, and below it one folder
per command. Names come from payloads, so they are reduced to `[A-Za-z0-9._-]`. A path that had to
be changed gets a `~` and a digest of the original; no unchanged path contains a `~`. So two paths
never share a key, and no key leaves the run's prefix.
"""

import re
from hashlib import sha256
from itertools import islice, takewhile

from functions.run.event import Command, RunEvent
from functions.run.masking import without_secrets

MAX_NAME_CHARACTERS = 80
MAX_COMMAND_CHARACTERS = 40
# S3 allows 1,024 bytes; the prefix and the command's folder take less than 400 of them.
MAX_PATH_CHARACTERS = 512

STDOUT = "stdout.log"
STDERR = "stderr.log"

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_SEPARATOR = re.compile(r"[/\\]")


def run_prefix(event: RunEvent) -> str:
    """The folder of a run, ending in a slash; its date is that of the run's start, in UTC."""
    uid = event.workspace.uid
    workspace = f"{_name(event.workspace.name or '', 'workspace')}-{uid}"
    schedule = _name(event.schedule_name, "schedule")
    return f"runs/{workspace}/{schedule}/{event.start_dttm:%Y/%m/%d}/{event.id}/"


def command_folder(event: RunEvent, command: Command) -> str:
    """Such as `04-dbt-run-193442/`: position in the run, first words, id.

    The words end before the first option, assignment or address: from there on a command may
    contain secrets, and keys are written into logs.
    """
    commands = event.commands or ()
    position = event.positions[command.id]
    words = takewhile(_is_plain, command.command.split())
    name = _name(" ".join(islice(words, 2)), "command")[:MAX_COMMAND_CHARACTERS]
    return f"{position:0{max(2, len(str(len(commands))))}d}-{name}-{command.id}/"


def resource_path(path: str, *, resource_id: int, shared: bool) -> str:
    """The path of a resource below its command's folder.

    `shared` means that another resource of the command has the same path: the id tells them apart.
    """
    clean = _clean(path)
    if clean == path and clean not in {"", STDOUT, STDERR}:
        digest = ""
    else:
        digest = "~" + sha256(path.encode(errors="surrogatepass")).hexdigest()[:16]
    mark = digest + (f"~{resource_id}" if shared else "")
    if not mark:
        return clean
    stem, dot, suffix = clean.rpartition(".")
    if not stem or "/" in suffix:
        stem, dot, suffix = stem + dot + suffix, "", ""
    return f"{stem or 'unnamed'}{mark}{dot}{suffix}"


def _is_plain(word: str) -> bool:
    marked = any(mark in word for mark in ("=", "@", "://"))
    return word[0] != "-" and not marked and without_secrets(word) == word


def _clean(path: str) -> str:
    """The path without parts that are special to a file system; if too long, its front is cut."""
    safe = "/".join(_UNSAFE.sub("_", part) for part in _SEPARATOR.split(path))
    # Cut first: the rest of `x..` may be `..`.
    parts = safe[-MAX_PATH_CHARACTERS:].split("/")
    return "/".join(part for part in parts if part.strip("."))


def _name(text: str, otherwise: str) -> str:
    reduced = _UNSAFE.sub("-", text)[:MAX_NAME_CHARACTERS].strip("-.")
    return reduced or otherwise
