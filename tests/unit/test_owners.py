"""Whose a node is, and what needs it, as a manifest says."""

import json
from typing import Any

import pytest

from functions.findings.artifacts import manifest
from functions.findings.artifacts.manifest import Manifest
from functions.findings.artifacts.owners import Owner
from functions.findings.taken_down import Consequences, layer_of

ORDERS = "model.shop.orders"
TEST = "test.shop.not_null_orders.0123456789"


def read(**members: Any) -> Manifest:
    return manifest.read(json.dumps({"nodes": {}} | members).encode())


def owner(node: dict[str, Any], **members: Any) -> Owner | None:
    return read(nodes={ORDERS: node}, **members).owner(ORDERS)


GROUPS = {"group.shop.finance": {"name": "finance", "owner": {"name": "Fin", "email": "f@x.com"}}}


class TestOwner:
    @pytest.mark.parametrize("node", [{"group": "finance"}, {"config": {"group": "finance"}}])
    def test_of_a_group(self, node: dict[str, Any]) -> None:
        assert owner(node, groups=GROUPS) == Owner("Fin", "f@x.com")

    def test_of_the_group_of_another_package_is_not_taken(self) -> None:
        assert owner({"group": "finance"}, groups={"group.other.finance": {}}) is None

    def test_a_group_comes_before_meta(self) -> None:
        node = {"group": "finance", "meta": {"owner": "somebody@x.com"}}
        assert owner(node, groups=GROUPS) == Owner("Fin", "f@x.com")

    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ("ann@x.com", Owner(email="ann@x.com")),
            ("Data team", Owner(name="Data team")),
            ({"name": "Ann", "email": "ann@x.com"}, Owner("Ann", "ann@x.com")),
            ({"name": "Ann", "slack": "#data"}, Owner(name="Ann")),
            (["ann@x.com", "bob@x.com"], Owner(email="ann@x.com")),
            ([{"email": "ann@x.com"}], Owner(email="ann@x.com")),
            ("", None),
            (7, None),
            (None, None),
            ({}, None),
            ({"name": ["Ann"]}, None),
            ([], None),
            ([["ann@x.com"]], None),
            ([7] * 10_000, None),
        ],
    )
    @pytest.mark.parametrize("where", ["meta", "config"])
    def test_of_meta(self, said: object, expected: Owner | None, where: str) -> None:
        meta = {"owner": said}
        assert owner({"meta": meta} if where == "meta" else {"config": {"meta": meta}}) == expected

    @pytest.mark.parametrize("config", [7, [], "x", {"meta": 7}, {"meta": []}, {"group": 7}])
    def test_that_is_odd_is_nobody(self, config: object) -> None:
        assert owner({"config": config}) is None

    def test_is_masked_and_cut(self) -> None:
        found = owner({"meta": {"owner": "https://u:SECRETTOKEN@x.com " + "a" * 500}})
        assert found is not None
        assert "SECRETTOKEN" not in found.address
        assert len(found.address) <= 100

    @pytest.mark.parametrize(
        "node", [{"attached_node": ORDERS}, {"depends_on": {"nodes": ["model.x.y", ORDERS]}}]
    )
    def test_of_a_test_is_that_of_what_it_tests(self, node: dict[str, Any]) -> None:
        nodes = {ORDERS: {"meta": {"owner": "ann@x.com"}}, TEST: node}
        assert read(nodes=nodes).owner(TEST) == Owner(email="ann@x.com")

    def test_of_its_own_a_test_keeps(self) -> None:
        nodes = {
            ORDERS: {"meta": {"owner": "ann@x.com"}},
            TEST: {"attached_node": ORDERS, "meta": {"owner": "bob@x.com"}},
        }
        assert read(nodes=nodes).owner(TEST) == Owner(email="bob@x.com")

    def test_of_an_unknown_node_is_nobody(self) -> None:
        assert read().owner("model.shop.gone") is None


def dashboard(*needed: str, **more: Any) -> dict[str, Any]:
    return {"name": "revenue", "type": "dashboard", "depends_on": {"nodes": list(needed)}} | more


def taken_down(graph: Manifest, failed: list[str], healed: str = "") -> list[str]:
    found = Consequences()
    found.add(graph, failed, [])
    return [one.unique_id for one in found.exposures({*failed} - {healed})]


class TestExposures:
    GRAPH = read(
        nodes={
            ORDERS: {},
            "model.shop.marts": {"depends_on": {"nodes": [ORDERS]}},
            "model.shop.other": {},
            TEST: {"depends_on": {"nodes": [ORDERS]}},
        },
        exposures={
            "exposure.shop.far": dashboard("model.shop.marts"),
            "exposure.shop.near": dashboard(ORDERS, maturity="high"),
            "exposure.shop.beside": dashboard("model.shop.other"),
            "exposure.shop.odd": 7,
        },
    )

    def test_that_need_a_failed_node_over_any_steps_are_stale(self) -> None:
        assert taken_down(self.GRAPH, [ORDERS]) == ["exposure.shop.near", "exposure.shop.far"]

    def test_that_need_what_a_failing_test_reads_are_stale(self) -> None:
        assert taken_down(self.GRAPH, [TEST]) == ["exposure.shop.near", "exposure.shop.far"]

    def test_of_what_was_healed_are_not_stale(self) -> None:
        assert taken_down(self.GRAPH, [ORDERS], healed=ORDERS) == []

    def test_of_several_causes_are_stale_until_all_are_healed(self) -> None:
        graph = read(
            nodes={ORDERS: {}, "model.shop.other": {}},
            exposures={"exposure.shop.both": dashboard(ORDERS, "model.shop.other")},
        )
        failed = [ORDERS, "model.shop.other"]
        assert taken_down(graph, failed, healed=ORDERS) == ["exposure.shop.both"]

    def test_link_only_to_plain_addresses(self) -> None:
        graph = read(
            nodes={ORDERS: {}},
            exposures={
                "exposure.shop.a": dashboard(ORDERS, url="javascript:alert(1)"),
                "exposure.shop.b": dashboard(ORDERS, url="https://bi.example.com/1"),
            },
        )
        found = Consequences()
        found.add(graph, [ORDERS], [])
        urls = {one.unique_id: one.url for one in found.exposures({ORDERS})}
        assert urls == {"exposure.shop.a": None, "exposure.shop.b": "https://bi.example.com/1"}

    def test_by_the_thousands_cost_no_more_than_the_first(self) -> None:
        exposures = {f"exposure.shop.e{n}": dashboard(ORDERS) for n in range(5_000)}
        graph = read(nodes={ORDERS: {}}, exposures=exposures)
        assert len(taken_down(graph, [ORDERS])) == 1_000


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        ("models/marts/finance/orders.sql", "marts"),
        ("models/orders.sql", "models"),
        ("models\\staging\\orders.sql", "staging"),
        ("orders.sql", None),
        (None, None),
    ],
)
def test_a_models_layer_is_the_first_folder_below_that_of_the_models(
    path: str | None, layer: str | None
) -> None:
    assert layer_of(path) == layer
