"""The forms of lines that do not tell, or not alone, what is wrong: one table of each.

A message of a database comes wrapped in headings, one of each layer that passed it on, and is
followed by what explains it. To add a form is to add a line here; its example is tested.
"""

import re
from functools import cache
from typing import NamedTuple


class Form(NamedTuple):
    """A form of whole lines, an example of it, and where it is written."""

    pattern: str
    example: str
    source: str


DBT = "written by dbt 1.10.23"
FUSION = "written by dbt Fusion 2.0.0-preview.196"
SNOWFLAKE = "https://docs.snowflake.com/en/developer-guide/sql-api/handling-responses"
DATABRICKS = "https://github.com/databricks/dbt-databricks/issues"
PYTHON = "written by Python 3.11"
GIT = "written by git 2.39"
REDSHIFT = "https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation-serializable-isolation-troubleshooting.html"

# What stands over the point, and says no more than that something is wrong.
HEADINGS = (
    Form(
        r"Encountered an error(?: while [\w ]{1,60})?:?"
        r"(?: [A-Z]\w+ Error(?: in [\w ]{1,40} \S+ \(.*\))?)?:?",
        "Encountered an error while running operation: Runtime Error",
        DBT,
    ),
    Form(
        r">?(?:[A-Z]\w+ ){1,3}Error(?: in [\w ]{1,40} \S+ \(.*\))?:?",
        "Database Error in model orders (models/orders.sql)",
        DBT,
    ),
    Form(
        r"\[\w+ \(dbt\d{4}\)\]: (?:[A-Z]\w+ ){1,3}Error(?: in [\w ]{1,40} \S+ \(.*\))?:?",
        "[DbDriverFailed (dbt1308)]: Database Error in model orders (target/run/orders.sql)",
        FUSION,
    ),
    Form(r"Failure in [\w ]{1,40} \S+ \(.*\)", "Failure in model orders (models/orders.sql)", DBT),
    Form(r"\S{1,200} failed, error:", "shop.on-run-end.0 failed, error:", DBT),
    Form(r"Unhandled error while executing.*", "Unhandled error while executing", DBT),
    Form(
        r"Exception on worker thread\.(?: [A-Z]\w+ Error)?",
        "Exception on worker thread. Runtime Error",
        DBT,
    ),
    Form(r"\d+ checks? failed:", "1 check failed:", DBT),
    Form(
        r"dbt was unable to connect to the specified database\.",
        "dbt was unable to connect to the specified database.",
        DBT,
    ),
    Form(
        r"The database returned the following error:",
        "The database returned the following error:",
        DBT,
    ),
    Form(
        r"(?:\w+ loading failed|Could not load \S+) for the following reason:",
        "Profile loading failed for the following reason:",
        DBT,
    ),
    Form(r"Python model failed(?: with traceback as)?:", "Python model failed:", "dbt-duckdb 1.10"),
    Form(
        r"\(Note that the line number here does not match .*\)",
        "(Note that the line number here does not match the line number in your code due to dbt"
        " templating)",
        "https://github.com/databricks/dbt-databricks/blob/main/dbt/adapters/databricks",
    ),
    Form(
        r"(?:Uncaught exception of type '\w+' (?:in file \S+ )?on line \d+ at position \d+ ?: ?)?"
        r"(?:\d{6} \(\w{5}\): )?(?:[0-9a-f-]{36}: )?SQL (?:compilation|execution) error:",
        "002003 (42S02): SQL compilation error:",
        SNOWFLAKE,
    ),
    Form(
        r"\d{6} \(\w{5}\): (?:[0-9a-f-]{36}: )?Python Interpreter Error:",
        "100357 (P0000): Python Interpreter Error:",
        "https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-troubleshooting",
    ),
    Form(
        r"(?:Query execution failed\.|Server operation error:|Error running query:)",
        "Query execution failed.",
        DATABRICKS,
    ),
    Form(r"(?:An )?(?i:errors?|fail(?:ed|ure)s?|exception|reason) ?[:!.]*", "Error:", "many tools"),
    Form(r"Raw Error:", "Raw Error:", DBT),
)

