"""Sample payloads, changed as a test wants them."""

import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[2] / "events"
PARADIME = EVENTS / "paradime"
WORKSPACE = "n0sg8br1m44k0ryj"


def payload(name: str, api_url: str, **changes: Any) -> bytes:
    """`name` is a file in `events`. Tests on one stack keep apart by the `id` of their runs."""
    content = json.loads((EVENTS / f"{name}.json").read_bytes())
    return json.dumps(content | {"api_url": api_url} | changes, indent=3).encode()


def run_key(run_id: int) -> str:
    return f"{WORKSPACE}#{run_id}"


def served(run_id: int) -> dict[tuple[int, str], bytes]:
    """What the stand-in has of a sample run, and an archive is to have: by command and path."""
    run = json.loads((PARADIME / f"{run_id}.json").read_text())
    return {
        (command["id"], path): (PARADIME / file).read_bytes()
        for command in run["commands"]
        for path, file in [
            ("stdout.log", command["stdout"]),
            ("stderr.log", command["stderr"]),
            *((resource["path"], resource["file"]) for resource in command["resources"]),
        ]
        if path.endswith((".json", ".log"))
    }
