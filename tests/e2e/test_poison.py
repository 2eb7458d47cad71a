"""A few poisoned runs and honest ones; `make poison` has them all."""

import pytest

from tests.poison.poisoning import Outcome, Poisoning
from tests.poison.poisons import DELIVERIES, POISONS

pytestmark = pytest.mark.e2e

# Small ones of each kind; the large ones keep a small machine busy for minutes.
SOME = {
    "chain",
    "dripping 503",
    "lists",
    "odd numbers",
    "surrogates",
    "wrong commands",
    "wrong rows",
    "zeros",
}
TRIED = sorted(SOME)
HONEST = 3


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    poisoning = Poisoning(
        poisons=[one for one in POISONS if one.name in TRIED],
        deliveries=[one for one in DELIVERIES if one.name in TRIED],
        honest=HONEST,
        say=print,
    )
    return poisoning.run(tmp_path_factory.mktemp("poison"))


@pytest.mark.parametrize("name", TRIED)
def test_poison_is_told_and_seldom_kills(outcome: Outcome, name: str) -> None:
    assert [one for one in outcome.shortcomings if one.startswith(f"{name}:")] == []


def test_honest_runs_beside_them_are_archived(outcome: Outcome) -> None:
    states = [run.state for run in outcome.runs if run.planted.poison is None]
    assert states == ["archived"] * HONEST


def test_nothing_else_is_short(outcome: Outcome) -> None:
    named = tuple(f"{name}:" for name in TRIED)
    assert [one for one in outcome.shortcomings if not one.startswith(named)] == []
