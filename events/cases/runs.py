"""The runs that `make.py` carries out, and what must be said of each.

Versions are pinned: another version may print other lines, which would be another case.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Tool:
    """`packages` of PyPI; `npm` is the package that brings Fusion's driver for DuckDB."""

    what: str
    packages: tuple[str, ...] = ()
    npm: str = ""


TOOLS = {
    "none": Tool("the shell, git and Python"),
    "dbt-1.10": Tool(
        "dbt 1.10.23", ("dbt-core==1.10.23", "dbt-duckdb==1.10.1", "dbt-postgres==1.11.0")
    ),
    "dbt-1.11": Tool("dbt 1.11.16", ("dbt-core==1.11.16", "dbt-duckdb==1.11.1")),
    "fusion": Tool(
        "dbt Fusion 2.0.0-preview.196",
        ("dbt==2.0.0rc196",),
        "@duckdb/node-bindings-linux-x64@1.5.6-r.1",
    ),
    "sqlfluff": Tool("sqlfluff 4.5.0", ("sqlfluff==4.5.0",)),
    "paradime": Tool("paradime-io 6.9.0", ("paradime-io==6.9.0",)),
    "pre-commit": Tool("pre-commit 4.7.0", ("pre-commit==4.7.0", "sqlfluff==4.5.0")),
    "pytest": Tool("pytest 9.2.0", ("pytest==9.2.0",)),
    "uv": Tool("uv 0.13.9", ("uv==0.13.9",)),
    "rich": Tool("Rich 14.3.4", ("rich==14.3.4",)),
    "elementary": Tool(
        "elementary 0.26.1", ("elementary-data==0.26.1", "dbt-core==1.10.23", "dbt-duckdb==1.10.1")
    ),
}


@dataclass(frozen=True)
class Stop:
    """Sends a signal, so many seconds after a text has been printed."""

    once: str
    signal: str
    after: float = 1.0


@dataclass(frozen=True)
class Step:
    """A command, and what it returns; `before` and `files` are laid out first, unseen.

    Of its artifacts those are kept that it wrote, and with `leftovers` those that were there too.
    """

    command: str
    returns: int = 1
    files: dict[str, str] = field(default_factory=dict)
    before: str = ""
    environ: dict[str, str] = field(default_factory=dict)
    stop: Stop | None = None
    artifacts: bool = True
    leftovers: bool = False


@dataclass(frozen=True)
class Run:
    name: str
    tool: str
    kind: str
    what: str
    steps: tuple[Step, ...]
    expect: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)


SLOW = {"models/slow.sql": "select count(*) as n from range(100000000000) a where a.range % 7 = 3"}
RAISES = {
    "macros/archive.sql": """
{% macro archive(days) %}
  {% if days < 1 %}
    {{ exceptions.raise_compiler_error("days must be at least 1, not " ~ days) }}
  {% endif %}
{% endmacro %}
"""
}
# Whose the models are, by a group and by `meta`, and what people use of them.
OWNED = {
    "models/marts/revenue.sql": "select * from {{ ref('orders') }}",
    "models/marts/churn.sql": "select * from {{ ref('revenue') }}",
    "models/staging/stg_orders.sql": "select amount_usd from {{ ref('raw_orders') }}",
    "models/orders.sql": "select amount_eur from {{ ref('raw_orders') }}",
    "models/owned.yml": """
groups:
  - name: finance
    owner: {name: Finance, email: finance@example.com}
models:
  - name: orders
    config: {group: finance, tags: [nightly, pii]}
  - name: stg_orders
    config: {meta: {owner: "@ingest"}}
exposures:
  - name: revenue_dashboard
    label: Revenue
    type: dashboard
    maturity: high
    url: https://bi.example.com/revenue
    owner: {name: Ann, email: ann@example.com}
    depends_on: [ref('churn')]
  - name: orders_notebook
    type: notebook
    owner: {name: Data science}
    depends_on: [ref('orders')]
  - name: unaffected
    type: dashboard
    owner: {email: nobody@example.com}
    depends_on: [ref('raw_orders')]
""",
}
BRANCHES = (
    "git init -q -b main . && git config user.name shop && git config user.email shop@example.com"
    " && git add models && git commit -qm one && git checkout -qb feature"
    " && echo 'select 1' > models/orders.sql && git commit -qam two && git checkout -q main"
    " && echo 'select 2' > models/orders.sql && git commit -qam three"
)

RAW = """
sources:
  - name: raw
    schema: main
    config:
      loaded_at_field: "cast('2024-04-30' as timestamp)"
      freshness: {warn_after: {count: 1, period: day}, error_after: {count: 2, period: day}}
    tables:
      - name: raw_orders
"""
NOT_THERE = "      - name: raw_payments\n"
ONLY_WARNS = """
      - name: orders
        config:
          loaded_at_field: "current_timestamp - interval '36 hours'"
"""
STORED = """
models:
  - name: orders
    columns:
      - name: customer
        data_tests: [{unique: {config: {store_failures: true}}}]
"""
WARNS = """\
      - name: ordered_at
        data_tests: [{accepted_values: {arguments: {values: [never]}, config: {severity: warn}}}]
"""
COUNTED = """
unit_tests:
  - name: counts_per_customer
    model: customers
    given:
      - input: ref('orders')
        rows: [{customer: ada}, {customer: ada}, {customer: bob}]
    expect:
      rows: [{customer: ada, orders: 1}, {customer: bob, orders: 1}]
"""
HOOK_AT_END = "echo 'on-run-end: insert into audit_log values (1)' >> dbt_project.yml"
HOOK_AT_START = "echo 'on-run-start: insert into audit_log values (1)' >> dbt_project.yml"
BROKEN = {"models/customers.sql": "select custmer from {{ ref('orders') }}"}
MENDED = {"models/customers.sql": "select customer from {{ ref('orders') }}"}
ONE_CAUSE = {
    f"models/mart_{name}.sql": "select * from read_csv('exports/payments.csv')"
    for name in ("daily", "weekly", "monthly", "yearly")
}

