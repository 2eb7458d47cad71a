"""The webhook secret is cached, rotated without a gap, and not read by every bad signature."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

import functions.ingest.handler  # noqa: F401 - its logger is the parent of the receiver's
from cli.secrets.signing import signed_headers
from functions.aws.chronicle import Chronicle
from functions.aws.queue import Queue
from functions.aws.schedules import SchedulesTable
from functions.aws.secret import Secret
from functions.aws.table import RunsTable
from functions.aws.workspaces import WorkspacesTable
from functions.ingest.http import Request
from functions.ingest.receive import Receiver
from functions.ingest.signature import parse_secret
from functions.ingest.workspaces import WorkspaceNotes
from functions.intake.intake import Intake
from functions.shared.errors import SignatureError, UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

OLD = "whsec_" + "b2xk" * 8
NEW = "whsec_" + "bmV3" * 8
NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
BODY = b"no JSON, so that a genuine delivery is quarantined"


def webhook_secret(*secrets: str) -> str:
    return json.dumps({"scheme": "standard-webhooks", "secrets": secrets})


class Vault:
    """Secrets Manager with one secret, how often it was read, and the time."""

    def __init__(self, text: str) -> None:
        self.answer: dict[str, str | bytes] | Exception = {"SecretString": text}
        self.reads = 0
        self.time = 1_700_000_000.0

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert SecretId == "the-arn"
        self.reads += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def store(self, text: str) -> None:
        self.answer = {"SecretString": text}

    def secret(self) -> Secret:
        client = cast("SecretsManagerClient", self)
        return Secret(client, "the-arn", clock=lambda: self.time)


@pytest.fixture
def vault() -> Vault:
    return Vault(webhook_secret(OLD))


class TestCache:
    def test_it_is_read_once_in_five_minutes(self, vault: Vault) -> None:
        secret = vault.secret()
        texts = {secret.read().text}
        vault.time += 299
        texts.add(secret.read().text)
        assert texts == {webhook_secret(OLD)}
        assert vault.reads == 1

    def test_after_five_minutes_it_is_read_anew(self, vault: Vault) -> None:
        secret = vault.secret()
        secret.read()
        vault.store(webhook_secret(NEW))
        vault.time += 300
        assert secret.read().text == webhook_secret(NEW)

    def test_a_secret_that_is_no_text_reads_as_empty(self, vault: Vault) -> None:
        vault.answer = {"SecretBinary": b"\x00"}
        assert vault.secret().read().text == ""

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (
                ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue"),
                "AccessDeniedException",
            ),
            (ConnectTimeoutError(endpoint_url="https://example.com"), "ConnectTimeoutError"),
        ],
    )
    def test_a_secret_that_cannot_be_read_is_unavailable(
        self, vault: Vault, error: Exception, said: str
    ) -> None:
        vault.answer = error
        with pytest.raises(UnavailableError, match=said):
            vault.secret().read()

    def test_after_a_failed_read_the_next_use_reads_again(self, vault: Vault) -> None:
        secret = vault.secret()
        vault.answer = ConnectTimeoutError(endpoint_url="https://example.com")
        with pytest.raises(UnavailableError):
            secret.read()
        vault.store(webhook_secret(NEW))
        assert secret.read().text == webhook_secret(NEW)


class Ingest:
    """The receiver with a queue that takes everything, and a table that it must not touch."""

    def __init__(self, vault: Vault) -> None:
        self.quarantined = 0
        sqs = cast("SQSClient", self)
        dynamodb = cast("DynamoDBClient", None)
        runs, keep = RunsTable(dynamodb, "runs"), timedelta(days=365)
        self._receiver = Receiver(
            secret=vault.secret(),
            intake=Intake(
                table=runs,
                chronicle=Chronicle(SchedulesTable(dynamodb, "schedules"), runs, keep),
                runs=Queue(sqs, "runs"),
                archive="failures",
                history="failures",
                keep=keep,
            ),
            notes=WorkspaceNotes(
                workspaces=WorkspacesTable(dynamodb, "workspaces"),
                runs=runs,
                hosts=(),
                allow_loopback=False,
            ),
            quarantine=Queue(sqs, "quarantine"),
        )

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - boto3's names
        assert QueueUrl == "quarantine"
        self.quarantined += 1

    def deliver(self, signed_with: str) -> str:
        """Delivers what is signed so; "accepted", or the reason of the refusal."""
        headers = signed_headers(webhook_secret(signed_with), BODY, NOW)
        try:
            self._receiver.receive(Request(headers, BODY), NOW)
        except SignatureError as e:
            return str(e)
        return "accepted"


class TestRotation:
    def test_old_and_new_secret_are_both_accepted(self, vault: Vault) -> None:
        vault.store(webhook_secret(NEW, OLD))
        ingest = Ingest(vault)
        assert [ingest.deliver(OLD), ingest.deliver(NEW)] == ["accepted", "accepted"]

    def test_a_delivery_with_both_signatures_is_accepted_by_either_secret(
        self, vault: Vault
    ) -> None:
        both = signed_headers(webhook_secret(OLD), BODY, NOW)
        delivery_id, timestamp = both["svix-id"], both["svix-timestamp"]
        key = base64.b64decode(NEW.removeprefix("whsec_"))
        digest = hmac.digest(key, f"{delivery_id}.{timestamp}.".encode() + BODY, "sha256")
        both["svix-signature"] = f"v1,{base64.b64encode(digest).decode()} {both['svix-signature']}"
        for configured in (OLD, NEW):
            secret = parse_secret(webhook_secret(configured))
            assert secret.verify(both, BODY, NOW).delivery_id == delivery_id

    def test_a_changed_secret_takes_effect_at_the_next_mismatch(self, vault: Vault) -> None:
        ingest = Ingest(vault)
        ingest.deliver(OLD)
        vault.store(webhook_secret(NEW))
        assert ingest.deliver(NEW) == "accepted"

    def test_after_a_change_the_old_secret_is_refused(self, vault: Vault) -> None:
        ingest = Ingest(vault)
        ingest.deliver(OLD)
        vault.store(webhook_secret(NEW))
        ingest.deliver(NEW)
        assert ingest.deliver(OLD) == "no signature matches"

    def test_the_first_secret_takes_effect_at_the_next_delivery(self, vault: Vault) -> None:
        vault.store(webhook_secret())
        ingest = Ingest(vault)
        refused = ingest.deliver(OLD)
        vault.store(webhook_secret(OLD))
        vault.time += 60
        assert "no usable webhook secret" in refused
        assert ingest.deliver(OLD) == "accepted"

    def test_a_genuine_delivery_causes_no_read_but_the_first(self, vault: Vault) -> None:
        ingest = Ingest(vault)
        for _ in range(100):
            ingest.deliver(OLD)
        assert vault.reads == 1

    def test_a_flood_of_bad_signatures_on_a_cold_start_causes_one_read(self, vault: Vault) -> None:
        ingest = Ingest(vault)
        for _ in range(100):
            ingest.deliver(NEW)
        assert vault.reads == 1

    def test_a_flood_of_bad_signatures_causes_one_read_a_minute(self, vault: Vault) -> None:
        ingest = Ingest(vault)
        ingest.deliver(OLD)
        vault.reads = 0
        minutes = 20
        for _ in range(minutes * 12):
            ingest.deliver(NEW)
            vault.time += 5
        assert vault.reads == minutes

    def test_a_flood_in_which_genuine_ones_arrive_causes_one_read_a_minute(
        self, vault: Vault
    ) -> None:
        ingest = Ingest(vault)
        minutes = 20
        for _ in range(minutes * 12):
            ingest.deliver(NEW)
            ingest.deliver(OLD)
            vault.time += 5
        assert vault.reads == minutes
        assert ingest.quarantined == minutes * 12

    def test_a_flood_does_not_delay_a_changed_secret_beyond_a_minute(self, vault: Vault) -> None:
        ingest = Ingest(vault)
        ingest.deliver("whsec_" + "bm9i" * 8)
        vault.store(webhook_secret(NEW))
        vault.time += 60
        assert ingest.deliver(NEW) == "accepted"

    def test_a_flood_while_the_secret_cannot_be_renewed_causes_one_read_a_minute(
        self, vault: Vault
    ) -> None:
        ingest = Ingest(vault)
        ingest.deliver(OLD)
        vault.reads = 0
        vault.answer = ConnectTimeoutError(endpoint_url="https://example.com")
        with pytest.raises(UnavailableError):
            ingest.deliver(NEW)
        for _ in range(100):
            ingest.deliver(NEW)
        assert vault.reads == 1

    def test_a_secret_made_unusable_refuses_what_it_accepted_before(self, vault: Vault) -> None:
        ingest = Ingest(vault)
        ingest.deliver(OLD)
        vault.store(webhook_secret("whsec_c2hvcnQ="))
        vault.time += 300
        assert "must have at least 24 bytes" in ingest.deliver(OLD)
