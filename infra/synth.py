"""`python -m infra.synth`: the CloudFormation template, checked by cdk-nag. No AWS account needed.

Arguments go to `cdk synth`, such as `-c stage=dev`.
"""

import json
import os
import subprocess
import sys

from infra.cdk_cli import ROOT, cdk_command, with_own_tools

_OUTPUT = ROOT / "cdk.out"


def main() -> None:
    finished = subprocess.run(
        cdk_command("synth", "--quiet", "--output", str(_OUTPUT), *sys.argv[1:]),
        cwd=ROOT,
        env=with_own_tools(dict(os.environ)),
        check=False,
    )
    if finished.returncode != 0:
        sys.exit(finished.returncode)  # cdk has said why
    manifest = json.loads((_OUTPUT / "manifest.json").read_text())
    for artifact in manifest["artifacts"].values():
        if artifact["type"] == "aws:cloudformation:stack":
            template = _OUTPUT / artifact["properties"]["templateFile"]
            sys.stdout.write(f"{os.path.relpath(template)}: no cdk-nag finding\n")


if __name__ == "__main__":
    main()
