"""A stand-in for Paradime: its GraphQL API and presigned downloads, over HTTP on 127.0.0.1.

    with Standin(runs=[Run(...)]) as standin:
        standin.faults.add(Status(on="api:boltCommand:*", status=503, times=2))
        ...  # point the software at standin.api_url
        assert standin.requests.count("download:1205743") == 1

As a separate process: `python -m local.standin --data events/paradime`.
"""

from local.standin.bolt import Schedule
from local.standin.content import Generated
from local.standin.credentials import Credentials
from local.standin.data import Command, Resource, Run, load_runs
from local.standin.standin import Standin

__all__ = [
    "Command",
    "Credentials",
    "Generated",
    "Resource",
    "Run",
    "Schedule",
    "Standin",
    "load_runs",
]
