"""What `docs/cost.md` and `docs/scale.md` assume of a team's runs."""

from math import ceil

from functions.paradime.bolt import PAGE
from infra.settings import Settings

# Of three runs one fails, each is told of when it starts and when it ends, and all are of one
# workspace, which has so many schedules.
FAILED, DELIVERIES, SCHEDULES = 1 / 3, 2, 100


def sweep_reads(runs_an_hour: float, settings: Settings) -> float:
    """Records that a sweep reads from the index: a run is stale for as long as it looks back."""
    return runs_an_hour * (settings.sweep_lookback_hours + settings.stale_hours)


def sweep_questions(runs_an_hour: float, settings: Settings) -> float:
    """Questions of a sweep to Paradime's API that finds nothing missing: for the active and the
    inactive schedules, then for each one's runs, page by page."""
    listings = 2 * ceil(SCHEDULES / PAGE) + SCHEDULES
    return listings + runs_an_hour * settings.sweep_lookback_hours / PAGE
