"""A soak of 300 deliveries; `make soak` is one of 5,000."""

import pytest

from tests.soak.soak import Outcome, Soak

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    soak = Soak(deliveries=300, seed=1, kill_interval=4, say=print)
    return soak.run(tmp_path_factory.mktemp("soak"))


def test_nothing_is_missing_too_much_or_different(outcome: Outcome) -> None:
    assert outcome.shortcomings == []


def test_paradime_was_unwell(outcome: Outcome) -> None:
    assert outcome.faults > 0
