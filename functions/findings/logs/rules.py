"""Where in a log the reason of a failure stands: one table of rules, in the order of their use.

The first rule that finds something decides, in whichever of a command's logs it does; so what only
one program writes stands above what any might. To add a rule is to add an entry here: its example
is tested, and so is that no rule above it takes the example.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from functions.findings.logs import programs
from functions.findings.logs.entries import LogLine
from functions.findings.logs.forms import DBT, FUSION, GIT, PYTHON, VAGUE, fits
from functions.findings.logs.tracebacks import ended_in, raised
from functions.run.display import counted

MAX_BLOCK_LINES = 24
MAX_RUN_LINES = 6
# Of a console that is no terminal, as Rich and Click take it to be.
_CONSOLE_COLUMNS = 80

Lines = Sequence[LogLine]
# The lines that a rule finds, as they are shown; none where it does not apply.
Find = Callable[[Lines], list[str]]


class Rule(Struct, frozen=True):
    """`told` is the line that the example comes to.

    A `weak` rule may take what is no reason. `of_a_node` is one whose reason is a node's alone,
    `of_ending` one that says how the command was ended, whatever was running.
    """

    name: str
    find: Find
    example: str
    told: str
    source: str
    weak: bool = False
    of_a_node: bool = False
    of_ending: bool = False


def _entry(lines: Lines, at: int) -> Iterator[str]:
    """To the end of the entry, or of the paragraph where lines have no prefix."""
    yield lines[at].shown
    for line in lines[at + 1 :]:
        if line.fresh or (not lines[at].fresh and not line.text.strip()):
            return
        yield line.shown


def _section(lines: Lines, at: int) -> Iterator[str]:
    """To the next entry of dbt's that is blank."""
    for line in lines[at:]:
        if line.fresh and not line.text.strip():
            return
        yield line.shown


def _rest(lines: Lines, at: int) -> Iterator[str]:
    for line in lines[at:]:
        yield line.shown


def _unwrapped(lines: Lines, at: int) -> Iterator[str]:
    """A paragraph that was wrapped where the next word did not fit, as one line."""
    text = lines[at].shown.rstrip()
    width = len(text)
    for line in lines[at + 1 :]:
        word = line.shown.split(" ", 1)[0]
        if not word or line.fresh or width + 1 + len(word) <= _CONSOLE_COLUMNS:
            break
        width = len(line.shown.rstrip())
        text += f" {line.shown.strip()}"
    yield text


def _line(lines: Lines, at: int) -> Iterator[str]:
    yield lines[at].shown


Extent = Callable[[Lines, int], Iterator[str]]


def _matching(
    pattern: str,
    extent: Extent = _entry,
    *,
    last: bool = True,
) -> Find:
    """The last line that is so, or the first, and what belongs to it."""
    search = re.compile(pattern).search
    return _where(lambda line: search(line.text), extent, last=last)


def _where(of_line: Callable[[LogLine], object], extent: Extent, *, last: bool = True) -> Find:
    def find(lines: Lines) -> list[str]:
        at = _choose(lines, of_line, last=last)
        return [] if at is None else list(islice(extent(lines, at), MAX_BLOCK_LINES))

    return find


def _choose(lines: Lines, found: Callable[[LogLine], object], *, last: bool) -> int | None:
    """Where such a line is; one that is vague only where all are."""
    vague = None
    for at in range(len(lines) - 1, -1, -1) if last else range(len(lines)):
        if found(lines[at]):
            if not fits(VAGUE, lines[at].text.strip()):
                return at
            vague = at if vague is None else vague
    return vague


def _run(of_lines: Callable[[LogLine], object]) -> Find:
    """The last line that is so, with those right before it that are too, and what follows."""

    def find(lines: Lines) -> list[str]:
        last = _choose(lines, of_lines, last=True)
        if last is None:
            return []
        first = last
        while first and last - first < MAX_RUN_LINES and of_lines(lines[first - 1]):
            first -= 1
        return [line.shown for line in lines[first : first + MAX_BLOCK_LINES] if line.text.strip()]

    return find


def _exception(lines: Lines) -> list[str]:
    return ended_in(raised(lines))[:MAX_BLOCK_LINES]


