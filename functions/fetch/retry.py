"""How long a run waits before it is tried again."""

MAX_VISIBILITY_SECONDS = 12 * 60 * 60  # SQS's own limit


def delay_seconds(
    *, receive_count: int, base: int, cap: int, retry_after: float | None, jitter: float
) -> int:
    """Doubles with each receive up to `cap`; never shorter than what Paradime asked for.

    `jitter`, from 0 to 1, takes up to a fifth off, so that many runs that failed together do
    not come back together. With a base of 30 s, a cap of 3 h and 20 receives the first and the
    last lie more than 24 h apart.
    """
    growing = min(cap, base << min(receive_count - 1, 30))
    delay = max(growing * (1 - jitter / 5), retry_after or 0)
    return min(round(delay), MAX_VISIBILITY_SECONDS)
