"""The stack's secrets, as they are stored."""

from cli.stack.target import Target


def read_secret(target: Target, secret_id: str) -> str:
    return target.secrets.get_secret_value(SecretId=secret_id)["SecretString"]


def read_earlier(target: Target, secret_id: str) -> str | None:
    """What was stored before, or None if nothing was."""
    try:
        answer = target.secrets.get_secret_value(SecretId=secret_id, VersionStage="AWSPREVIOUS")
    except target.secrets.exceptions.ResourceNotFoundException:
        return None
    return answer["SecretString"]


def store_secret(target: Target, secret_id: str, text: str) -> None:
    target.secrets.put_secret_value(SecretId=secret_id, SecretString=text)
