"""A transfer ends with the whole file in its place, or with the place as it was."""

from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from threading import Event
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.response import StreamingBody

from cli.commands.look.download.transfer import RemoteFile, Transfer, tidy
from cli.terminal.errors import ChecksumError, LinkInTheWayError, StoppedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONTENT = b"0123456789"
FILE = RemoteFile(
    key="runs/x/target/a.json",
    path=PurePosixPath("target/a.json"),
    bytes=len(CONTENT),
    sha256=sha256(CONTENT).hexdigest(),
)


class Bucket:
    """One object, and the ranges of it that were asked for."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.ranges: list[str | None] = []

    def get_object(self, **wanted: Any) -> dict[str, Any]:
        self.ranges.append(wanted.get("Range"))
        first = int(wanted.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        body = self.content[first:]
        return {"Body": StreamingBody(BytesIO(body), len(body))}


class Machine:
    """A directory to which files are brought, and the bytes that the progress was told of."""

    def __init__(self, root: Path, bucket: Bucket) -> None:
        self.root = root
        self.bytes_moved = 0
        self.stop = Event()
        self.transfer = Transfer(
            s3=cast("S3Client", bucket), bucket="b", root=root, advance=self.advance, stop=self.stop
        )

    def advance(self, count: int) -> None:
        self.bytes_moved += count

    def leave_unfinished(self, content: bytes) -> None:
        unfinished = self.root / ".unfinished" / sha256(FILE.key.encode()).hexdigest()
        unfinished.parent.mkdir()
        unfinished.write_bytes(content)

    @property
    def files(self) -> dict[str, bytes]:
        return {
            str(file.relative_to(self.root)): file.read_bytes()
            for file in self.root.rglob("*")
            if file.is_file()
        }


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def machine(tmp_path: Path, bucket: Bucket) -> Machine:
    return Machine(tmp_path, bucket)


def test_a_file_is_brought_whole(machine: Machine) -> None:
    assert machine.transfer.download(FILE) == "downloaded"
    assert machine.files == {"target/a.json": CONTENT}
    assert machine.bytes_moved == len(CONTENT)


def test_a_file_that_is_there_and_right_is_not_asked_for(machine: Machine, bucket: Bucket) -> None:
    machine.transfer.download(FILE)
    assert machine.transfer.download(FILE) == "there"
    assert len(bucket.ranges) == 1


@pytest.mark.parametrize("other", [b"", b"012345678x", CONTENT + b"x"])
def test_a_file_that_is_there_and_wrong_is_replaced(machine: Machine, other: bytes) -> None:
    place = machine.root / FILE.path
    place.parent.mkdir()
    place.write_bytes(other)
    assert machine.transfer.download(FILE) == "downloaded"
    assert machine.files == {"target/a.json": CONTENT}


def test_what_broke_off_goes_on_where_it_was(machine: Machine, bucket: Bucket) -> None:
    machine.leave_unfinished(CONTENT[:4])
    machine.transfer.download(FILE)
    assert bucket.ranges == ["bytes=4-"]
    assert machine.files == {"target/a.json": CONTENT}
    assert machine.bytes_moved == len(CONTENT)


@pytest.mark.parametrize("begun", [b"abcd", CONTENT + b"more", b"abcdefghij"])
def test_a_wrong_beginning_is_fetched_anew(machine: Machine, begun: bytes) -> None:
    machine.leave_unfinished(begun)
    machine.transfer.download(FILE)
    assert machine.files == {"target/a.json": CONTENT}
    assert machine.bytes_moved == len(CONTENT)


@pytest.mark.parametrize("content", [b"012345678x", CONTENT[:9], CONTENT + b"x"])
def test_what_is_not_as_listed_is_not_kept(tmp_path: Path, content: bytes) -> None:
    machine = Machine(tmp_path, Bucket(content))
    with pytest.raises(ChecksumError, match="changed after it was archived"):
        machine.transfer.download(FILE)
    assert machine.files == {}
    assert machine.bytes_moved == len(CONTENT)


def test_a_wrong_file_leaves_the_one_that_is_there(tmp_path: Path) -> None:
    machine = Machine(tmp_path, Bucket(b"wrong"))
    place = tmp_path / FILE.path
    place.parent.mkdir()
    place.write_bytes(b"mine")
    with pytest.raises(ChecksumError):
        machine.transfer.download(FILE)
    assert machine.files == {"target/a.json": b"mine"}


def test_a_stop_keeps_what_came_for_the_next_time(machine: Machine, bucket: Bucket) -> None:
    machine.stop.set()
    with pytest.raises(StoppedError):
        machine.transfer.download(FILE)
    machine.stop.clear()
    assert machine.transfer.download(FILE) == "downloaded"
    tidy(machine.root)
    assert not (machine.root / ".unfinished").exists()


@pytest.mark.parametrize("link", ["target/a.json", "target", ".unfinished"])
def test_nothing_is_written_through_a_link_that_is_there(
    machine: Machine, tmp_path_factory: pytest.TempPathFactory, link: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "a.json").write_bytes(b"mine")
    place = machine.root / link
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(elsewhere / "a.json" if link.endswith(".json") else elsewhere)
    with pytest.raises(LinkInTheWayError, match="is a link; remove it"):
        machine.transfer.download(FILE)
    assert [(file.name, file.read_bytes()) for file in elsewhere.iterdir()] == [("a.json", b"mine")]
    assert place.is_symlink()


def test_an_unfinished_file_that_is_a_link_is_not_written_through(machine: Machine) -> None:
    mine = machine.root / "mine"
    mine.write_bytes(b"mine")
    unfinished = machine.root / ".unfinished" / sha256(FILE.key.encode()).hexdigest()
    unfinished.parent.mkdir()
    unfinished.symlink_to(mine)
    with pytest.raises(LinkInTheWayError):
        machine.transfer.download(FILE)
    assert mine.read_bytes() == b"mine"


def test_the_chosen_directory_may_be_a_link(
    tmp_path_factory: pytest.TempPathFactory, bucket: Bucket
) -> None:
    root = tmp_path_factory.mktemp("links") / "root"
    root.symlink_to(tmp_path_factory.mktemp("real"))
    assert Machine(root, bucket).transfer.download(FILE) == "downloaded"
