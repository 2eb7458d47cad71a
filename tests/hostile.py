"""A run in which all that comes from outside is out to do harm in a page."""

import json

from tests.archives import Archive, archive_from, payload, results

CANARY = "http://127.0.0.1:9"


def hostile_archive(canary: str = CANARY) -> Archive:
    """Every text tries to run a script, to load something from `canary`, or to break out."""
    evil = (
        f'</pre></style></title></script><script src="{canary}/a.js"></script>'
        f"<script>window.ran = true</script><img src={canary}/b.png onerror='window.ran = true'>"
        f'<link rel=stylesheet href="{canary}/c.css"><style>@import "{canary}/d.css";</style>'
        f'<svg onload="window.ran = true"><iframe src="{canary}/e"></iframe></svg>'
        f"\"'>{{{{ 7 * 7 }}}}{{% raw %}}<base href='{canary}/'><meta http-equiv=refresh "
        f'content="0;url={canary}/f">\u202e\u2066\x00]]>--><!--'
    )
    archive = archive_from(
        payload(
            workspace={"name": evil, "uid": "uid7"},
            schedule_name=evil,
            status=evil,
            run_url=f"javascript:window.ran=true//{canary}",
            error_string=evil,
            environment=dict.fromkeys(
                ["actor", "branch", "commit_hash", "email", "pull_request_id"], evil
            ),
            schedule={
                "owner_email": evil,
                "environment": evil,
                "turbo_ci": {"enabled": True, "deferred_schedule_name": evil},
            },
            commands=[
                {"id": 70, "command": evil, "status": evil, "return_code": 1, "json_resources": []},
                {"id": 71, "command": evil, "status": "failed", "json_resources": []},
            ],
        )
    )
    node = f"model.demo.{evil}"
    archive.put(
        70,
        "target/run_results.json",
        results(
            {"unique_id": node, "message": evil, "compiled_code": evil},
            {"unique_id": f"test.demo.{evil}", "status": "warn", "message": evil},
            {"unique_id": f"{node}2", "status": "skipped"},
            *({"unique_id": f"{node}{at}", "message": evil} for at in range(60)),
        ),
    )
    archive.put(
        70,
        "target/manifest.json",
        json.dumps(
            {
                "nodes": {
                    node: {
                        "original_file_path": evil,
                        "meta": {"owner": {"name": evil, "email": evil}},
                        "tags": [evil],
                    },
                    f"{node}2": {"original_file_path": f"models/{evil}/x.sql"},
                },
                "exposures": {
                    f"exposure.demo.{at}": {
                        "name": evil,
                        "type": evil,
                        "maturity": evil,
                        "url": url,
                        "owner": {"email": evil},
                    }
                    for at, url in enumerate([f"javascript:window.ran=true//{canary}", evil])
                },
                "parent_map": {f"{node}2": [node]}
                | {f"exposure.demo.{at}": [node] for at in range(2)},
            }
        ).encode(),
    )
    archive.put(71, "stderr.log", f"\x1b[31m{evil}\x1b]8;;{canary}/g\x07link\x1b[0m".encode())
    archive.put(71, f"target/{evil}.json", b"{}")
    archive.put(71, "other/run_results.json", b"{")
    return archive
