"""Because of which failing nodes others were skipped."""

from functions.findings.artifacts import skipped as skipped_nodes
from functions.findings.artifacts.skipped import Parents


def by_causes(
    parents: Parents, *, failed: list[str], skipped: list[str]
) -> dict[tuple[str, ...], list[str]]:
    found = skipped_nodes.by_causes(parents, failed=failed, skipped=skipped)
    return {group.causes: group.nodes for group in found.groups}


def test_a_failing_model_takes_down_all_that_depends_on_it() -> None:
    parents = {"model.b": ["model.a"], "test.b": ["model.b"], "model.c": ["model.b"]}
    assert by_causes(parents, failed=["model.a"], skipped=["model.b", "test.b", "model.c"]) == {
        ("model.a",): ["model.b", "test.b", "model.c"]
    }


def test_a_node_below_two_failing_ones_was_skipped_because_of_both() -> None:
    parents = {"model.c": ["model.a", "model.b"], "model.d": ["model.b"]}
    assert by_causes(parents, failed=["model.a", "model.b"], skipped=["model.c", "model.d"]) == {
        ("model.a", "model.b"): ["model.c"],
        ("model.b",): ["model.d"],
    }


def test_a_failing_test_takes_down_what_depends_on_the_model_that_it_tests() -> None:
    parents = {"test.a": ["model.a"], "model.b": ["model.a"]}
    assert by_causes(parents, failed=["test.a"], skipped=["model.b"]) == {("test.a",): ["model.b"]}


def test_a_failing_test_of_two_models_takes_down_only_what_depends_on_both() -> None:
    parents = {
        "test.ab": ["model.a", "model.b"],
        "model.of_a": ["model.a"],
        "model.of_both": ["model.of_a", "model.b"],
    }
    assert by_causes(parents, failed=["test.ab"], skipped=["model.of_a", "model.of_both"]) == {
        (): ["model.of_a"],
        ("test.ab",): ["model.of_both"],
    }


def test_a_failing_unit_test_takes_down_its_model() -> None:
    parents = {"unit_test.a": ["model.a"]}
    assert by_causes(parents, failed=["unit_test.a"], skipped=["model.a"]) == {
        ("unit_test.a",): ["model.a"]
    }


def test_a_node_with_nothing_failed_above_it_has_no_cause() -> None:
    assert by_causes({}, failed=["model.a"], skipped=["model.b"]) == {(): ["model.b"]}


def test_a_chain_may_be_longer_than_the_stack_of_python() -> None:
    parents = {f"model.{at}": [f"model.{at - 1}"] for at in range(1, 20_000)}
    assert by_causes(parents, failed=["model.0"], skipped=["model.19999"]) == {
        ("model.0",): ["model.19999"]
    }


def test_a_circle_ends() -> None:
    parents = {"model.a": ["model.b"], "model.b": ["model.a", "model.c"]}
    assert by_causes(parents, failed=["model.c"], skipped=["model.a"]) == {
        ("model.c",): ["model.a"]
    }
