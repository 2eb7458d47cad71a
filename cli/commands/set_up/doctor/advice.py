"""What to do about an error, by its cause."""

from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from cli.stack.options import StackChoice
from functions.shared.errors import ApiFailingError, CredentialsRefusedError, TryAgainError

_GONE = ("ResourceNotFoundException", "NoSuchBucket", "QueueDoesNotExist", "NonExistentQueue")
_EXPIRED = ("ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId")
_SKEWED = ("RequestTimeTooSkewed", "RequestExpired", "InvalidSignatureException")


def about_no_stack(choice: StackChoice) -> str:
    if choice.state_dir:
        return f"Start it in a checkout: python -m local up --detach --state-dir {choice.state_dir}"
    if choice.local:
        return "Start it in a checkout: make local, or python -m local up --detach"
    return "Deploy it (make deploy in a checkout), or choose yours with --stack and --region."


def about_aws(error: Exception) -> str:
    """By the codes with which AWS refuses a call."""
    if isinstance(error, BotoCoreError):
        return "Check your connection to AWS, and your credentials and region."
    if not isinstance(error, ClientError):
        return "Fix that, and try again."
    code = error.response.get("Error", {}).get("Code", "")
    if code == "InvalidRequestException" and "delet" in str(error):  # of a secret, for days
        return (
            "It was deleted. Restore it: aws secretsmanager restore-secret --secret-id, with the "
            "ARN that the stack's outputs have."
        )
    if any(gone in code for gone in _GONE):
        return "It was deleted. Deploy again, or find out what has removed it."
    if any(expired in code for expired in _EXPIRED):
        return "Your AWS credentials are not valid, or not any more: sign in again."
    if any(skewed in code for skewed in _SKEWED):
        return "Check the clock of this machine, and your AWS credentials."
    if "Throttl" in code or "TooManyRequests" in code:
        return "Try again in a minute."
    return "Check that your AWS credentials are allowed to read this."


def about_paradime(error: TryAgainError, url: str, configure: str) -> str:
    """`configure` is the command that stores the credentials of the workspace anew."""
    if isinstance(error, ApiFailingError) and not isinstance(error, CredentialsRefusedError):
        return (
            f"The credentials are not to blame: {urlsplit(url).hostname} fails, or cannot be "
            "reached from here. Fetches are retried for over a day."
        )
    return (
        'The API key needs the capability "Bolt Schedules Metadata Viewer" in this workspace. '
        f"Store one that has it: {configure}"
    )
