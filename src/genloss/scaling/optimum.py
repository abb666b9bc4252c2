"""The exactly best downstream penalty, searched over the effective penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.scaling.chain import Labels, downstream
from genloss.scaling.nodes import Fits, Nodes, certified, fit, sums
from genloss.scaling.settings import Settings, labels_of

if TYPE_CHECKING:
    from genloss.scaling.spectrum import PowerLaw

Array = npt.NDArray[np.float64]

_GRID = 40
_WIDEST = 1e6  # largest effective penalty over the largest eigenvalue


@dataclass(frozen=True, eq=False)
class Best:
    """Best penalties and the errors they reach, each of the broadcast shape of the arguments."""

    penalty: Array
    risk: Array


def best_penalty(
    law: PowerLaw | Nodes,
    n_samples: npt.ArrayLike,
    *,
    noise: npt.ArrayLike = 0.0,
    generations: npt.ArrayLike = 0,
    generator_samples: npt.ArrayLike | None = None,
    generator_noise: npt.ArrayLike = 0.0,
    generator_penalty: npt.ArrayLike = 0.0,
) -> Best:
    """Downstream penalty with the smallest error, and that error.

    Parameters
    ----------
    law : PowerLaw or Nodes
        What there is to learn.
    n_samples, noise, generations, generator_samples, generator_noise, generator_penalty
        As for `PowerLaw.risk`.

    Notes
    -----
    Given kappa, the penalty is ``kappa (1 - df1(kappa) / n_samples)``: searching over kappa needs
    no fixed point. No penalty at all is tried too.

    Examples
    --------
    >>> from genloss.scaling import PowerLaw, best_penalty
    >>> best = best_penalty(PowerLaw(2.0, 0.5), 1e6, noise=1.0)
    >>> round(float(best.penalty * 1e6 ** (2 / 3)), 2), round(float(best.risk * 1e6 ** (2 / 3)), 2)
    (0.85, 1.27)
    """
    nodes = nodes_of(law)
    settings = Settings.read(
        n_samples,
        noise=noise,
        generations=generations,
        generator_samples=generator_samples,
        generator_noise=generator_noise,
        generator_penalty=generator_penalty,
    )
    flat = settings.flat()
    found = np.empty((2, flat.n_samples.size))
    known: dict[tuple[float, ...], Labels] = {}
    columns = (flat.generations, flat.generator_samples, flat.generator_noise)
    for at, key in enumerate(zip(*columns, flat.generator_penalty, strict=True)):
        if key not in known:
            known[key] = labels_of(nodes, *(float(value) for value in key))
        found[:, at] = _search(nodes, known[key], float(flat.n_samples[at]), float(flat.noise[at]))
    shape = settings.n_samples.shape
    return Best(found[0].reshape(shape), found[1].reshape(shape))


def nodes_of(law: PowerLaw | Nodes) -> Nodes:
    """The nodes of a law, or the nodes themselves."""
    nodes = law if isinstance(law, Nodes) else getattr(law, "nodes", None)
    if not isinstance(nodes, Nodes):
        raise InvalidInputError(f"law was {shown(law)}; it must be a PowerLaw or its nodes")
    return nodes


def _search(nodes: Nodes, labels: Labels, n_samples: float, noise: float) -> tuple[float, float]:
    """Best of a grid in log kappa, refined between its neighbours; no penalty is tried too."""
    from scipy.optimize import minimize_scalar

    rows, zero = np.array([n_samples]), np.zeros(1)
    bare = fit(nodes, zero, rows)
    without = float(downstream(nodes, labels, bare, np.array([noise])).total[0])
    top = float(nodes.spectrum[0])
    low = float(bare.kappa[0])
    if low == 0:
        low = 1e-6 * float(nodes.spectrum[-1])
    grid = np.linspace(np.log(low), np.log(_WIDEST * top), _GRID)

    def risk(log_kappa: Array) -> Array:
        fits, _ = _fits_at(nodes, np.exp(log_kappa), n_samples)
        return downstream(nodes, labels, fits, np.full(fits.kappa.size, noise)).total

    values = risk(grid)
    at = int(np.argmin(values))
    around = (grid[max(at - 1, 0)], grid[min(at + 1, _GRID - 1)])
    found = minimize_scalar(
        lambda x: float(risk(np.array([x]))[0]),
        bounds=around,
        method="bounded",
        options={"xatol": 1e-7},
    )
    if without <= found.fun:
        return 0.0, without
    _, penalty = _fits_at(nodes, np.exp([found.x]), n_samples)
    return float(penalty[0]), float(found.fun)


def _fits_at(nodes: Nodes, kappa: Array, n_samples: float) -> tuple[Fits, Array]:
    """Fits with a given effective penalty, and the penalties that give it."""
    df1, df2, cross = sums(nodes, kappa)
    rows_left = n_samples - df1
    if n_samples >= nodes.n_directions:
        short = (kappa[:, None] / (nodes.spectrum + kappa[:, None])) @ nodes.multiplicity
        rows_left = n_samples - nodes.n_directions + short
    penalty = np.maximum(kappa * rows_left / n_samples, 0.0)
    rows = np.full_like(kappa, n_samples)
    return certified(nodes, penalty, rows, kappa, (df1, df2, cross)), penalty
