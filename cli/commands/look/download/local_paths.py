"""The paths of an archive's files once they are downloaded.

The fetch function already sanitizes names, but this does not rely on it: whatever a key contains,
the file ends up below the chosen directory, on any operating system.
"""

import re
from hashlib import sha256
from pathlib import PurePosixPath

# Windows reserves these, with any extension: https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE | re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9._~-]+")
_MAX_PART_CHARACTERS = 200


def local_path(path: str) -> PurePosixPath:
    """A relative path without `..` for a file's path below its archive's prefix.

    A part that has to be changed gets a digest of the original, so that different paths stay
    different.
    """
    return PurePosixPath(*(_safe(part) for part in path.split("/")))


def _safe(part: str) -> str:
    clean = _UNSAFE.sub("_", part)[:_MAX_PART_CHARACTERS]
    if clean == part and clean.strip(".") and clean[-1] != "." and not _RESERVED.fullmatch(clean):
        return clean
    digest = sha256(part.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"_{clean.strip('.')}~{digest}"
