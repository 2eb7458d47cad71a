"""The archive bucket."""

import base64
import mimetypes
from collections.abc import Mapping
from hashlib import sha256
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from msgspec import Struct

from functions.aws.client import error_code, translate_errors
from functions.run.inventory import StoredObject
from functions.shared.errors import SupersededError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# docs/performance.md compares smaller and larger parts.
PART_BYTES = 8 * 1024 * 1024
# The metadata field that holds a resource's id.
RESOURCE = "resource"
PIECE_BYTES = 1024 * 1024
PAGE = "text/html; charset=utf-8"


class DescribedObject(Struct, frozen=True):
    """`resource_id` is Paradime's id of the resource; None for all other objects."""

    stored: StoredObject
    etag: str
    resource_id: int | None


# GovCloud and China have consoles of their own, which show the region that the query names.
_CONSOLES = {"aws-us-gov": "console.amazonaws-us-gov.com", "aws-cn": "console.amazonaws.cn"}


class ArchiveBucket:
    def __init__(self, client: "S3Client", name: str) -> None:
        self._client = client
        self._name = name

    def console_url(self, prefix: str) -> str:
        """The page of the S3 console that lists a prefix."""
        meta = self._client.meta
        query = urlencode({"region": meta.region_name, "prefix": prefix}, safe="/")
        host = _CONSOLES.get(meta.partition, f"{meta.region_name}.console.aws.amazon.com")
        return f"https://{host}/s3/buckets/{quote(self._name)}?{query}"

    def list_etags(self, prefix: str) -> dict[str, str]:
        """All keys below a prefix, each with its object's ETag.

        Raises:
            UnavailableError: S3 failed. Every method here raises it.
        """
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=prefix
        )
        with translate_errors("S3", prefix=prefix):
            return {
                item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", ())
            }

    def describe(self, key: str) -> DescribedObject:
        """Size, digest and origin of a stored object.

        S3 has no digest of a multipart object (whose ETag ends in the number of parts), only a
        digest of the parts' digests. Reading the object within AWS is cheaper than fetching it from
        Paradime again.
        """
        with translate_errors("S3", key=key):
            head = self._client.head_object(Bucket=self._name, Key=key, ChecksumMode="ENABLED")
            resource = head["Metadata"].get(RESOURCE, "")
            resource_id = int(resource) if resource.isdecimal() else None
            if "-" not in head["ETag"] and "ChecksumSHA256" in head:
                digest = base64.b64decode(head["ChecksumSHA256"]).hex()
            else:
                read = sha256()
                body = self._client.get_object(Bucket=self._name, Key=key)["Body"]
                for part in body.iter_chunks(PART_BYTES):
                    read.update(part)
                digest = read.hexdigest()
        stored = StoredObject(head["ContentLength"], digest)
        return DescribedObject(stored, head["ETag"], resource_id)

    def read_end(self, key: str, max_bytes: int) -> bytearray:
        """The last bytes of an object, or all of a shorter one, which must not be empty.

        They are in memory once, and the caller may change them.
        """
        with translate_errors("S3", key=key):
            answer = self._client.get_object(
                Bucket=self._name, Key=key, Range=f"bytes=-{max_bytes}"
            )
            read = bytearray(answer["ContentLength"])
            room = memoryview(read)
            while size := answer["Body"].readinto(room[:PIECE_BYTES]):  # type: ignore[arg-type]
                room = room[size:]
            return read

    def put(self, key: str, body: bytes, metadata: Mapping[str, str]) -> StoredObject:
        self._put(key, body, metadata, {})
        return _stored(body)

    def replace(
        self,
        key: str,
        body: bytes,
        metadata: Mapping[str, str],
        *,
        etag: str | None,
        page: bool = False,
    ) -> str:
        """Stores an object in place of the one with that ETag, or where there was none.

        Returns the new ETag.

        `page` marks a page of our own, which browsers may render.

        Raises:
            SupersededError: a different object has been stored there meanwhile.
        """
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            return self._put(key, body, metadata, condition, PAGE if page else None)
        except SupersededError:
            there = self.describe(key)
            if there.stored != _stored(body):
                raise
            return there.etag

    def _put(
        self,
        key: str,
        body: bytes,
        metadata: Mapping[str, str],
        condition: Mapping[str, str],
        shown_as: str | None = None,
    ) -> str:
        with translate_errors("S3", key=key):
            try:
                answer = self._client.put_object(
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
        return answer["ETag"]

    def put_stream(self, key: str, stream: RawIOBase, metadata: Mapping[str, str]) -> None:
        """Stores a file as it arrives, in parts. If the stream breaks off, nothing is stored.

        Raises:
            RunArchiveError: whatever reading the stream raises.
        """
        with translate_errors("S3", key=key):
            self._client.upload_fileobj(
                BufferedReader(stream),
                self._name,
                key,
                ExtraArgs={
                    "ContentType": content_type(key),
                    "ChecksumAlgorithm": "SHA256",
                    "Metadata": dict(metadata),
                },
                # Threads would hold several parts in memory. Several files are under way as it is.
                Config=TransferConfig(
                    multipart_threshold=PART_BYTES,
                    multipart_chunksize=PART_BYTES,
                    use_threads=False,
                ),
            )


def _stored(body: bytes) -> StoredObject:
    return StoredObject(len(body), sha256(body).hexdigest())


def content_type(key: str) -> str:
    """By the key's ending; what a browser would execute, such as HTML or SVG, is plain text."""
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
