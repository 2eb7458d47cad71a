"""The arithmetic of bills: how long on Lambda, what is beyond the free tier."""

import pytest

from bench.cost import log_bytes, mixed, times, total
from bench.duration import OWN_FILES, ROUND_TRIPS, duration
from bench.prices import MILLION, Price
from functions.fetch.files import WORKERS


def test_work_takes_longer_with_a_part_of_a_processor_and_waiting_does_not() -> None:
    assert duration(3, 1, {}, cpu_share=0.25) == 2 + 4


def test_each_call_has_its_round_trip() -> None:
    calls = {"dynamodb.UpdateItem": 1, "sqs.SendMessage": 2}
    expected = ROUND_TRIPS["dynamodb.UpdateItem"] + 2 * ROUND_TRIPS["sqs.SendMessage"]
    assert duration(0, 0, calls, cpu_share=1) == pytest.approx(expected)


def test_fetched_files_are_stored_several_at_a_time() -> None:
    calls = {"s3.PutObject": OWN_FILES + 2 * WORKERS}
    expected = (OWN_FILES + 2) * ROUND_TRIPS["s3.PutObject"]
    assert duration(0, 0, calls, cpu_share=1) == pytest.approx(expected)


def test_a_call_whose_round_trip_is_not_known_is_not_left_out() -> None:
    with pytest.raises(KeyError, match=r"dynamodb\.Query"):
        duration(0, 0, {"dynamodb.Query": 1}, cpu_share=1)


def test_each_line_of_a_log_counts_more_than_its_text() -> None:
    assert log_bytes(["é", "ab"]) == 2 + 26 + 2 + 26


def test_a_mix_has_each_bill_by_its_share() -> None:
    bills = {"a": {Price.HTTP_API: 1.0}, "b": {Price.HTTP_API: 1.0, Price.SQS_REQUEST: 4.0}}
    mix = mixed(bills, {"a": 0.75, "b": 0.25})
    assert mix == {Price.HTTP_API: 1, Price.SQS_REQUEST: 1}
    assert total(times(mix, MILLION)) == pytest.approx(1.00 + 0.40)


def test_only_what_is_beyond_the_free_units_is_paid_for() -> None:
    assert Price.ALARM.beyond_free(11) == pytest.approx(0.10)
    assert Price.ALARM.beyond_free(3) == 0
