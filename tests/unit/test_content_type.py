"""An archived file is never one that a browser would run."""

import pytest

from functions.aws.bucket import content_type

TEXT = "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "key", ["a.html", "a.HTM", "a.xhtml", "a.svg", "a.svgz", "a.xml", "a.xsl", "a.js", "a.mjs"]
)
def test_what_a_browser_would_run_is_plain_text(key: str) -> None:
    assert content_type(f"runs/w-1/s/2026/01/01/1/01-dbt-run-2/target/{key}") == TEXT


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("target/manifest.json", "application/json"),
        ("stdout.log", TEXT),
        ("target/compiled/a.sql", TEXT),
        ("target/graph.gpickle", "application/octet-stream"),
        ("LICENSE", "application/octet-stream"),
    ],
)
def test_what_dbt_leaves_has_its_type(key: str, kind: str) -> None:
    assert content_type(key) == kind
