"""What failing nodes take down beside other nodes: exposures, and how many models of each layer."""

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from itertools import islice

from functions.findings.artifacts.manifest import Exposure, Manifest
from functions.findings.artifacts.skipped import by_causes
from functions.findings.finding import TakenDown, told
from functions.run.text import https_url

MAX_EXPOSURES = 1_000
MAX_LAYERS = 20
# Of so many models it is looked up where they are.
MAX_PLACED = 5_000
MAX_CHARACTERS = 200

_MATURITIES = ("high", "medium", "low")


class Consequences:
    """Collects, for each of a run's results, what needs the nodes that failed there."""

    def __init__(self) -> None:
        self._exposures: dict[str, TakenDown] = {}
        self._layers: Counter[str] = Counter()
        self._placed = 0

    def add(self, graph: Manifest, failed: Sequence[str], skipped: Iterable[str]) -> None:
        for group in by_causes(
            graph.parents, failed=failed, skipped=islice(graph.exposures, MAX_EXPOSURES)
        ).groups:
            if not group.causes:
                continue
            causes = group.causes if len(group.causes) == group.cause_count else None
            for unique_id in group.nodes:
                former = self._exposures.get(unique_id)
                if former is None or former.causes is not None:
                    known = former.causes if former and former.causes else ()
                    both = None if causes is None else (*known, *causes)
                    self._exposures[unique_id] = _taken_down(graph.exposure(unique_id), both)
        models = (node for node in skipped if node.startswith("model."))
        for model in islice(models, MAX_PLACED - self._placed):
            self._placed += 1
            if layer := layer_of(graph.node(model).original_file_path):
                self._layers[layer] += 1

    def exposures(self, broken: Set[str]) -> list[TakenDown]:
        """Those that need a node that is still broken, the most mature first."""
        return sorted(
            (
                exposure
                for exposure in self._exposures.values()
                if exposure.causes is None or not broken.isdisjoint(exposure.causes)
            ),
            key=lambda exposure: (_rank(exposure.maturity), exposure.name, exposure.unique_id),
        )

    def layers(self) -> list[tuple[str, int]]:
        """The layers with most models first."""
        return self._layers.most_common(MAX_LAYERS)


def layer_of(path: str | None) -> str | None:
    """The first folder below that of the models, such as `marts`, or that one itself.

    https://docs.getdbt.com/best-practices/how-we-structure/1-guide-overview
    """
    folders = (path or "").replace("\\", "/").split("/")[:-1]
    return told((folders[1:2] or folders or [""])[0], MAX_CHARACTERS)


def _rank(maturity: str | None) -> int:
    return _MATURITIES.index(maturity) if maturity in _MATURITIES else len(_MATURITIES)


def _taken_down(exposure: Exposure, causes: tuple[str, ...] | None) -> TakenDown:
    return TakenDown(
        unique_id=told(exposure.unique_id, MAX_CHARACTERS) or "",
        name=told(exposure.name, MAX_CHARACTERS) or "",
        type=told(exposure.type or "", MAX_CHARACTERS) or "exposure",
        maturity=told(exposure.maturity or "", MAX_CHARACTERS),
        url=https_url(exposure.url),
        owner=exposure.owner.address if exposure.owner else None,
        causes=causes,
    )