# What says that something went wrong and not what: the lines below it, or the cause among them, do.
VAGUE = (
    Form(r".*(?<!:):", "Error parsing the file models/schema.yml:", "many tools"),
    Form(
        r".*\berror line \d+ at position \d+",
        "000940 (22023): SQL compilation error: error line 46 at position 12",
        SNOWFLAKE,
    ),
    Form(
        r"Error checking out spec=.*",
        "Error checking out spec='1.0.0' for repo https://example.com/acme/macros.git",
        DBT,
    ),
    Form(r"Error reading .* - \w+ Error", "Error reading shop: schema.yml - Runtime Error", DBT),
    Form(
        r".*: [A-Z]\w+ Error",
        'Credentials in profile "shop", target "prod" invalid: Runtime Error',
        DBT,
    ),
    Form(
        r".*\bCSV Error on Line: \d+|Original Line: .*",
        "Conversion Error: CSV Error on Line: 4",
        "written by DuckDB 2.0",
    ),
    Form(r"Syntax error near line \d+", "Syntax error near line 3", DBT),
    Form(
        r"(?:.*: )?This model has an enforced contract that failed\.",
        "This model has an enforced contract that failed.",
        DBT,
    ),
    Form(
        r".*\b(?:returned non-zero exit status -?\d+"
        r"|[Ee]xit(?:ed)?(?: with)? (?:return )?(?:code|status):? -?\d+\)?"
        r"|died with <Signals\.\w+: \d+>)\.?",
        "subprocess.CalledProcessError: Command '['dbt', 'run']' returned non-zero exit status 1.",
        PYTHON,
    ),
    Form(
        r"(?:[\w.]+\.)?(?:SystemExit|Abort|Exit|KeyboardInterrupt|CancelledError)\b(?:: ?\d*)?",
        "SystemExit: 1",
        PYTHON,
    ),
    Form(
        r"(?:[\w.]+: )?(?:Base)?ExceptionGroup: .* \(\d+ sub-exceptions?\)",
        "ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)",
        PYTHON,
    ),
    Form(
        r"(?:py4j\.protocol\.)?Py4JJavaError: An error occurred while calling \S+",
        "py4j.protocol.Py4JJavaError: An error occurred while calling o45.save.",
        "https://github.com/py4j/py4j/blob/master/py4j-python/src/py4j/protocol.py",
    ),
    Form(
        r"(?:[A-Z]+:? +|[✗✘❌✖] +)?(?:\[\S{1,100}\] )?(?:(?i:\S+ )?(?i:job|task|build|script|step"
        r"|command|process|pipeline|sync|sequence|block|extractor|loader|run|workflow|refresh)"
        r"(?i: execution)? (?i:failed|aborted|exiting|errored)(?i: with exception)?"
        r"|Aborted|Exiting|Giving up)[.! ]*",
        "ERROR: Job failed",
        "many tools",
    ),
    Form(r"error: subprocess-exited-with-error", "error: subprocess-exited-with-error", "pip 24"),
    Form(
        r"(?:ERROR: )?(?:Failed building wheel for \S+|Could not build wheels for .*"
        r"|Failed to build .* when .*|Ignored the following (?:yanked )?versions?.*)",
        "ERROR: Could not build wheels for psycopg2, which is required to install the project",
        "pip 24",
    ),
    Form(
        r"(?:[\w.]+: )?Failed to run dbt command\.",
        "elementary.exceptions.exceptions.DbtCommandError: Failed to run dbt command.",
        "written by elementary 0.26.1",
    ),
    Form(
        r"fatal: (?:Could not read from remote repository\.|the remote end hung up unexpectedly"
        r"|early EOF|fetch-pack: invalid index-pack output|\S+: smudge filter lfs failed)"
        r"|error: (?:failed to push some refs to '.*'|external filter '.*' failed)",
        "fatal: Could not read from remote repository.",
        GIT,
    ),
    Form(r"make: \*\*\* \[.*", "make: *** [Makefile:3: run] Error 1", "written by GNU make 4.3"),
    Form(r"== \[.*\] FAIL", "== [models/orders.sql] FAIL", "written by sqlfluff 4.5.0"),
    Form(
        r"(?:(?:\[WARNING\])?\[\w+\]: )?Deprecated functionality",
        "[WARNING][PropertyMovedToConfigDeprecation]: Deprecated functionality",
        "written by dbt 1.11.16",
    ),
    Form(
        r"This version of dbt is not supported with the '.*' package\.",
        "This version of dbt is not supported with the 'shop' package.",
        DBT,
    ),
    Form(
        r"Installed version of dbt: .*",
        "Installed version of dbt: =1.10.23",
        DBT,
    ),
    Form(
        r"Could not find a matching (?:compatible )?version for package \S+",
        "Could not find a matching compatible version for package dbt-labs/dbt_utils",
        "https://github.com/dbt-labs/dbt-core/issues/3763",
    ),
    Form(
        r":?HTTPDriver for \S+ (?:returned response|received ClickHouse error) code \d+\)?",
        "HTTPDriver for http://localhost:8123 received ClickHouse error code 60",
        "https://github.com/ClickHouse/clickhouse-connect",
    ),
    Form(
        r".*\bThe request to the Slack API failed\. .*",
        "Failed to send alerts: The request to the Slack API failed. (url: https://slack.com/api/x)",
        "https://github.com/slackapi/python-slack-sdk/blob/main/slack_sdk/errors/__init__.py",
    ),
    Form(
        r"Unable to generate access token, if you're using impersonate_service_account, .*",
        "Unable to generate access token, if you're using impersonate_service_account, make sure"
        " your initial account has the role on the account you are trying to impersonate.",
        "https://github.com/dbt-labs/dbt-adapters/tree/main/dbt-bigquery",
    ),
    Form(r"\d{3,6}", "1023", REDSHIFT),
    Form(
        r"(?:.*: )?\d+ validation errors? for \S+",
        "pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings",
        "https://docs.pydantic.dev/latest/errors/errors/",
    ),
    Form(
        r"[a-z]\w{2,60}(?:\.\w{1,60})*",
        "bucket_name",
        "https://docs.pydantic.dev/latest/errors/errors/",
    ),
    Form(r"@@.*", "@@,id,n", "written by dbt 1.10.23, of a unit test"),
    Form(r"PARTIAL SUCCESS \(\d+/\d+\)", "PARTIAL SUCCESS (2/3)", DBT),
    Form(
        r"(?:[✗✘❌✖]\s+)?\d+ [\w()]+(?: [\w()]+){0,2} failed\.?",
        "1 sync(s) failed.",
        "written by paradime-io 6.9.0",
    ),
)

