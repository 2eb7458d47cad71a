"""Object keys of the archive: a pure function of run, command and path.

`runs/<workspace name>-<uid>/<schedule name>/<YYYY>/<MM>/<DD>/<run_id>/`, and below it one folder
per command. Names come from payloads, so they are reduced to `[A-Za-z0-9._-]`. A name or path that
had to be changed gets a `~` and a digest of the original; no unchanged one contains a `~`. So
different names and paths have different keys, and no key leaves the run's prefix.

Keys differ even if case is ignored, since archives are copied to such file systems.
"""

import re
from collections.abc import Iterator, Sequence
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
_SLASH = re.compile("/")


def run_prefix(event: RunEvent) -> str:
    """The folder of a run, ending in a slash; its date is that of the run's start, in UTC.

    An existing archive keeps the `archive_prefix` of its record: names change, and so may these
    rules.
    """
    name = _reduced(event.workspace.name or "", "workspace")
    workspace = f"{name}{_uid_mark(event.workspace.uid)}"
    schedule = _reduced(event.schedule_name, "schedule")
    if schedule != event.schedule_name.lower():
        schedule += f"~{_digest(event.schedule_name)[:8]}"
    return f"runs/{workspace}/{schedule}/{event.start_dttm:%Y/%m/%d}/{event.id}/"


def _uid_mark(uid: str) -> str:
    """A uid with a hyphen is marked: behind a name with hyphens, it could begin anywhere."""
    plain = "-" not in uid and uid == uid.lower()
    return f"-{uid}" if plain else f"~{uid}~{_digest(uid)[:8]}"


def command_folder(event: RunEvent, command: Command) -> str:
    """Such as `04-dbt-run-193442/`: position in the run, first words, id.

    The words end before the first option, assignment or address: from there on a command may
    contain secrets, and keys are written into logs.
    """
    commands = event.commands or ()
    position = event.positions[command.id]
    words = takewhile(_is_plain, command.command.split())
    name = _reduced(" ".join(islice(words, 2)), "command")[:MAX_COMMAND_CHARACTERS]
    return f"{position:0{max(2, len(str(len(commands))))}d}-{name}-{command.id}/"


def resource_path(path: str, *, resource_id: int, shared: bool) -> str:
    """The path of a resource below its command's folder.

    `shared` means that another resource of the command has the same path: the id tells them apart.
    """
    clean = _clean(path)
    digest = "" if clean == path and clean not in {"", STDOUT, STDERR} else f"~{_digest(path)}"
    mark = digest + (f"~{resource_id}" if shared else "")
    if not mark:
        return clean
    stem, dot, suffix = clean.rpartition(".")
    if not stem or "/" in suffix:
        stem, dot, suffix = stem + dot + suffix, "", ""
    return f"{stem or 'unnamed'}{mark}{dot}{suffix}"


def apart(paths: Sequence[str]) -> list[str]:
    """The paths, in order, changed so that a file system that ignores case can hold all of them.

    If a path would be the same file there as an earlier one, or one would be the other's folder,
    it gets a folder of its own. No path may be given twice.
    """
    folded = [path.casefold() for path in paths]
    places: dict[str, int] = {}
    for at, path in enumerate(folded):
        places.setdefault(path, at)
    # The first path below each path that is also a folder.
    below: dict[str, int] = {}
    for at, path in enumerate(folded):
        for folder in filter(places.__contains__, _folders(path)):
            below.setdefault(folder, at)
    kept: set[str] = set()
    found = []
    for at, (path, fold) in enumerate(zip(paths, folded, strict=True)):
        if (
            places[fold] < at
            or below.get(fold, at) < at
            or any(map(kept.__contains__, _folders(fold)))
        ):
            found.append(f"~{_digest(path)}/{path}")
        else:
            kept.add(fold)
            found.append(path)
    return found


def _folders(path: str) -> Iterator[str]:
    """One by one, since all folders of many long paths would fill the memory."""
    return (path[: slash.start()] for slash in _SLASH.finditer(path))


def _digest(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def _is_plain(word: str) -> bool:
    marked = any(mark in word for mark in ("=", "@", "://"))
    return word[0] != "-" and not marked and without_secrets(word) == word


def _clean(path: str) -> str:
    """The path without parts that are special to a file system; if too long, its front is cut."""
    safe = "/".join(_UNSAFE.sub("_", part) for part in _SEPARATOR.split(path))
    # Cut first: the rest of `x..` may be `..`.
    parts = safe[-MAX_PATH_CHARACTERS:].split("/")
    return "/".join(part for part in parts if part.strip("."))


def _reduced(text: str, otherwise: str) -> str:
    reduced = _UNSAFE.sub("-", text)[:MAX_NAME_CHARACTERS].strip("-.")
    return reduced or otherwise
