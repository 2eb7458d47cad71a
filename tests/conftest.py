"""What the command line prints is tested as into a pipe, wherever the tests run."""

import os

# Typer and Rich take these for a terminal; Typer looks when it is imported.
for name in ("GITHUB_ACTIONS", "FORCE_COLOR", "PY_COLORS"):
    os.environ.pop(name, None)