# The line below a vague one that is preferred to the next: what a program that it called said.
CAUSES = (
    Form(
        r"(?:fatal|error|ERROR|FATAL|remote):? .*",
        "fatal: unable to access 'https://example.com/': The requested URL returned error: 403",
        GIT,
    ),
    Form(
        r"Caused by: .*",
        "Caused by: java.net.ConnectException: Connection refused",
        "written by OpenJDK 17",
    ),
    Form(
        r"(?:\w+\.)*\w*(?:Error|Exception): .*",
        "ModuleNotFoundError: No module named 'pandas'",
        PYTHON,
    ),
)

# What stands below or between, and never tells.
REMARKS = (
    Form(r"> (?:in|called by) \w+ .*", "> in macro statement (macros/etc/statement.sql)", DBT),
    Form(r"compiled (?:code|SQL|Code) at .*", "compiled code at target/run/a.sql", DBT),
    Form(r"LINE \d+:.*", "LINE 13: select amount_usd from orders", "written by DuckDB 1.4"),
    Form(r"[\^~ ]+", "^^^^^", "written by DuckDB 1.4"),
    Form(r"[-=_*~.+|─━═╭╮╰╯┌┐└┘├┤│┃ ]+", "------------------------------", "many tools"),
    Form(r"\d+ +\|.*", "3  |   - name: orders", DBT),
    Form(
        r"while (?:scanning|parsing) (?:a|an|the|for) [\w ]{1,60}"
        r"|in \"[^\"]*\", line \d+, column \d+:?",
        "while parsing a block collection",
        "https://github.com/yaml/pyyaml/blob/main/lib/yaml/error.py",
    ),
    Form(
        r"DETAIL:",
        "DETAIL:",
        "https://docs.aws.amazon.com/redshift/latest/dg/c-spectrum-troubleshooting.html",
    ),
    Form(
        r"Please make sure you have the correct access rights|and the repository exists\.",
        "and the repository exists.",
        GIT,
    ),
    Form(
        r"Please ensure the name, data_type, and number of columns .*",
        "Please ensure the name, data_type, and number of columns in your contract match the"
        " columns in your model's definition.",
        DBT,
    ),
    Form(
        r"column_name +\| definition_type .*",
        "column_name | definition_type | contract_type | mismatch_reason",
        DBT,
    ),
    Form(
        r"at [\w.$<>/@]+\(.*\)",
        "at java.base/java.net.Socket.connect(Socket.java:751)",
        "written by OpenJDK 17",
    ),
    Form(r"\.\.\. \d+ (?:more|common frames omitted)", "... 12 more", "written by OpenJDK 17"),
    Form(
        r"\(Background on this error at: .*\)",
        "(Background on this error at: https://sqlalche.me/e/20/f405)",
        "https://docs.sqlalchemy.org/en/20/errors.html",
    ),
    Form(r"\[SQL: .*", "[SQL: select 1]", "https://docs.sqlalchemy.org/en/20/errors.html"),
    Form(r"Usage: .*", "Usage: dbt run [OPTIONS]", DBT),
    Form(r"Try '.*' for help\.", "Try 'dbt run --help' for help.", DBT),
    Form(r"(?:Cloning into|Submodule path) '.*", "Cloning into 'macros'...", GIT),
    Form(
        r"Check your database credentials and try again\..*",
        "Check your database credentials and try again. For more information, visit:",
        DBT,
    ),
)

