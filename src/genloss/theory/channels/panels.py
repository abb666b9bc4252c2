"""Nodes between edges: integrals that are smooth in each of some panels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.labels import Label
from genloss.losses import Loss

Array = npt.NDArray[np.float64]

_ORDER = ContextVar("order", default=12)
FAR = 8.5
SPREAD = np.array([-5.0, -2.0, 0.0, 2.0, 5.0])
"""Edges for a normal density within `FAR`, in standard deviations; beyond there is 2e-17 of it."""
STEP = np.array([-6.0, -2.0, 0.0, 2.0, 6.0])
"""Edges around a smooth step, in units of its width."""


@contextmanager
def roughly() -> Iterator[None]:
    """Within it integrals are right to three digits or so, at a tenth of the nodes of a plane."""
    token = _ORDER.set(4)
    try:
        yield
    finally:
        _ORDER.reset(token)


@cache
def _rule(order: int) -> tuple[Array, Array]:
    points, weights = np.polynomial.legendre.leggauss(order)
    return (points + 1) / 2, weights / 2


def between(edges: Array) -> tuple[Array, Array]:
    """Points and weights of Gauss rules between sorted edges, along the last axis."""
    points, weights = _rule(_ORDER.get())
    start, width = edges[..., :-1], edges[..., 1:] - edges[..., :-1]
    some = (width != 0).reshape(-1, width.shape[-1]).any(axis=0)
    if not some.all():
        start, width = start[..., some], width[..., some]
    shape = (*start.shape[:-1], start.shape[-1] * points.size)
    width = width[..., None]
    nodes = width * points
    nodes += start[..., None]
    return nodes.reshape(shape), (width * weights).reshape(shape)


def joined(low: Array, high: Array, *groups: Array) -> Array:
    """Edges of all groups within two limits, sorted along the last axis; limits have one entry there."""
    parts = low, high, *groups
    shape = np.broadcast_shapes(*(part.shape[:-1] for part in parts))
    edges, start = np.empty((*shape, sum(part.shape[-1] for part in parts))), 0
    for part in parts:
        edges[..., start : start + part.shape[-1]] = part
        start += part.shape[-1]
    np.minimum(np.maximum(edges, low, out=edges), high, out=edges)
    edges.sort(axis=-1)
    return edges


class Nodes(NamedTuple):
    """Fitted values p, the weights of a rule between edges of theirs, slope of the loss there, and curvature."""

    p: Array
    weight: Array
    pull: Array
    bend: Array

    @classmethod
    def of(cls, loss: Loss, y: Array, edges: Array, gamma: Array) -> Nodes:
        """Between edges in z, of which the p are the fitted values."""
        p, weight = between(loss.fitted(y, edges, gamma))
        return cls(p, weight, *loss.derivatives(y, p))

    def along(self, gamma: Array) -> tuple[Array, Array, Array, Array]:
        """What `along` says: ``z = p + gamma l'(p)`` needs no equation to be solved at any of them."""
        stretch = 1 + gamma * self.bend
        return self.p + gamma * self.pull, self.weight * stretch, self.pull, self.bend / stretch


def along(loss: Loss, y: Array, edges: Array, gamma: Array) -> tuple[Array, Array, Array, Array]:
    """Nodes z, their weights, and the envelope's slope and its derivative there.

    Where the envelope is not closed the nodes are those of the fitted values.
    """
    if loss.closed:
        z, weight = between(edges)
        return z, weight, *loss.envelope(y, z, gamma)
    return Nodes.of(loss, y, edges, gamma).along(gamma)


def turns(
    label: Label, ends: Callable[[Array], Iterable[Array]], slope: float, spread: float, far: float
) -> Array:
    """Edges in the labeler's value u, where a value ``slope * u + spread * e`` passes an end.

    Parameters
    ----------
    label : Label
        The rule that makes u a label.
    ends : callable
        Ends that belong to some labels.
    slope, spread : float
        Of the value's normal law given u.
    far : float
        Largest u.
    """
    u, step = np.linspace(-far, far, 401, retstep=True)
    found = []
    for labels in label.law(u)[0]:
        for end in ends(labels):
            off = end - slope * u
            with np.errstate(invalid="ignore"):
                [at] = np.nonzero(np.isfinite(off[:-1] + off[1:]) & (off[:-1] * off[1:] < 0))
            steep = (off[at + 1] - off[at]) / step
            found.append((u[at] - off[at] / steep)[:, None] + spread / abs(steep)[:, None] * STEP)
    return np.concatenate([each.ravel() for each in found]) if found else np.empty(0)
