"""Downloads one object of an archive: resumes if it was interrupted, and verifies it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path, PurePosixPath
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

from cli.terminal.errors import ChecksumError, LinkInTheWayError, StoppedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UNFINISHED = ".unfinished"
_CHUNK_BYTES = 1024 * 1024

Outcome = Literal["downloaded", "there"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """An object and its relative path here; `sha256` in hex, or None if none is listed."""

    key: str
    path: PurePosixPath
    bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Calls `advance` with the bytes received or already there; `stop` ends all transfers."""

    s3: "S3Client"
    bucket: str
    root: Path
    advance: Callable[[int], object]
    stop: Event

    def download(self, file: RemoteFile) -> Outcome:
        """Puts the whole file in its place, or leaves the place as it was.

        Raises:
            ChecksumError: It does not match; what was received is discarded.
            LinkInTheWayError: See there; nothing is written.
            StoppedError: It was interrupted; what was received is kept for the next call.
            ClientError, BotoCoreError: S3 did not deliver it; likewise.
            OSError: It could not be written.
        """
        place = self._place(file.path)
        if _is(place, file):
            self.advance(file.bytes)
            return "there"
        name = sha256(file.key.encode()).hexdigest()
        unfinished = self._place(PurePosixPath(UNFINISHED, name))
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        begun = unfinished.stat().st_size if unfinished.exists() else 0
        if file.sha256 is None or begun >= file.bytes:
            begun = 0  # without a checksum, a partial download cannot be trusted
        try:
            self._fetch(file, unfinished, begun)
        except ChecksumError:
            if not begun:
                raise
            self.advance(-file.bytes)
            self._fetch(file, unfinished, 0)
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished.replace(place)
        return "downloaded"

    def _place(self, path: PurePosixPath) -> Path:
        """Below `root`, which itself may be a link: that is where it was told to write."""
        place = self.root
        for part in path.parts:
            place /= part
            if place.is_symlink() or _is_junction(place):
                raise LinkInTheWayError(
                    f"{place} is a link; remove it, or choose another directory"
                )
        return place

    def _fetch(self, file: RemoteFile, unfinished: Path, begun: int) -> None:
        with unfinished.open("r+b" if begun else "wb") as stream:
            digest = sha256()
            while begun and (data := stream.read(_CHUNK_BYTES)):
                digest.update(data)
            count = stream.tell()
            self.advance(count)
            where: dict[str, Any] = {"Range": f"bytes={count}-"} if count else {}
            answer = self.s3.get_object(Bucket=self.bucket, Key=file.key, **where)
            for data in answer["Body"].iter_chunks(_CHUNK_BYTES):
                if self.stop.is_set():
                    raise StoppedError("stopped; the next download resumes here")
                stream.write(data)
                digest.update(data)
                count += len(data)
                self.advance(len(data))
        if file.sha256 not in (None, digest.hexdigest()):
            unfinished.unlink()
            self.advance(file.bytes - count)
            raise ChecksumError(
                f"its SHA-256 is {digest.hexdigest()[:12]}… but the inventory lists "
                f"{(file.sha256 or '')[:12]}…: the object was changed after it was archived"
            )


def tidy(root: Path) -> None:
    """Removes the directory of unfinished files if it is empty."""
    with suppress(OSError):
        (root / UNFINISHED).rmdir()


def _is_junction(place: Path) -> bool:
    """A link of Windows to a directory, which Python knows from 3.12 on."""
    is_junction: Callable[[], bool] | None = getattr(place, "is_junction", None)
    return bool(is_junction and is_junction())


def _is(place: Path, file: RemoteFile) -> bool:
    if file.sha256 is None or not place.is_file() or place.stat().st_size != file.bytes:
        return False
    with place.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest() == file.sha256
