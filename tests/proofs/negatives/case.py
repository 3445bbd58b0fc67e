"""How a case is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.proofs.negatives.layers import Layer
from tests.proofs.negatives.scenario import Scenario


@dataclass(frozen=True)
class Case:
    """One thing changed. `says` stands in what keeps the gate shut, or is the identifier of a reason.

    `layers`: each of these checks refuses it alone; without all of them the gate opens. None of them: what was changed
    cannot even be read by the libraries, so there is nothing to switch off.
    """

    name: str
    change: Callable[[Scenario], object]
    says: str
    layers: tuple[Layer, ...] = ()


def case(name: str, change: Callable[[Scenario], object], says: str, *layers: Layer) -> Case:
    return Case(name, change, says, layers)
