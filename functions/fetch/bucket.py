"""The archive's bucket."""

import base64
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import quote, urlencode

from boto3.s3.transfer import TransferConfig

from functions.fetch.download import FileStream
from functions.shared.aws import unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 8 * 1024 * 1024

# Threads would hold many parts in memory at once; the runs' files are many enough.
_TRANSFER = TransferConfig(
    multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, use_threads=False
)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """`sha256` in hex."""

    bytes: int
    sha256: str


class ArchiveBucket:
    def __init__(self, client: "S3Client", name: str) -> None:
        self._client = client
        self._name = name

    def console_url(self, prefix: str) -> str:
        """The page of the S3 console that shows what is below a prefix."""
        region = self._client.meta.region_name
        query = urlencode({"region": region, "prefix": prefix}, safe="/")
        return f"https://{region}.console.aws.amazon.com/s3/buckets/{quote(self._name)}?{query}"

    def list_keys(self, prefix: str) -> frozenset[str]:
        """All keys below a prefix.

        Raises:
            UnavailableError: S3 did not answer. So do all methods here.
        """
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=prefix
        )
        with unavailable("S3", prefix=prefix):
            return frozenset(item["Key"] for page in pages for item in page.get("Contents", ()))

    def describe(self, key: str) -> StoredObject:
        """Size and digest of an object that is there.

        An object that went up in parts has only a digest of its parts' digests: it is read once,
        within AWS, rather than fetched from Paradime again.
        """
        with unavailable("S3", key=key):
            head = self._client.head_object(Bucket=self._name, Key=key, ChecksumMode="ENABLED")
            checksum = head.get("ChecksumSHA256", "-")
            if "-" not in checksum:
                return StoredObject(head["ContentLength"], base64.b64decode(checksum).hex())
            digest = sha256()
            body = self._client.get_object(Bucket=self._name, Key=key)["Body"]
            for part in body.iter_chunks(PART_BYTES):
                digest.update(part)
            return StoredObject(head["ContentLength"], digest.hexdigest())

    def put(self, key: str, body: bytes, metadata: Mapping[str, str]) -> StoredObject:
        with unavailable("S3", key=key):
            self._client.put_object(
                Bucket=self._name,
                Key=key,
                Body=body,
                ContentType=content_type(key),
                ChecksumAlgorithm="SHA256",
                Metadata=dict(metadata),
            )
        return StoredObject(len(body), sha256(body).hexdigest())

    def put_stream(self, key: str, stream: FileStream, metadata: Mapping[str, str]) -> StoredObject:
        """Stores a file as it comes, in parts; a file that breaks off leaves nothing behind.

        Raises:
            RunArchiveError: whatever reading the stream raises.
        """
        with unavailable("S3", key=key):
            self._client.upload_fileobj(
                cast(IO[bytes], stream),
                self._name,
                key,
                ExtraArgs={
                    "ContentType": content_type(key),
                    "ChecksumAlgorithm": "SHA256",
                    "Metadata": dict(metadata),
                },
                Config=_TRANSFER,
            )
        return StoredObject(stream.bytes_read, stream.sha256)


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
