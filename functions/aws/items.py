"""DynamoDB's items as plain Python values, and the expressions that change them."""

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

_to_dynamodb = TypeSerializer().serialize
_from_dynamodb = TypeDeserializer().deserialize


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as a client gives it, such as `{"run_id": {"N": "63187"}}`, by its names alone."""
    return {name: _from_dynamodb(value) for name, value in item.items()}


def update_arguments(
    *,
    assign: Mapping[str, Any],
    assign_once: Mapping[str, Any],
    add: Mapping[str, set[str]],
) -> dict[str, Any]:
    """The arguments of an `UpdateItem`, every name and value bound and none spelled out.

    `assign` sets an attribute, or removes it where the value is None; `assign_once` sets it
    unless it is there; `add` puts members into a set.
    """
    sets = [f"#{n} = :{n}" for n, value in assign.items() if value is not None]
    sets += [f"#{n} = if_not_exists(#{n}, :{n})" for n in assign_once]
    clauses = {
        "SET": sets,
        "REMOVE": [f"#{n}" for n, value in assign.items() if value is None],
        "ADD": [f"#{n} :{n}" for n in add],
    }
    bound = {n: value for n, value in assign.items() if value is not None}
    bound |= {**assign_once, **add}
    arguments: dict[str, Any] = {
        "UpdateExpression": " ".join(
            f"{verb} {', '.join(items)}" for verb, items in clauses.items() if items
        ),
        "ExpressionAttributeNames": {f"#{n}": n for n in (*assign, *assign_once, *add)},
    }
    if bound:  # DynamoDB refuses an empty map
        arguments["ExpressionAttributeValues"] = {
            f":{n}": _to_dynamodb(value) for n, value in bound.items()
        }
    return arguments
