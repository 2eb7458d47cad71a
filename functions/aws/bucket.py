"""The archive's bucket."""

import base64
import mimetypes
from collections.abc import Mapping
from hashlib import sha256
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from functions.aws.client import error_code, unavailable
from functions.run.inventory import StoredObject
from functions.shared.errors import SupersededError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# docs/performance.md has what smaller and larger parts cost.
PART_BYTES = 8 * 1024 * 1024
PIECE_BYTES = 1024 * 1024
PAGE = "text/html; charset=utf-8"


class ArchiveBucket:
    def __init__(self, client: "S3Client", name: str) -> None:
        self._client = client
        self._name = name

    def console_url(self, prefix: str) -> str:
        """The page of the S3 console that shows what is below a prefix."""
        region = self._client.meta.region_name
        query = urlencode({"region": region, "prefix": prefix}, safe="/")
        return f"https://{region}.console.aws.amazon.com/s3/buckets/{quote(self._name)}?{query}"

    def list_etags(self, prefix: str) -> dict[str, str]:
        """All keys below a prefix, each with the ETag of its object.

        Raises:
            UnavailableError: S3 did not answer. So do all methods here.
        """
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=prefix
        )
        with unavailable("S3", prefix=prefix):
            return {
                item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", ())
            }

    def describe(self, key: str) -> StoredObject:
        """Size and digest of an object that is there.

        An object that went up in parts (its ETag ends in their number) has only a digest of its
        parts' digests: it is read once, within AWS, rather than fetched from Paradime again.
        """
        with unavailable("S3", key=key):
            head = self._client.head_object(Bucket=self._name, Key=key, ChecksumMode="ENABLED")
            if "-" not in head["ETag"] and "ChecksumSHA256" in head:
                digest = base64.b64decode(head["ChecksumSHA256"]).hex()
                return StoredObject(head["ContentLength"], digest)
            read = sha256()
            body = self._client.get_object(Bucket=self._name, Key=key)["Body"]
            for part in body.iter_chunks(PART_BYTES):
                read.update(part)
            return StoredObject(head["ContentLength"], read.hexdigest())

    def read_end(self, key: str, max_bytes: int) -> bytearray:
        """The last bytes of an object, or all of a shorter one, which must not be empty.

        In memory they are once, and the caller may change them.
        """
        with unavailable("S3", key=key):
            answer = self._client.get_object(
                Bucket=self._name, Key=key, Range=f"bytes=-{max_bytes}"
            )
            read = bytearray(answer["ContentLength"])
            room = memoryview(read)
            while size := answer["Body"].readinto(room[:PIECE_BYTES]):  # type: ignore[arg-type]
                room = room[size:]
            return read

    def put(self, key: str, body: bytes, metadata: Mapping[str, str]) -> StoredObject:
        return self._put(key, body, metadata, {})

    def replace(
        self,
        key: str,
        body: bytes,
        metadata: Mapping[str, str],
        *,
        etag: str | None,
        page: bool = False,
    ) -> StoredObject:
        """Stores an object in the place of the one with that ETag, or of none.

        `page` says that it is a page of our own, which a browser may show as such.

        Raises:
            SupersededError: another has been stored there meanwhile, and it is not the same.
        """
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            return self._put(key, body, metadata, condition, PAGE if page else None)
        except SupersededError:
            stored = self.describe(key)
            if stored != StoredObject(len(body), sha256(body).hexdigest()):
                raise
            return stored

    def _put(
        self,
        key: str,
        body: bytes,
        metadata: Mapping[str, str],
        condition: Mapping[str, str],
        shown_as: str | None = None,
    ) -> StoredObject:
        with unavailable("S3", key=key):
            try:
                self._client.put_object(
                    Bucket=self._name,
                    Key=key,
                    Body=body,
                    ContentType=shown_as or content_type(key),
                    ChecksumAlgorithm="SHA256",
                    Metadata=dict(metadata),
                    **cast(dict[str, Any], condition),
                )
            except ClientError as e:
                if error_code(e) == "PreconditionFailed":
                    raise SupersededError(f"another fetch of the run stored {key}") from e
                raise
        return StoredObject(len(body), sha256(body).hexdigest())

    def put_stream(self, key: str, stream: RawIOBase, metadata: Mapping[str, str]) -> None:
        """Stores a file as it comes, in parts; a file that breaks off leaves nothing behind.

        Raises:
            RunArchiveError: whatever reading the stream raises.
        """
        with unavailable("S3", key=key):
            self._client.upload_fileobj(
                BufferedReader(stream),
                self._name,
                key,
                ExtraArgs={
                    "ContentType": content_type(key),
                    "ChecksumAlgorithm": "SHA256",
                    "Metadata": dict(metadata),
                },
                # Threads would hold many parts in memory at once; a run's files are many enough.
                Config=TransferConfig(
                    multipart_threshold=PART_BYTES,
                    multipart_chunksize=PART_BYTES,
                    use_threads=False,
                ),
            )


def content_type(key: str) -> str:
    """By the key's ending; what a browser would run, such as HTML or SVG, is plain text."""
    guessed = mimetypes.guess_type(key, strict=True)[0]
    if guessed == "application/json":
        return guessed
    if key.endswith((".log", ".sql", ".md", ".yml", ".yaml")):
        return "text/plain; charset=utf-8"
    if guessed is None:
        return "application/octet-stream"
    if guessed.startswith("text/") or "xml" in guessed or "javascript" in guessed:
        return "text/plain; charset=utf-8"
    return guessed