# Answers as Airflow 3 does, for a minute.
AIRFLOW = """
import json, os, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

RUN = {"dag_run_id": "manual__1", "state": "failed"}
TASKS = {"task_instances": [{"task_id": "load", "state": "failed", "try_number": 1}]}
LOG = [
    ("info", "DAG bundles loaded: dags-folder"),
    ("info", "reading orders from s3://acme-raw/orders/2024-05-01/"),
    ("error", "Task failed with exception"),
    ("error", "KeyError: 'amount' is not among the columns of orders/2024-05-01/part-0001.parquet"),
    ("info", "Task instance in failure state"),
]


class Airflow(BaseHTTPRequestHandler):
    def do_GET(self):
        said = RUN
        if self.path.endswith("/taskInstances"):
            said = TASKS
        elif "/logs/" in self.path:
            at = [f"2024-05-01T02:00:{second:02}Z" for second in range(len(LOG))]
            said = {
                "content": [
                    {"timestamp": time, "level": level, "event": event}
                    for time, (level, event) in zip(at, LOG)
                ]
            }
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_):
        pass


threading.Timer(60, os._exit, [0]).start()
HTTPServer(("127.0.0.1", 8793), Airflow).serve_forever()
"""

RUNS: tuple[Run, ...] = (
    *(
        Run(
            f"{tool.replace('dbt-1.', 'dbt1')}-owned",
            tool,
            "owners and exposures",
            "models of a group and of an owner in meta fail; exposures need what they take down",
            (Step("dbt build", 1),),
            {
                "count": 2,
                "owners": ["finance@example.com", "@ingest"],
                "exposures": ["Revenue", "orders_notebook"],
                "skipped_models": {"marts": 2},
            },
            OWNED,
        )
        for tool in ("dbt-1.10", "dbt-1.11", "fusion")
    ),
    Run(
        "dbt110-undefined-macro",
        "dbt-1.10",
        "heading",
        "a macro that is not defined, found while parsing",
        (Step("dbt build", 1, artifacts=False),),
        {
            "tells": ["'cents_to_euros' is undefined", "orders"],
            "never": ["^Completed with", "^Failure in"],
        },
        {"models/orders.sql": "select {{ cents_to_euros('amount') }} from {{ ref('raw_orders') }}"},
    ),
    Run(
        "dbt110-jinja-syntax",
        "dbt-1.10",
        "heading",
        "an unknown tag of Jinja",
        (Step("dbt run", 2),),
        {
            "tells": ["unknown tag 'endfr'"],
            "never": ["^Encountered an error:", "^Compilation Error"],
        },
        {"models/orders.sql": "select 1\n{% if true %}\n  , 2\n{% endfr %}"},
    ),
    Run(
        "dbt110-no-profile",
        "dbt-1.10",
        "heading",
        "the profile that the project names is not there",
        (Step("dbt run", 2),),
        {"tells": ["^Could not find profile named 'shop'"]},
        {"profiles.yml": "jaffle:\n  target: prod\n  outputs: {}\n"},
    ),
    Run(
        "dbt110-usage",
        "dbt-1.10",
        "which line",
        "an option that dbt does not have",
        (Step("dbt run --slect orders", 2),),
        {"tells": ["No such option '--slect'"], "never": ["Usage:", "Try "]},
    ),
    Run(
        "dbt110-two-models",
        "dbt-1.10",
        "heading",
        "two models of one name",
        (Step("dbt build", 2),),
        {"tells": ['two models with the name "orders"'], "anywhere": ["models/old/orders.sql"]},
        {"models/old/orders.sql": "select 1"},
    ),
    Run(
        "dbt110-json-model",
        "dbt-1.10",
        "no reason in the result",
        "--log-format json, a model that fails, and no results file",
        (Step("dbt --log-format json build", 1, artifacts=False),),
        {
            "tells": ["customers", 'Referenced column "custmer" not found'],
            "never": ["^\\{", "invocation_id"],
        },
        {"models/customers.sql": "select custmer from {{ ref('orders') }}"},
    ),
    Run(
        "dbt110-debug-log",
        "dbt-1.10",
        "which line",
        "--log-level debug on the console, and no results file",
        (Step("dbt --debug run", 1, before="dbt seed", artifacts=False),),
        {
            "tells": ['Referenced column "custmer" not found'],
            "never": ["Resource report", "Flushing"],
        },
        {"models/customers.sql": "select custmer from {{ ref('orders') }}"},
    ),
    Run(
        "dbt110-python-model",
        "dbt-1.10",
        "heading",
        "a Python model that raises",
        (Step("dbt build"),),
        {
            "first": "model.shop.scores",
            "tells": ["NameError: name 'weights' is not defined"],
            "never": ["Traceback", "^Python model failed"],
            "count": 1,
        },
        {
            "models/scores.py": """
def model(dbt, session):
    orders = dbt.ref("orders").fetchall()
    return session.sql(f"select {weights[0]} as score, {len(orders)} as n")
"""
        },
    ),
    Run(
        "dbt110-killed",
        "dbt-1.10",
        "how it ended",
        "killed while a model runs",
        (
            Step(
                "dbt run",
                137,
                before="dbt seed",
                stop=Stop("START sql table model main.slow", "SIGKILL", 2),
            ),
        ),
        {"tells": ["[Kk]illed", "137", "slow"], "never": ["semaphore"]},
        SLOW,
    ),
    Run(
        "dbt110-interrupted",
        "dbt-1.10",
        "how it ended",
        "terminated while a model runs",
        (
            Step(
                "dbt run",
                143,
                before="dbt seed",
                stop=Stop("START sql table model main.slow", "SIGTERM", 2),
            ),
        ),
        {"tells": ["[Tt]erminated", "143", "slow"], "never": ["semaphore"]},
        SLOW,
    ),
    Run(
        "dbt110-ctrl-c",
        "dbt-1.10",
        "how it ended",
        "interrupted while a model runs",
        (
            Step(
                "dbt run",
                2,
                before="dbt seed",
                stop=Stop("START sql table model main.slow", "SIGINT", 2),
            ),
        ),
        {"tells": ["keyboard interrupt", "slow"], "never": ["^Encountered an error", "raise "]},
        SLOW,
    ),
    Run(
        "dbt110-timeout",
        "dbt-1.10",
        "how it ended",
        "timeout(1) ends it while a model runs",
        (Step("timeout --kill-after 1 40 dbt run", 124, before="dbt seed"),),
        {"tells": ["timed out", "124", "slow"], "never": ["semaphore"]},
        SLOW,
    ),
    Run(
        "dbt110-segfault",
        "dbt-1.10",
        "how it ended",
        "crashes in a Python model",
        (Step("dbt run", 139, before="dbt seed"),),
        {"tells": ["segmentation fault|[Ss]egmentation", "139", "scores"], "never": ["semaphore"]},
        {
            "models/scores.py": """
import ctypes


def model(dbt, session):
    ctypes.string_at(0)
    return session.sql("select 1 as one")
"""
        },
    ),
    Run(
        "dbt110-run-operation",
        "dbt-1.10",
        "no reason in the result",
        "a macro that raises a compiler error",
        (Step("dbt run-operation archive --args '{days: 0}'"),),
        {"first": "macro.shop.archive", "tells": ["^days must be at least 1, not 0"]},
        RAISES,
    ),
    Run(
        "dbt111-deps-git",
        "dbt-1.11",
        "heading",
        "dbt deps: the repository of a package is not there",
        (Step("dbt deps", 2),),
        {"tells": ["does not appear to be a git repository"], "never": ["^Internal Error"]},
        {"packages.yml": "packages:\n  - git: file:///tmp/shop/nowhere.git\n    revision: 1.0.0\n"},
    ),
    Run(
        "dbt111-deps-missing",
        "dbt-1.11",
        "heading",
        "a package that was not installed",
        (Step("dbt build", 2),),
        {"tells": ["but only 0 package\\(s\\) installed.*dbt deps"]},
        {"packages.yml": "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n"},
    ),
    Run(
        "dbt111-no-adapter",
        "dbt-1.11",
        "heading",
        "the adapter of the profile is not installed",
        (Step("dbt run", 2),),
        {"tells": ["Could not find adapter type snowflake"]},
        {
            "profiles.yml": """
shop:
  target: prod
  outputs:
    prod: {type: snowflake, account: a, user: u, password: p, database: d, warehouse: w, schema: s}
"""
        },
    ),
    Run(
        "dbt111-hook-start",
        "dbt-1.11",
        "hook",
        "the on-run-start hook fails, and no results file",
        (Step("dbt build", 1, artifacts=False),),
        {"tells": ["on-run-start", 'schema "audit" does not exist']},
        {
            "dbt_project.yml": """
name: shop
version: "1.0.0"
profile: shop
on-run-start: ["insert into audit.runs values (now())"]
models: {shop: {+materialized: table}}
"""
        },
    ),
    Run(
        "dbt111-tests-log-only",
        "dbt-1.11",
        "no reason in the result",
        "tests fail, and no results file",
        (Step("dbt build", 1, artifacts=False),),
        {"tells": ["unique_orders_customer", "Got 1 result"]},
        {
            "models/schema.yml": """
models:
  - name: orders
    columns:
      - name: customer
        data_tests: [unique, not_null]
"""
        },
    ),
    Run(
        "dbt111-seed-type",
        "dbt-1.11",
        "heading",
        "a seed with a value that is no number",
        (Step("dbt seed"),),
        {"first": "seed.shop.raw_orders", "tells": ["Could not convert string \"x\" to 'INTEGER'"]},
        {
            "dbt_project.yml": """
name: shop
version: "1.0.0"
profile: shop
seeds: {shop: {raw_orders: {+column_types: {amount: integer}}}}
"""
        },
    ),
    Run(
        "dbt111-snapshot",
        "dbt-1.11",
        "heading",
        "a snapshot that checks a column that is not there",
        (
            Step("dbt build", 0),
            Step(
                "dbt snapshot",
                before="sed -i s/amount/amont/ snapshots/orders.yml",
            ),
        ),
        {"first": "snapshot.shop.orders_snapshot", "tells": ["amont"], "count": 1},
        {
            "snapshots/orders.yml": """
snapshots:
  - name: orders_snapshot
    relation: ref('raw_orders')
    config: {unique_key: id, strategy: check, check_cols: [amount]}
"""
        },
    ),
    Run(
        "dbt111-microbatch",
        "dbt-1.11",
        "no reason in the result",
        "batches of a microbatch model fail",
        (Step("dbt build --event-time-start 2024-04-28 --event-time-end 2024-05-01"),),
        {
            "first": "model.shop.daily",
            "tells": ["Could not convert string '?.?ada"],
            "never": ["^ERROR$"],
        },
        {
            "models/orders.yml": """
models:
  - name: orders
    config: {event_time: ordered_at}
""",
            "models/daily.sql": """
{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='ordered_at',
          batch_size='day', begin='2024-04-28') }}
select ordered_at, cast(customer as int) as customer from {{ ref('orders') }}
""",
        },
    ),
    Run(
        "dbt111-deprecation",
        "dbt-1.11",
        "heading",
        "a deprecation that is an error, in dbt's wrapped lines",
        (Step("dbt --warn-error-options '{include: all}' build", 2),),
        {"tells": ["Found `include` in .* Please use `error` instead of `include`"]},
    ),
    Run(
        "dbt111-yaml",
        "dbt-1.11",
        "heading",
        "YAML that is none: what the parser missed stands below where it was",
        (Step("dbt build", 2),),
        {"tells": ["schema.yml", "did not find expected '-' indicator"]},
        {"models/schema.yml": "models:\n  - name: orders\n   columns: [\n"},
    ),
    Run(
        "dbt111-version",
        "dbt-1.11",
        "heading",
        "the project asks for another version of dbt",
        (Step("dbt build", 2),),
        {"tells": ["Required version of dbt for 'shop': \\['>=1.12.0'\\]"]},
        {
            "dbt_project.yml": """
name: shop
version: "1.0.0"
profile: shop
require-dbt-version: ">=1.12.0"
"""
        },
    ),
    Run(
        "fusion-model",
        "fusion",
        "console of Fusion",
        "dbt Fusion: a column that is not there",
        (Step("dbt build"),),
        {
            "first": "model.shop.customers",
            "tells": ['Referenced column "custmer" not found'],
            "never": ["^\\[DbDriverFailed", "^Database Error"],
        },
        {"models/customers.sql": "select custmer from {{ ref('orders') }}"},
    ),
    Run(
        "fusion-macro",
        "fusion",
        "console of Fusion",
        "dbt Fusion: a macro that is not defined",
        (Step("dbt build"),),
        {"tells": ["`cents_to_euros` is unknown", "models/orders.sql:1:8"]},
        {"models/orders.sql": "select {{ cents_to_euros('amount') }} from {{ ref('raw_orders') }}"},
    ),
    Run(
        "fusion-no-profile",
        "fusion",
        "console of Fusion",
        "dbt Fusion: the profile that the project names is not there",
        (Step("dbt build"),),
        {"tells": ["Profile 'shop' not found in profiles.yml"], "never": ["Errors and Warnings"]},
        {"profiles.yml": "jaffle:\n  target: prod\n  outputs: {}\n"},
    ),
    Run(
        "fusion-json",
        "fusion",
        "console of Fusion",
        "dbt Fusion: --log-format json",
        (Step("dbt build --log-format json", artifacts=False),),
        {
            "tells": ['Referenced column "custmer" not found'],
            "never": ["^\\{", "NoLongerSupported"],
        },
        {"models/customers.sql": "select custmer from {{ ref('orders') }}"},
    ),
    Run(
        "fusion-json-unit",
        "fusion",
        "console of Fusion",
        "dbt Fusion: --log-format json, and a unit test of which no line says what differs",
        (Step("dbt build --log-format json"),),
        {
            "first": "unit_test.shop.customers.counts_per_customer",
            "tells": ["Failed .*counts_per_customer \\(models/customers.yml:2"],
        },
        {"models/customers.yml": COUNTED},
    ),
    Run(
        "fusion-run-operation",
        "fusion",
        "console of Fusion",
        "dbt Fusion: a macro that raises",
        (Step("dbt run-operation archive --args '{days: 0}'"),),
        {"tells": ["days must be at least 1, not 0"], "never": ["^Compilation Error$"]},
        RAISES,
    ),
    Run(
        "fusion-usage",
        "fusion",
        "console of Fusion",
        "dbt Fusion: an option that it does not have",
        (Step("dbt run --slect orders"),),
        {"tells": ["unexpected argument '--slect'"]},
    ),
    Run(
        "fusion-log-only",
        "fusion",
        "console of Fusion",
        "dbt Fusion: a test fails, and no results file",
        (Step("dbt build", artifacts=False),),
        {"tells": ["unique_orders_customer"], "never": ["Loading profiles", "no longer supported"]},
        {
            "models/schema.yml": """
models:
  - name: orders
    columns:
      - name: customer
        data_tests: [unique, not_null]
"""
        },
    ),
    Run(
        "sqlfluff-lint",
        "sqlfluff",
        "which line",
        "sqlfluff finds violations",
        (Step("sqlfluff lint --dialect duckdb models"),),
        {
            "tells": ["7 violations|violation", "models/customers.sql", "LT09"],
            "never": ["All Finished"],
        },
        {
            "models/customers.sql": "SELECT customer,count(*) as orders"
            " from {{ ref('orders') }} GROUP BY 1"
        },
    ),
    Run(
        "sqlfluff-templater",
        "sqlfluff",
        "which line",
        "sqlfluff cannot parse",
        (Step("sqlfluff lint --dialect duckdb --disable-progress-bar models"),),
        {"tells": ["PRS", "[Uu]nparsable section: 'from"]},
        {"models/customers.sql": "select customer from from orders where\n"},
    ),
    Run(
        "sqlfluff-usage",
        "sqlfluff",
        "which line",
        "sqlfluff without a dialect",
        (Step("sqlfluff lint models", 2),),
        {"tells": ["No dialect was specified"]},
    ),
    Run(
        "git-ssh-refused",
        "none",
        "which line",
        "git over ssh, and nobody answers",
        (Step("git clone ssh://git@127.0.0.1:9/acme/shop.git shop", 128),),
        {"tells": ["port 9: Connection refused"], "never": ["^fatal: Could not read"]},
    ),
    Run(
        "git-conflict",
        "none",
        "which line",
        "a merge with a conflict",
        (
            Step(
                "git merge feature",
                before=BRANCHES,
            ),
        ),
        {"tells": ["Merge conflict in models/orders.sql"]},
    ),
    Run(
        "pip-not-found",
        "none",
        "which line",
        "pip finds no such package",
        (Step("pip --disable-pip-version-check install --no-index dbt-nowhere==1.0"),),
        {"tells": ["dbt-nowhere==1.0"]},
    ),
    Run(
        "pip-build",
        "none",
        "which line",
        "pip cannot build a package",
        (
            Step(
                "pip --disable-pip-version-check install --no-index --no-build-isolation ./package"
            ),
        ),
        {
            "tells": ["No module named 'nowhere'"],
            "never": ["subprocess-exited", "metadata-generation-failed$"],
        },
        {"package/setup.py": "import nowhere\n"},
    ),
    Run(
        "paradime-hightouch",
        "paradime",
        "which line",
        "the vendor's Hightouch integration cannot reach it",
        (Step("paradime run hightouch-sync --sync-ids 42", environ={"HIGHTOUCH_API_TOKEN": "x"}),),
        {
            "tells": [
                "Hightouch sync failed",
                "api.hightouch.com",
                "resolve|Name or service not known",
            ]
        },
    ),
    Run(
        "paradime-usage",
        "paradime",
        "which line",
        "the vendor's Fivetran integration without an option that it needs",
        (Step("paradime run fivetran-sync", 2),),
        {
            "tells": ["Missing option|connector-ids|api-key"],
            "never": ["No workspace configured"],
        },
    ),
    Run(
        "paradime-cloud-run",
        "paradime",
        "which line",
        "the vendor's Cloud Run integration without its key file",
        (Step("paradime run gcp-cloud-run-trigger --job-names a", 1),),
        {"tells": ["Cloud Run Job trigger failed: expected str"], "never": ["^Aborted"]},
    ),
    Run(
        "elementary-report",
        "elementary",
        "which line",
        "elementary without its profile",
        (Step("edr report", 1),),
        {"tells": ["hub.getdbt.com"], "never": ["posthog", "raise "]},
    ),
    Run(
        "python-handling",
        "none",
        "which line",
        "an exception during the handling of another",
        (Step("python load.py"),),
        {
            "tells": ["no such table: orders"],
            "never": ["^raise ", "^Traceback", "^During handling"],
        },
        {
            "load.py": """
import sqlite3

connection = sqlite3.connect(":memory:")
cursor = None
try:
    cursor = connection.execute("select amount from orders")
except sqlite3.OperationalError:
    cursor.close()
"""
        },
    ),
    Run(
        "python-shutdown",
        "none",
        "which line",
        "noise of the interpreter's end behind a cause",
        (Step("python load.py"),),
        {
            "tells": ["role LOADER may not write to schema RAW"],
            "never": ["Event loop is closed", "handler is closed", "Exception ignored"],
        },
        {
            "load.py": """
import atexit


class Pool:
    def __del__(self):
        raise RuntimeError("Event loop is closed")


@atexit.register
def flush():
    raise OSError("handler is closed")


pool = Pool()
raise PermissionError("role LOADER may not write to schema RAW")
"""
        },
    ),
    Run(
        "python-logging",
        "none",
        "which line",
        "a log of Python's with the cause in its midst",
        (Step("python load.py"),),
        {"tells": ["403 Forbidden from https://api.example.com/orders"], "never": ["temp file"]},
        {
            "load.py": """
import logging
import sys

logging.basicConfig(level="INFO", format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")
log = logging.getLogger("loader")
log.info("starting")
log.warning("no checkpoint, loading everything")
log.error("orders: 403 Forbidden from https://api.example.com/orders")
log.info("cleaning up")
for at in range(30):
    log.info("removed temp file %d", at)
sys.exit(1)
"""
        },
    ),
    Run(
        "java-caused-by",
        "none",
        "which line",
        "Java's chain of causes",
        (Step("java Load.java"),),
        {"tells": ["Connection refused"], "never": ["^\\s*at "]},
        {
            "Load.java": """
public class Load {
    static void connect() {
        try {
            new java.net.Socket("127.0.0.1", 9);
        } catch (java.io.IOException e) {
            throw new IllegalStateException("connection to the warehouse failed", e);
        }
    }

    public static void main(String[] args) {
        try {
            connect();
        } catch (RuntimeException e) {
            throw new RuntimeException("could not load orders", e);
        }
    }
}
"""
        },
    ),
    Run(
        "node-error",
        "none",
        "which line",
        "an uncaught error of Node's",
        (Step("node push.js"),),
        {"tells": ["CENSUS_KEY is not set"], "never": ["^\\s*at ", "Node.js v"]},
        {
            "push.js": """
const key = process.env.CENSUS_KEY;
if (!key) throw new Error('CENSUS_KEY is not set');
"""
        },
    ),
    Run(
        "shell-unbound",
        "none",
        "which line",
        "a script of the shell's with a variable that is not set",
        (Step("bash push.sh"),),
        {"tells": ["BUCKET: unbound variable"]},
        {
            "push.sh": 'set -euo pipefail\necho pushing\ncurl -s --data "$BUCKET" http://127.0.0.1:9/\n'
        },
    ),
    Run(
        "shell-unbound-secret",
        "none",
        "which line",
        "the variable that is not set is named like a secret",
        (Step("bash push.sh"),),
        {"tells": ["API_TOKEN: unbound variable"]},
        {
            "push.sh": 'set -euo pipefail\necho pushing\ncurl -s -H "X: $API_TOKEN" http://127.0.0.1:9/\n'
        },
    ),
    Run(
        "last-lines",
        "none",
        "which line",
        "nothing looks like a reason: the last lines of the script",
        (Step("bash push.sh"),),
        {"tells": ["nothing in the landing bucket for 2024-05-01"]},
        {
            "push.sh": """
for day in 29 30 01; do echo "looking at day $day"; done
echo nothing in the landing bucket for 2024-05-01
exit 1
"""
        },
    ),
    Run(
        "git-nothing",
        "none",
        "which line",
        "a commit of nothing, with a warning on stderr",
        (
            Step(
                "git clone -q origin.git docs && cd docs && git commit -m docs",
                before="git init -q --bare origin.git && git config --global user.name shop"
                " && git config --global user.email shop@example.com",
            ),
        ),
        {"tells": ["nothing to commit"], "never": ["warning"]},
    ),
    Run(
        "git-rejected",
        "none",
        "which line",
        "a push to a branch that has moved on",
        (
            Step(
                "cd docs && git push origin HEAD:main",
                before="git config --global user.name shop"
                " && git config --global user.email shop@example.com"
                " && git init -q --bare -b main origin.git && git clone -q origin.git docs"
                " && cd docs && git commit -q --allow-empty -m one && git push -q origin HEAD:main"
                " && git clone -q ../origin.git ../other && cd ../other"
                " && git commit -q --allow-empty -m two && git push -q origin HEAD:main"
                " && cd ../docs && git commit -q --allow-empty -m three",
            ),
        ),
        {"tells": ["\\[rejected\\] +HEAD -> main \\(fetch first\\)"]},
    ),
    Run(
        "python-group",
        "none",
        "traceback",
        "two tasks of one program raise",
        (Step("python3 load.py"),),
        {"tells": ["ValueError: no orders for 2024-05-01"], "never": ["Traceback"]},
        {
            "load.py": """
import asyncio


async def load(table):
    raise ValueError(f"no {table} for 2024-05-01")


async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(load("orders"))
        group.create_task(load("payments"))


asyncio.run(main())
"""
        },
    ),
    Run(
        "npm-ci",
        "none",
        "which line",
        "npm explains at length",
        (Step("npm ci"),),
        {"tells": ["can only install with an existing package-lock.json"]},
        {"package.json": '{"name": "docs", "version": "1.0.0"}\n'},
    ),
    Run(
        "pre-commit",
        "pre-commit",
        "which line",
        "two hooks fail, and one passes between them",
        (Step("pre-commit run --all-files", before="git init -q . && git add -A"),),
        {
            "tells": ["^2 hooks failed: json, sqlfluff: .*Expecting value"],
            "never": ["hook id"],
        },
        {
            ".pre-commit-config.yaml": """
repos:
  - repo: local
    hooks:
      - {id: json, name: json, language: system, files: json$, entry: python3 -m json.tool}
      - {id: ok, name: ok, language: system, files: sql$, entry: "true"}
      - id: sqlfluff
        name: sqlfluff
        language: system
        files: sql$
        entry: sqlfluff lint --dialect duckdb --templater raw
""",
            "exports/a.json": '{"a": }\n',
        },
    ),
    Run(
        "pytest-import",
        "pytest",
        "traceback",
        "pytest cannot collect a file",
        (Step("pytest -q tests", 2),),
        {"tells": ["tests/test_load.py - ModuleNotFoundError: No module named 'loader'"]},
        {"tests/test_load.py": "import loader\n"},
    ),
    Run(
        "uv-unsatisfiable",
        "uv",
        "which line",
        "uv finds no versions that fit together",
        (Step("uv pip compile --no-index --find-links . pyproject.toml"),),
        {"tells": ["No solution found when resolving dependencies", "dbt-nowhere"]},
        {
            "pyproject.toml": """
[project]
name = "shop"
version = "1.0.0"
dependencies = ["dbt-nowhere>=2"]
"""
        },
    ),
    Run(
        "rich-traceback",
        "rich",
        "traceback",
        "Rich draws tracebacks in boxes",
        (Step("python3 load.py"),),
        {
            "tells": ["RuntimeError: orders could not be loaded", "KeyError: 'dsn'"],
            "never": ["^[│╭]", "raise"],
        },
        {
            "load.py": """
from rich.traceback import install

install()


def main():
    try:
        return {}["dsn"]
    except KeyError:
        raise RuntimeError("orders could not be loaded")


main()
"""
        },
    ),
    Run(
        "sqlfluff-fix",
        "sqlfluff",
        "which line",
        "sqlfluff fix, and a file that it cannot parse",
        (Step("sqlfluff fix --dialect duckdb --templater raw models/orders.sql"),),
        {"tells": ["models/orders.sql:1:\\d+ PRS"]},
        {"models/orders.sql": "select id from (\n"},
    ),
    Run(
        "paradime-airflow",
        "paradime",
        "which line",
        "paradime run airflow-trigger: the log of the task that failed, indented and wrapped",
        (
            Step(
                "paradime run airflow-trigger --base-url http://127.0.0.1:8793 --username none"
                " --password none --dag-ids etl",
                before="python3 airflow.py > /dev/null 2>&1 & sleep 2",
            ),
        ),
        {"tells": ["KeyError: 'amount' is not among the columns of orders/2024-05-01/part-0001"]},
        {"airflow.py": AIRFLOW},
    ),
    Run(
        "paradime-verify",
        "paradime",
        "which line",
        "paradime bolt verify: a schedule that is none, told in a box",
        (
            Step(
                "paradime bolt verify",
                environ={
                    "PARADIME_API_KEY": "none",
                    "PARADIME_API_SECRET": "none",
                    "PARADIME_API_ENDPOINT": "http://127.0.0.1:9/graphql",
                },
            ),
        ),
        {"tells": ["nightly: Schedule '\\* \\* \\*' is not a valid cron"], "never": ["[│╰]"]},
        {
            "paradime_schedules.yml": """
schedules:
  - name: nightly
    schedule: "* * *"
    environment: production
    commands: [dbt run]
"""
        },
    ),
    Run(
        "curl-refused",
        "none",
        "which line",
        "curl, and nobody answers",
        (Step("curl --fail --silent --show-error -X POST http://127.0.0.1:9/hook", 7),),
        {"tells": ["curl: \\(7\\)", "connect"]},
    ),
    Run(
        "psql-refused",
        "none",
        "which line",
        "psql cannot connect",
        (Step("psql --host 127.0.0.1 --port 9 --command 'select 1'", 2),),
        {"tells": ["port 9 failed: Connection refused"]},
    ),
    *(
        Run(
            f"{name}-freshness",
            tool,
            "sources.json",
            "freshness: one source stale, one that is not there, one that only warns",
            (Step("dbt source freshness", before="dbt seed && dbt run"),),
            {
                "ids": ["source.shop.raw.raw_orders", "source.shop.raw.raw_payments"],
                "count": 2,
                "anywhere": ["2024-04-30T00:00:00", "error after 2 days", "raw_payments does not"],
            },
            {"models/raw.yml": RAW + NOT_THERE + ONLY_WARNS},
        )
        for name, tool in (("dbt110", "dbt-1.10"), ("dbt111", "dbt-1.11"))
    ),
    Run(
        "fusion-freshness",
        "fusion",
        "sources.json",
        "freshness by Fusion: one source stale",
        (Step("dbt source freshness", before="dbt seed"),),
        {
            "first": "source.shop.raw.raw_orders",
            "tells": ["2024-04-30", "error after 2 days"],
            "count": 1,
        },
        {"models/raw.yml": RAW},
    ),
    Run(
        "fusion-freshness-broken",
        "fusion",
        "sources.json",
        "freshness by Fusion: a source that is not there, and no sources.json",
        (Step("dbt source freshness", before="dbt seed"),),
        {
            "ids": ["source.shop.raw.raw_payments"],
            "any_message": ["raw_payments does not exist"],
            "skipped_never": ["model.shop.orders"],
        },
        {"models/raw.yml": RAW + NOT_THERE},
    ),
    Run(
        "fusion-hook-end",
        "fusion",
        "no reason in the result",
        "a hook at the end fails, and Fusion blames what was built before it",
        (Step("dbt build", before=HOOK_AT_END),),
        {
            "count": 1,
            "tells": ["audit_log does not exist"],
            "never": ["^Compilation Error"],
            "skipped_never": ["model.shop.orders", "seed.shop.raw_orders"],
        },
    ),
    Run(
        "fusion-hook-start",
        "fusion",
        "no reason in the result",
        "a hook at the start fails, and Fusion blames what it did not build",
        (Step("dbt build", before=HOOK_AT_START),),
        {
            "count": 1,
            "tells": ["audit_log does not exist"],
            "never": ["^Compilation Error"],
            "anywhere": ["3 nodes"],
        },
    ),
    Run(
        "dbt111-hook-end",
        "dbt-1.11",
        "hook",
        "a hook at the end fails",
        (Step("dbt build", before=HOOK_AT_END),),
        {
            "first": "operation.shop.shop-on-run-end-0",
            "tells": ["audit_log does not exist"],
            "count": 1,
            "anywhere": ["1 hook failed"],
            "page_never": ["failing row"],
        },
    ),
    Run(
        "dbt110-retry",
        "dbt-1.10",
        "healed",
        "a model fails, and `dbt retry` builds it and what was skipped",
        (Step("dbt build", files=BROKEN), Step("dbt retry", 0, files=MENDED)),
        {
            "healed": ["model.shop.customers"],
            "count": 0,
            "anywhere": ["1 failure, healed by command 2"],
        },
    ),
    Run(
        "dbt111-second-build",
        "dbt-1.11",
        "healed",
        "of two models that fail, a second build brings one to success",
        (
            Step("dbt build", files=BROKEN | {"models/totals.sql": "select nope"}),
            Step("dbt build", files=MENDED),
        ),
        {
            "first": "model.shop.totals",
            "healed": ["model.shop.customers"],
            "anywhere": ["1 failure, healed by command 2"],
        },
    ),
    Run(
        "dbt110-state",
        "dbt-1.10",
        "not its results",
        "results of an earlier build in the folder that --state names, and a project that does not "
        "parse",
        (
            Step(
                "dbt build --select state:modified --state last_build",
                2,
                before="dbt build; mkdir last_build && mv target/*.json last_build/"
                " && echo '{% if %}' > models/orders.sql",
                leftovers=True,
            ),
        ),
        {"first_never": "model.shop.customers", "tells": ["orders"]},
        BROKEN,
    ),
    Run(
        "dbt110-left-behind",
        "dbt-1.10",
        "not its results",
        "results that the command before left behind, and a project that does not parse any more",
        (
            Step("dbt build"),
            Step("dbt test", 2, before="echo '{% if %}' > models/orders.sql", leftovers=True),
        ),
        {"first": "command 2", "ids": ["model.shop.customers"], "count": 2},
        BROKEN,
    ),
    Run(
        "dbt110-target-path",
        "dbt-1.10",
        "not its results",
        "results in the folder that --target-path names",
        (Step("dbt build --target-path out/of/the/way"),),
        {"first": "model.shop.customers", "tells": ['"custmer" not found'], "count": 1},
        BROKEN,
    ),
    Run(
        "dbt111-one-cause",
        "dbt-1.11",
        "one cause",
        "four models that miss one file",
        (Step("dbt run", before="dbt seed"),),
        {
            "count": 4,
            "tells": ["exports/payments.csv"],
            "anywhere": ["4 models"],
        },
        ONE_CAUSE,
    ),
    Run(
        "dbt111-store-failures",
        "dbt-1.11",
        "rows",
        "a test that stores the rows that fail it",
        (Step("dbt build"),),
        {
            "tells": ["Got 1 result"],
            "count": 1,
            "anywhere": ["select \\* from .*dbt_test__audit"],
        },
        {"models/orders.yml": STORED},
    ),
    Run(
        "dbt111-unit-test",
        "dbt-1.11",
        "rows",
        "a unit test that expects other numbers",
        (Step("dbt build"),),
        {
            "first": "unit_test.shop.customers.counts_per_customer",
            "anywhere": ["<th>customer</th><th>orders</th>", "<td>2→1</td>|<td>1→2</td>"],
        },
        {"models/customers.yml": COUNTED},
    ),
    Run(
        "fusion-tests",
        "fusion",
        "rows",
        "by Fusion: a test that stores its rows, one that warns, and a unit test",
        (Step("dbt build"),),
        {
            "count": 2,
            "ids": ["unit_test.shop.customers.counts_per_customer"],
            "any_message": ["1 -> 2", "^1 failing row$"],
            "anywhere": ["select \\* from .*dbt_test__audit", "<td>1 -> 2</td>", "1 warning"],
            "warnings_never": ["model.shop.orders"],
        },
        {"models/orders.yml": STORED + WARNS, "models/customers.yml": COUNTED},
    ),
    Run(
        "dbt110-place-in-sql",
        "dbt-1.10",
        "rows",
        "the database points at a line of SQL",
        (Step("dbt build"),),
        {
            "first": "model.shop.customers",
            "anywhere": ["SQL around line 4"],
        },
        {
            "models/customers.sql": "select\n  customer,\n  count(*) as orders,\n"
            "  sum(amuont) as amount\nfrom {{ ref('raw_orders') }}\ngroup by 1\n"
        },
    ),
    Run(
        "fusion-ephemeral",
        "fusion",
        "console of Fusion",
        "an ephemeral model, a model that fails, and one that is skipped because of it",
        (Step("dbt build"),),
        {
            "first": "model.shop.customers",
            "skipped_never": ["model.shop.helper"],
            "count": 1,
        },
        {
            "models/helper.sql": "{{ config(materialized='ephemeral') }} select 1 as id",
            "models/uses_helper.sql": "select * from {{ ref('helper') }}",
            "models/customers.sql": "select cast(customer as int) as c from {{ ref('orders') }}",
            "models/behind.sql": "select * from {{ ref('customers') }}",
        },
    ),
)
