"""DynamoDB's items as plain Python values."""

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from msgspec import Struct

_to_dynamodb = TypeSerializer().serialize
_from_dynamodb = TypeDeserializer().deserialize


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as a client returns it, such as `{"run_id": {"N": "63187"}}`, without the types."""
    return {name: _from_dynamodb(value) for name, value in item.items()}


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse: values as a client takes them."""
    return {name: _to_dynamodb(value) for name, value in values.items()}


class Assignment(Struct, frozen=True):
    """The part of an UpdateExpression that sets attributes, and removes those that are None.

    All names are bound, since some of them are reserved words of DynamoDB.
    """

    fields: Mapping[str, Any]

    @property
    def sets(self) -> str:
        """Such as `#state = :state, #actor = :actor`."""
        return ", ".join(f"#{name} = :{name}" for name in self._present)

    @property
    def remove(self) -> str:
        """Such as `REMOVE #run_url, #branch`; empty if there is nothing to remove."""
        absent = [f"#{name}" for name, value in self.fields.items() if value is None]
        return f"REMOVE {', '.join(absent)}" if absent else ""

    @property
    def names(self) -> dict[str, str]:
        return {f"#{name}": name for name in self.fields}

    @property
    def values(self) -> dict[str, Any]:
        return typed({f":{name}": value for name, value in self._present.items()})

    @property
    def _present(self) -> dict[str, Any]:
        return {name: value for name, value in self.fields.items() if value is not None}
