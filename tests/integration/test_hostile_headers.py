"""What no server should send costs the one file that was asked for, and not the run."""

from typing import TYPE_CHECKING, cast

import pytest

from functions.aws.secret import Secret
from functions.aws.workspaces import WorkspacesTable
from functions.paradime.api import ParadimeApi
from functions.paradime.download import Downloader
from functions.paradime.headers import HeaderProvider
from functions.paradime.session import new_session
from functions.shared.deadline import Deadline
from functions.shared.errors import TryAgainError
from tests.integration.test_session import serving
from tests.integration.world import API_SECRET

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

UID = "n0sg8br1m44k0ryj"
BUSY = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nRetry-After: %b\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

HOSTILE = {
    "a wait until a year that no calendar has": BUSY % b"Mon, 01 Jan 99999999999 00:00:00 GMT",
    "a wait until an hour that no day has": BUSY % b"Mon, 01 Jan 2020 99999999999:00:00 GMT",
    "a wait in a zone that there cannot be": BUSY % b"Mon, 01 Jan 2020 00:00:00 +99999999999999999",
    "a wait of 5,000 digits": BUSY % (b"9" * 5000),
    "a chunk of a negative size": CHUNKED + b"-5\r\n",
    "a chunk of no size": CHUNKED + b"none\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 9, 8\r\n\r\n",
}


class Vault:
    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        return {"SecretString": API_SECRET}


def api(url: str) -> ParadimeApi:
    secret = Secret(cast("SecretsManagerClient", Vault()), "api")
    provider = HeaderProvider(
        secret=secret,
        workspaces=WorkspacesTable(cast("DynamoDBClient", None), "workspaces"),
        hosts=(),
        allow_loopback=True,
    )
    return ParadimeApi(new_session(1, allow_loopback=True), provider, url, UID)


def download(url: str) -> bytes:
    downloader = Downloader(
        new_session(1, allow_loopback=True), max_bytes=1_000_000, allow_loopback=True
    )
    with downloader.open(url, "target/file.log", Deadline(lambda: 900_000)) as stream:
        return stream.read()


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_download_is_to_be_tried_again(answer: bytes) -> None:
    with serving(answer) as url, pytest.raises(TryAgainError):
        download(url)


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_api_is_to_be_asked_again(answer: bytes) -> None:
    with serving(answer) as url, pytest.raises(TryAgainError):
        api(url).resource_url(1)


@pytest.mark.parametrize(
    "length", [pytest.param(b"\xb2", id="a superscript"), pytest.param(b"9" * 5000, id="digits")]
)
def test_a_length_that_is_no_number_is_none(length: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\nbody" % length
    with serving(answer, hang_up=True) as url:
        assert download(url) == b"body"