# What Python prints over the traceback of an exception that ended nothing: in its own end, or when
# a log could not be written.
IGNORED = (
    Form(
        r"Exception ignored (?:in|on|while).*",
        "Exception ignored in: <function Pool.__del__ at 0x7f>",
        "https://docs.python.org/3/library/sys.html#sys.unraisablehook",
    ),
    Form(r"Error in atexit\._run_exitfuncs:", "Error in atexit._run_exitfuncs:", PYTHON),
    Form(r"Error in sys\.excepthook:", "Error in sys.excepthook:", PYTHON),
    Form(
        r"--- Logging error ---",
        "--- Logging error ---",
        "https://docs.python.org/3/library/logging.html#logging.Handler.handleError",
    ),
    Form(
        r"(?:Future|Task) exception was never retrieved",
        "Task exception was never retrieved",
        "https://docs.python.org/3/library/asyncio-dev.html",
    ),
)

# Lines that a log has whether or not something failed, or because something had failed before.
NOISE = (
    Form(
        r".*\bbackoff:.*|.*\b(?:app|us\.i)\.posthog\.com\b.*",
        "ERROR:backoff:Giving up send_request(...) after 4 tries (no route)",
        "written by elementary 0.26.1, of its own usage statistics",
    ),
    *IGNORED,
    Form(
        r".*\bresource_tracker: There appear to be \d+ leaked .*",
        "UserWarning: resource_tracker: There appear to be 2 leaked semaphore objects to clean up",
        PYTHON,
    ),
    Form(
        r".*\bwarnings\.warn\(.*",
        "  warnings.warn('resource_tracker: There appear to be %d '",
        PYTHON,
    ),
    Form(
        r".*\bgrpc_wait_for_shutdown_with_timeout\(\) timed out.*"
        r"|WARNING: All log messages before absl::InitializeLog\(\) .*",
        "E0000 00:00:1714528801.1 1 init.cc:229] grpc_wait_for_shutdown_with_timeout() timed out.",
        "https://github.com/grpc/grpc/issues/38490",
    ),
    Form(
        r"(?:sys:\d+|.*\.py:\d+): \w*Warning\b.*",
        "/usr/lib/python3/dist-packages/a.py:3: DeprecationWarning: b is deprecated",
        PYTHON,
    ),
    Form(
        r".*ocsp_snowflake.*|.*fail-open to connect.*",
        "ERROR:snowflake.connector.ocsp_snowflake:WARNING!!! Using fail-open to connect.",
        "https://community.snowflake.com/s/article/OCSP-Configuration",
    ),
    Form(
        r"(?:Unclosed (?:client session|connector)|client_session: <aiohttp.*|connections: \[.*)",
        "Unclosed client session",
        "https://docs.aiohttp.org/en/stable/faq.html",
    ),
    Form(
        r"(?:swig/python detected a memory leak|Task was destroyed but it is pending).*",
        "Task was destroyed but it is pending!",
        PYTHON,
    ),
    Form(
        r"(?:\[notice\]|WARNING: (?:You are using pip|Running pip as)).*",
        "[notice] A new release of pip is available: 24.0 -> 25.0",
        "pip 24",
    ),
    Form(
        r"Warning: Permanently added .* to the list of known hosts\.",
        "Warning: Permanently added 'github.com' (RSA) to the list of known hosts.",
        "https://github.com/openssh/openssh-portable/blob/master/sshconnect.c",
    ),
    Form(
        r"(?:Done\. PASS=|Completed with \d+ errors?|Finished running ).*",
        "Done. PASS=5 WARN=0 ERROR=1 SKIP=0 NO-OP=0 TOTAL=6",
        DBT,
    ),
    Form(
        r"\d+ of \d+ (?:START|OK|PASS|WARN|SKIP|ERROR|FAIL|CANCEL|NO-OP)\b.*",
        "2 of 4 ERROR creating sql table model main.orders .... [ERROR in 0.33s]",
        DBT,
    ),
    Form(
        r"Batch \d+ of \d+ (?:START|OK|SKIP|ERROR)\b.*",
        "Batch 1 of 3 ERROR creating batch 2024-01-01 of main.mb .... [ERROR in 0.33s]",
        DBT,
    ),
)


def fits(forms: tuple[Form, ...], line: str) -> bool:
    """True for a line, without blanks around it, that has one of the forms."""
    return one_pattern(forms).fullmatch(line) is not None


@cache
def one_pattern(forms: tuple[Form, ...]) -> re.Pattern[str]:
    """One search for all of them: a log has thousands of lines."""
    return re.compile("|".join(f"(?:{form.pattern})" for form in forms))