def _pre_commit(lines: Lines) -> list[str]:
    """Which hooks failed, and what the first of them says by the other rules."""
    failed, said = programs.failed_hooks(lines)
    if not failed:
        return []
    found = (rule.find(said) for rule in RULES)
    return [
        f"{counted(len(failed), 'hook')} failed: {', '.join(failed)}:",
        *next(filter(None, found), [line.shown for line in said]),
    ][:MAX_BLOCK_LINES]


_BEGINS_AS_ERROR = re.compile(
    r"^\s*(?:fatal|error|failure|failed|panic|encountered an error)\b"
    r"|^\s*(?!raise )(?:\w+ )?[\w.]*(?:Error|Exception)\b",
    re.IGNORECASE,
)
_NAMES_AN_ERROR = (
    # An entry of a list is a part of something, unless it is marked.
    r"(?i)^(?!\s*[-*•] (?!.*[✗✘❌✖])).*\b(?:errors?|exception|failed|failure|fails|denied|refused"
    r"|forbidden|unauthorized|timed out|timeout|could not|cannot|can't|unable to|not found"
    r"|does not exist|invalid|missing|no such|no module|not authorized|exceeded|unreachable|aborted"
    r"|killed|no space left|reset by peer|expired|unrecognized|violates)\b"
)
# What counts that there were none.
_NONE = re.compile(
    r"\b(?:0|no|without)(?: \w+)? (?:errors?|failures?|failed|exceptions?)\b"
    r"|\b(?:errors?|failures?|failed|exceptions?|invalid|missing)\b\W{1,3}(?:0\b(?!\.)|none\b|null\b)",
    re.IGNORECASE,
)


def _speaking(pattern: str | re.Pattern[str]) -> Callable[[LogLine], object]:
    """Of lines that have a form otherwise than by counting none."""
    search = re.compile(pattern).search
    return lambda line: search(line.text) and search(_NONE.sub("", line.text))


