"""A run that is recorded as queued, and whose pointer is nowhere."""

from datetime import UTC, datetime, timedelta

from local.standin import Run
from tests.bolt_runs import WORKSPACE, completed_payload
from tests.integration.world import World


def lose_pointer(world: World, run: Run, *, ago: timedelta = timedelta(minutes=20)) -> None:
    """The run's only delivery came that long `ago`, and SQS has lost what it was given."""
    world.standin.bolt.add(run)
    world.send(completed_payload(run, world.standin.api_url))
    world.sqs.purge_queue(QueueUrl=world.queues["runs"])
    let_it_be(run.run_id, world, ago)


def let_it_be(run_id: int, world: World, ago: timedelta) -> None:
    """As if the run's last delivery had come that long `ago`."""
    world.dynamodb.update_item(
        TableName=world.table,
        Key={"run_key": {"S": f"{WORKSPACE}#{run_id}"}},
        UpdateExpression="SET last_received_at = :then",
        ExpressionAttributeValues={":then": {"S": (datetime.now(UTC) - ago).isoformat()}},
    )
