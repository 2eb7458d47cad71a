"""Brings one object of an archive onto this machine: resumed where it broke off, and checked."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path, PurePosixPath
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

from cli.terminal.errors import ChecksumError, StoppedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UNFINISHED = ".unfinished"
_CHUNK_BYTES = 1024 * 1024

Outcome = Literal["downloaded", "there"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """An object, and the relative path that it gets; `sha256` in hex, None where none is listed."""

    key: str
    path: PurePosixPath
    bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """`moved` is told of bytes that came or were there; `stop` ends all that is under way."""

    s3: "S3Client"
    bucket: str
    root: Path
    moved: Callable[[int], object]
    stop: Event

    def bring(self, file: RemoteFile) -> Outcome:
        """Leaves the file whole in its place, or leaves its place as it was.

        Raises:
            ChecksumError: see there; nothing of what came is kept.
            StoppedError: likewise; what came is kept for the next call.
            ClientError, BotoCoreError: S3 did not give it; likewise.
            OSError: this machine did not take it.
        """
        place = self.root / file.path
        if _is(place, file):
            self.moved(file.bytes)
            return "there"
        unfinished = self.root / UNFINISHED / sha256(file.key.encode()).hexdigest()
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        begun = unfinished.stat().st_size if unfinished.exists() else 0
        if file.sha256 is None or begun >= file.bytes:
            begun = 0  # of what cannot be checked as a whole, nothing is kept
        try:
            self._fetch(file, unfinished, begun)
        except ChecksumError:
            if not begun:
                raise
            self.moved(-file.bytes)
            self._fetch(file, unfinished, 0)
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished.replace(place)
        return "downloaded"

    def _fetch(self, file: RemoteFile, unfinished: Path, begun: int) -> None:
        with unfinished.open("r+b" if begun else "wb") as stream:
            digest = sha256()
            while begun and (data := stream.read(_CHUNK_BYTES)):
                digest.update(data)
            count = stream.tell()
            self.moved(count)
            where: dict[str, Any] = {"Range": f"bytes={count}-"} if count else {}
            answer = self.s3.get_object(Bucket=self.bucket, Key=file.key, **where)
            for data in answer["Body"].iter_chunks(_CHUNK_BYTES):
                if self.stop.is_set():
                    raise StoppedError("stopped; the next download goes on from here")
                stream.write(data)
                digest.update(data)
                count += len(data)
                self.moved(len(data))
        if file.sha256 not in (None, digest.hexdigest()):
            unfinished.unlink()
            self.moved(file.bytes - count)
            raise ChecksumError(
                f"its SHA-256 is {digest.hexdigest()[:12]}…, and the inventory says "
                f"{(file.sha256 or '')[:12]}…: the object was changed after it was archived"
            )


def tidy(root: Path) -> None:
    """Removes the directory of unfinished files unless one is left in it."""
    with suppress(OSError):
        (root / UNFINISHED).rmdir()


def _is(place: Path, file: RemoteFile) -> bool:
    if file.sha256 is None or not place.is_file() or place.stat().st_size != file.bytes:
        return False
    with place.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest() == file.sha256
