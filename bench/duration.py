"""How long an invocation takes on Lambda: in part measured here, in part assumed."""

from collections.abc import Mapping
from math import ceil

from functions.fetch.files import WORKERS

# Seconds of a round trip from a function to AWS in its region: what they usually take, on the long
# side. Nothing here can measure them.
ROUND_TRIPS = {
    "dynamodb.GetItem": 0.005,
    "dynamodb.PutItem": 0.008,
    "dynamodb.UpdateItem": 0.008,
    "dynamodb.Scan": 0.008,
    "secretsmanager.GetSecretValue": 0.020,
    "sqs.ChangeMessageVisibility": 0.012,
    "sqs.SendMessage": 0.012,
    "sns.Publish": 0.025,
    "s3.ListObjectsV2": 0.030,
    "s3.GetObject": 0.020,
    "s3.HeadObject": 0.020,
    "s3.PutObject": 0.030,
}
# event.json, archive.json, failures.json, index.html and the rows are stored one after another, all
# other files `WORKERS` at a time.
OWN_FILES = 5


def duration(
    seconds: float, cpu_seconds: float, calls: Mapping[str, int], *, cpu_share: float
) -> float:
    """Seconds of an invocation that took `seconds` here, `cpu_seconds` of them at work.

    There, work takes as long as the function's share of a processor makes it, and each call has
    its round trip, which it had not here. That a core there is as fast as one here is assumed.
    """
    puts = calls.get("s3.PutObject", 0)
    of_fetched = max(puts - OWN_FILES, 0)
    in_turn = {**calls, "s3.PutObject": puts - of_fetched + ceil(of_fetched / WORKERS)}
    waits = max(seconds - cpu_seconds, 0)
    trips = sum(count * ROUND_TRIPS[call] for call, count in in_turn.items())
    return waits + cpu_seconds / cpu_share + trips
