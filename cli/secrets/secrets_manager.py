"""The stack's secrets in Secrets Manager."""

from cli.stack.target import Target


def read_secret(target: Target, secret_id: str) -> str:
    return target.secrets.get_secret_value(SecretId=secret_id)["SecretString"]


def read_previous(target: Target, secret_id: str) -> str | None:
    """The value before the last change, or None if there was none."""
    try:
        answer = target.secrets.get_secret_value(SecretId=secret_id, VersionStage="AWSPREVIOUS")
    except target.secrets.exceptions.ResourceNotFoundException:
        return None
    return answer["SecretString"]


def store_secret(target: Target, secret_id: str, text: str) -> None:
    target.secrets.put_secret_value(SecretId=secret_id, SecretString=text)
