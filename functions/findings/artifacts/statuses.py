"""What a node's status comes to, however it is spelled.

dbt 1 writes it in small letters. dbt 2 (Fusion) also writes the names of its own types, such as
`RuntimeError`, and two of its statuses mean something else than in dbt 1: `warn` of what is no
test is a success, and `skipped` with the message "Skipped" is a node with nothing to be done (an
ephemeral model), while what failed upstream makes "Skipped due to upstream failure".

Source: `canonicalize_run_results` and `normalize_freshness_status` in Paradime's SDK, the package
`paradime-io`; https://github.com/dbt-labs/dbt-core/blob/main/core/dbt/artifacts/schemas/results.py
"""

import re
from functools import lru_cache

# The worst first, and so findings are ordered.
FAILED = ("error", "runtime error", "fail", "partial success")
WARNED = "warn"
SKIPPED = "skipped"
# dbt's word, with its hyphen.
NO_OP = "no-op"
NOT_WELL = frozenset({*FAILED, WARNED, SKIPPED})
# What a node that failed before is healed by.
SUCCEEDED = "success"

_WORD_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z])|[\s_-]+")
_OTHER_WORDS = {
    "err": "error",
    "errored": "error",
    "failed": "fail",
    "failure": "fail",
    "no op": NO_OP,
    "pass": SUCCEEDED,
    "passed": SUCCEEDED,
    "skip": SKIPPED,
    "succeeded": SUCCEEDED,
    "warned": WARNED,
    "warning": WARNED,
}
_TESTS = ("test.", "unit_test.")
MAX_CHARACTERS = 40


@lru_cache(maxsize=256)
def canonical(status: str) -> str:
    """A run's status of a node as dbt 1 spells it; `pass` is `success`.

    One that is not known and says that something failed is an error.
    """
    words = _WORD_BOUNDARY.sub(" ", status[:MAX_CHARACTERS]).lower().strip()
    words = _OTHER_WORDS.get(words, words)
    if words in FAILED or words in (WARNED, SKIPPED, SUCCEEDED):
        return words
    said = {_OTHER_WORDS.get(word, word) for word in words.split()}
    return "error" if said & {"error", "fail"} else words


def of_run(unique_id: str, status: str) -> str:
    """What the status of a node in `run_results.json` comes to."""
    found = canonical(status)
    return SUCCEEDED if found == WARNED and not unique_id.startswith(_TESTS) else found


def is_no_op(message: str | None) -> bool:
    """Whether a node that was skipped had nothing to be done."""
    return (message or "").strip().lower() == "skipped"
