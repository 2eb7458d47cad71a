"""`--since` takes a span or a date."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from cli.terminal.since import parse_since


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_a_span_reaches_back_from_now(text: str, span: timedelta) -> None:
    before = datetime.now(UTC)
    since = parse_since(text)
    assert before - span <= since <= datetime.now(UTC) - span


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2023-10-15", datetime(2023, 10, 15, tzinfo=UTC)),
        ("2023-10-15T16:44", datetime(2023, 10, 15, 16, 44, tzinfo=UTC)),
        ("2023-10-15T16:44+02:00", datetime(2023, 10, 15, 14, 44, tzinfo=UTC)),
    ],
)
def test_a_date_is_in_utc_unless_it_says_otherwise(text: str, instant: datetime) -> None:
    assert parse_since(text) == instant


@pytest.mark.parametrize("text", ["", "yesterday", "7", "7y", "-7d", "2023-13-01"])
def test_anything_else_is_wrong_use(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="7d"):
        parse_since(text)