RULES = (
    Rule(
        "dbt Fusion",
        _matching(
            r"^(?:\[error\] )?\[\w+ \(dbt\d{4}\)\]: |^(?:\[error\] |error: )\[?dbt\d{4}\]?: ",
            last=False,
        ),
        "\n==== Errors and Warnings ====\n[warning] [Unused (dbt1059)]: Unused key 'x'\n"
        "[error] [DependencyNotFound (dbt1048)]: Ref 'nope' not found in project.\n"
        "  --> models/broken_ref.sql:1:15\n",
        "[DependencyNotFound (dbt1048)]: Ref 'nope' not found in project."
        " --> models/broken_ref.sql:1:15",
        FUSION,
    ),
    Rule(
        "dbt Fusion, a node",
        _matching(r"^ *Failed \[ *[\d.]+s\] ", _line, last=False),
        "    Passed [  0.03s] test  not_null_orders_id\n"
        "    Failed [  0.03s] test  unique_orders_id (models/schema.yml:6:22)\n",
        "Failed [ 0.03s] test unique_orders_id (models/schema.yml:6:22)",
        FUSION,
        of_a_node=True,
    ),
    Rule(
        "dbt",
        _matching(r"^Encountered an error\b"),
        "02:00:01  Running with dbt=1.10.23\n02:00:02  Encountered an error:\nRuntime Error\n"
        "  Could not find profile named 'shop'\n02:00:02  [WARNING][DeprecationsSummary]: …",
        "Could not find profile named 'shop'",
        DBT,
    ),
    Rule(
        "dbt, interrupted",
        _matching(r"^Exited because of keyboard interrupt", _line),
        "02:00:01  CANCEL query model.shop.slow ........ [CANCEL]\n"
        "02:00:01  Exited because of keyboard interrupt\n02:00:01  Encountered an error:\n\n",
        "Exited because of keyboard interrupt",
        DBT,
        of_ending=True,
    ),
    Rule(
        "dbt debug",
        _matching(r"^\d+ checks? failed:", _rest),
        "02:00:01    Connection test: [ERROR]\n\n02:00:01  1 check failed:\n"
        "02:00:01  dbt was unable to connect to the specified database.\n"
        "The database returned the following error:\n\n  >Database Error\n"
        '  connection to server at "127.0.0.1", port 5432 failed: Connection refused\n',
        'connection to server at "127.0.0.1", port 5432 failed: Connection refused',
        DBT,
    ),
    Rule(
        "dbt, a thread",
        _matching(r"^Unhandled error while executing", last=False),
        "02:00:01  Unhandled error while executing \nException on worker thread. Runtime Error\n"
        '  Parser Error: syntax error at or near ","\n'
        "02:00:01  Batch 1 of 3 ERROR creating batch 2024-01-01 of main.mb ... [ERROR in 0.33s]",
        'Parser Error: syntax error at or near ","',
        DBT,
    ),
    Rule(
        "dbt, a node",
        _matching(
            r"^Failure in [\w ]{1,40} \S+ \(.*\)$|^\s*[A-Z]\w+ Error in [\w ]{1,40} \S+ \(.*\)$",
            _section,
            last=False,
        ),
        "02:00:01  Failure in model orders (models/orders.sql)\n"
        "02:00:01    Runtime Error in model orders (models/orders.sql)\n"
        "  Catalog Error: Table with name raw does not exist!\n02:00:01  \n02:00:01  Done.",
        "Catalog Error: Table with name raw does not exist!",
        DBT,
        of_a_node=True,
    ),
    Rule(
        "Python",
        _exception,
        'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    raise X\n'
        "KeyError: 'a'\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\n    close()\n'
        "OSError: handle is closed\nException ignored in: <function Pool.__del__ at 0x7f>\n"
        'Traceback (most recent call last):\n  File "a.py", line 9, in __del__\n'
        "RuntimeError: Event loop is closed\n",
        "OSError: handle is closed while handling KeyError: 'a'",
        PYTHON,
    ),
    Rule(
        "Java",
        programs.java,
        'Exception in thread "main" java.lang.RuntimeException: could not load orders\n'
        "\tat Load.main(Load.java:12)\n"
        "Caused by: java.lang.IllegalStateException: no connection\n\tat Load.open(Load.java:5)\n"
        "Caused by: java.net.ConnectException: Connection refused\n\t... 3 more\n",
        'Exception in thread "main" java.lang.RuntimeException: could not load orders'
        " Caused by: java.net.ConnectException: Connection refused",
        "written by OpenJDK 17",
    ),
    Rule(
        "Rust, a panic",
        _matching(r"\bpanicked at ", last=False),
        "   Loading profiles.yml\n"
        "panic: panicked at crates/dbt-tasks/src/runnable/test.rs:203:25:\n"
        "Failed to receive task result for test.shop.columns.1f33385ec9\n"
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
        "panic: panicked at crates/dbt-tasks/src/runnable/test.rs:203:25:"
        " Failed to receive task result for test.shop.columns.1f33385ec9",
        "https://github.com/dbt-labs/ade-bench/issues/70",
    ),
    Rule(
        "out of memory",
        _matching(
            r"^Killed\b|^Terminated$"
            r"|: line \d+: +\d+ (?:Killed|Segmentation fault|Aborted|Terminated)\b"
            r"|\bOutOfMemoryError\b|JavaScript heap out of memory|Cannot allocate memory",
            _line,
        ),
        "run.sh: line 3:   812 Killed                  dbt run\n",
        "run.sh: line 3: 812 Killed dbt run",
        "written by bash 5.2",
        of_ending=True,
    ),
    Rule(
        "git, a merge",
        _matching(r"^CONFLICT \(", last=False),
        "Auto-merging models/orders.sql\n"
        "CONFLICT (content): Merge conflict in models/orders.sql\n"
        "Automatic merge failed; fix conflicts and then commit the result.\n",
        "CONFLICT (content): Merge conflict in models/orders.sql",
        GIT,
    ),
    Rule(
        "git over ssh",
        _matching(
            r"Permission denied \((?:publickey|password|keyboard)|^Host key verification failed"
            r"|^ssh: |^kex_exchange_identification: |^Load key \"",
            _line,
        ),
        "git@github.com: Permission denied (publickey).\n"
        "fatal: Could not read from remote repository.\n",
        "git@github.com: Permission denied (publickey).",
        "https://docs.github.com/en/authentication/troubleshooting-ssh/error-permission-denied-publickey",
    ),
    Rule(
        "git, large files",
        _matching(r"Smudge error: |^batch response: ", _line, last=False),
        "Downloading seeds/big.csv (120 MB)\n"
        "Error downloading object: seeds/big.csv (abc1234): Smudge error: Error downloading"
        " seeds/big.csv (abc1234): batch response: This repository exceeded its LFS budget.\n"
        "error: external filter 'git-lfs filter-process' failed\n"
        "fatal: seeds/big.csv: smudge filter lfs failed\n",
        "Error downloading object: seeds/big.csv (abc1234): Smudge error: Error downloading"
        " seeds/big.csv (abc1234): batch response: This repository exceeded its LFS budget.",
        "https://github.com/git-lfs/git-lfs/issues",
    ),
    Rule(
        "git, a push",
        _matching(
            r"^remote: (?:error|GitLab|ERROR): |^ ! \[(?:remote )?rejected\]", _line, last=False
        ),
        "remote: error: GH006: Protected branch update failed for refs/heads/main.\n"
        "To https://github.com/acme/shop.git\n"
        " ! [remote rejected] main -> main (protected branch hook declined)\n"
        "error: failed to push some refs to 'https://github.com/acme/shop.git'\n",
        "remote: error: GH006: Protected branch update failed for refs/heads/main.",
        GIT,
    ),
    Rule(
        "git, the connection",
        _matching(r"^error: RPC failed", _line, last=False),
        "error: RPC failed; curl 56 GnuTLS recv error (-9): Error decoding the packet.\n"
        "fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF\n",
        "error: RPC failed; curl 56 GnuTLS recv error (-9): Error decoding the packet.",
        GIT,
    ),
    Rule(
        "pre-commit",
        _pre_commit,
        "check yaml...............................................................Passed\n"
        "check json...............................................................Failed\n"
        "- hook id: check-json\n- exit code: 1\n\n"
        "exports/a.json: Failed to json decode (Expecting value: line 1 column 7)\n",
        "1 hook failed: check json:"
        " exports/a.json: Failed to json decode (Expecting value: line 1 column 7)",
        "written by pre-commit 4",
    ),
    Rule(
        "pytest",
        programs.pytest,
        "E   ModuleNotFoundError: No module named 'loader'\n"
        "=========================== short test summary info ============================\n"
        "ERROR tests/test_load.py\n"
        "!!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!\n",
        "tests/test_load.py - ModuleNotFoundError: No module named 'loader'",
        "written by pytest 8",
    ),
    Rule(
        "Terraform",
        programs.terraform,
        "╷\n│ Error: Reference to undeclared input variable\n│ \n"
        '│   on main.tf line 1, in output "x":\n│    1: output "x" { value = var.nope }\n│ \n'
        '│ An input variable with the name "nope" has not been declared. This variable\n'
        '│ can be declared with a variable "nope" {} block.\n╵\n',
        'Error: Reference to undeclared input variable: An input variable with the name "nope" has'
        ' not been declared. This variable can be declared with a variable "nope" {} block.',
        "written by Terraform 1.9",
    ),
    Rule(
        "an error in a box",
        programs.box,
        "Usage: load.py [OPTIONS]\n"
        "╭─ Error ──────────────────────────────────────────────────────────────────────╮\n"
        "│ Invalid value for '--day': 'x' does not match the formats '%Y-%m-%d',        │\n"
        "│ '%Y-%m-%dT%H:%M:%S'.                                                         │\n"
        "╰──────────────────────────────────────────────────────────────────────────────╯\n",
        "Invalid value for '--day': 'x' does not match the formats '%Y-%m-%d',"
        " '%Y-%m-%dT%H:%M:%S'.",
        "written by Typer 0.15",
    ),
    Rule(
        "causes in a tree",
        programs.tree,
        "  \N{MULTIPLICATION SIGN} No solution found when resolving dependencies:\n"
        "  ╰─▶ Because dbt-core==1.11.16 depends on dbt-common>=1.37.3 and your project\n"
        "      depends on dbt-common<1, your project's requirements are unsatisfiable.\n\n",
        "No solution found when resolving dependencies: Because dbt-core==1.11.16 depends on"
        " dbt-common>=1.37.3 and your project depends on dbt-common<1, your project's requirements"
        " are unsatisfiable.",
        "written by uv 0.9",
    ),
    Rule(
        "git and others",
        _run(lambda line: line.text.startswith(("fatal: ", "error: "))),
        "Cloning into 'shop'...\nremote: Repository not found.\n"
        "fatal: repository 'https://github.com/acme/shop.git/' not found\n",
        "fatal: repository 'https://github.com/acme/shop.git/' not found",
        GIT,
    ),
    Rule(
        "sqlfluff",
        programs.sqlfluff,
        "== [models/orders.sql] FAIL\n"
        "L:   1 | P:   7 | LT01 | Expected only single space before\n"
        "                       | naked identifier. [layout.spacing]\n"
        "All Finished!\n",
        "1 violation: models/orders.sql:1:7 LT01 Expected only single space before"
        " naked identifier. [layout.spacing]",
        "written by sqlfluff 4.5.0",
    ),
    Rule(
        "Soda",
        programs.soda,
        "[02:00:04] 1/2 checks FAILED: \n[02:00:04]     orders in prod\n"
        "[02:00:04]       row_count > 0 [checks.yml] [FAILED]\n"
        "[02:00:04] Oops! 1 failures. 0 warnings. 0 errors. 1 pass.\n",
        "1/2 checks FAILED: row_count > 0 [checks.yml] [FAILED]",
        "https://docs.soda.io/soda-v3",
    ),
    Rule(
        "BigQuery's command line",
        _matching(r"^BigQuery error in ", _unwrapped),
        "Waiting on bqjob_r1_2 ... (0s) Current status: DONE\n"
        "BigQuery error in query operation: Error processing job 'acme:bqjob_r1_2': Not\n"
        "found: Dataset acme:mart was not found\n",
        "BigQuery error in query operation: Error processing job 'acme:bqjob_r1_2': Not"
        " found: Dataset acme:mart was not found",
        "https://cloud.google.com/bigquery/docs/reference/bq-cli-reference",
    ),
    Rule(
        "Lightdash",
        _matching(r"^- ERROR> ", _line, last=False),
        "- SUCCESS> orders\n- ERROR> customers : No dimensions available\n"
        "Compiled 2 explores, SUCCESS=1 ERRORS=1\nFailed to compile project. Found 1 error\n",
        "- ERROR> customers : No dimensions available",
        "https://github.com/lightdash/lightdash/pull/15757",
    ),
    Rule(
        "a mark",
        _matching(r"^\s*[✗✘❌✖] ", _unwrapped),
        "Tableau — Refresh Workbooks\n"
        "✗  Tableau refresh failed: Could not find workbook with name or UUID 'Sales'. \n"
        "Please check that the workbook exists.\n\nbye\n",
        "✗ Tableau refresh failed: Could not find workbook with name or UUID 'Sales'."
        " Please check that the workbook exists.",
        "written by paradime-io 6.9.0",
    ),
    Rule(
        "a level",
        _run(lambda line: line.level == "error" and line.fresh),
        "2024-05-01 02:00:09,001 ERROR main could not load orders: permission denied\n"
        "2024-05-01 02:00:09,002 INFO main bye\n",
        "main could not load orders: permission denied",
        "https://docs.python.org/3/library/logging.html",
    ),
    Rule(
        "a shell",
        _matching(
            r": (?:(?:command )?not found|No such file or directory|Permission denied"
            r"|unbound variable|parameter not set|bad interpreter.*|Is a directory"
            r"|syntax error.*)$",
            _line,
        ),
        "push.sh: line 3: BUCKET: unbound variable\n",
        "push.sh: line 3: BUCKET: unbound variable",
        "written by bash 5.2",
    ),
    Rule(
        "npm",
        programs.npm,
        "npm error code EUSAGE\nnpm error\n"
        "npm error The `npm ci` command can only install with an existing package-lock.json or\n"
        "npm error npm-shrinkwrap.json with lockfileVersion >= 1.\nnpm error\n"
        "npm error Usage:\nnpm error npm ci\nnpm error Scripts that were not found are ignored.\n",
        "The `npm ci` command can only install with an existing package-lock.json or"
        " npm-shrinkwrap.json with lockfileVersion >= 1.",
        "written by npm 10",
    ),
    Rule(
        "an error",
        _run(_speaking(_BEGINS_AS_ERROR)),
        "Usage: dbt run [OPTIONS]\nTry 'dbt run --help' for help.\n\n"
        "Error: No such option '--slect'.\n",
        "Error: No such option '--slect'.",
        DBT,
    ),
    Rule(
        "a word",
        _where(_speaking(_NAMES_AN_ERROR), _line),
        "uploading orders\nupload of orders failed with HTTP 403\nbye\n",
        "upload of orders failed with HTTP 403",
        "many tools",
        weak=True,
    ),
)
