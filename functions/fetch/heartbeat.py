"""Keeps a message hidden while its run is archived, and hardly longer.

The queue's own visibility timeout has to be six times the function's time limit, 90 minutes:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html. If a function was killed,
its message would stay hidden for all of it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Logger

from functions.aws.queue import Queue
from functions.shared.errors import UnavailableError

# A killed function's message is received again within three minutes.
HIDDEN_SECONDS = 180
BEAT_SECONDS = 60

logger = Logger(service="fetch", child=True)


@contextmanager
def heartbeat(queue: Queue, receipt_handle: str) -> Iterator[None]:
    """Extends the message's invisibility every minute for as long as the block runs.

    A failed beat is only logged: two more follow before the message becomes visible, and receiving
    a message twice does no harm.
    """
    stopped = threading.Event()

    def beat() -> None:
        try:
            queue.delay(receipt_handle, HIDDEN_SECONDS)
        except UnavailableError as e:
            logger.warning("invisibility not extended", reason=str(e))

    def beat_until_stopped() -> None:
        while not stopped.wait(BEAT_SECONDS):
            beat()

    beat()
    thread = threading.Thread(target=beat_until_stopped, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
