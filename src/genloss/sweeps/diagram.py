"""Phases: a number over two fields, and the line beyond which chains explode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss import _html, plots
from genloss._frames import Framed
from genloss.plots import Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

TITLES = {
    "limit": "excess risk, repeated for ever",
    "growth": "factor per repetition, in the end",
    "final": "excess risk of the last model",
    "best_penalty": "best penalty, repeated for ever",
    "best_policy": "best policy, repeated for ever",
}


@dataclass(frozen=True, eq=False, repr=False)
class Phases(Framed, Drawn):
    """What `genloss.phases` answers with.

    Attributes
    ----------
    value : str
        What was computed.
    x_name, y_name : str
        The fields on the axes.
    x, y : ndarray
        Their values.
    values : ndarray of shape (len(y), len(x))
        The number at every point; infinite where a chain is unstable, NaN where it is not known. Of "best_policy"
        the place in ``policies``, NaN also where none is stable.
    radius : ndarray of shape (len(y), len(x)) or None
        Spectral radius of one repetition, where it is asked for by "limit" and "growth".
    policies : tuple of str
        The policies that "best_policy" compares.
    solved : ndarray of bool of shape (len(y), len(x)) or None
        Which points were solved, where the others were filled between them; None: all.
    tolerance : float or None
        Within which they were filled.
    reasons : ndarray of str of shape (len(y), len(x)) or None
        Why no theory knows a point, empty where one does; None: all are known.

    Notes
    -----
    ``to_frame`` has one row per point: the axes, the value, where it is known ``radius``, and where some points are not
    known the ``reason``; ``plot`` draws the values as colours, the border of stability as a line, and hatches what is not known.

    Examples
    --------
    >>> import genloss as gl
    >>> found = gl.phases(
    ...     gl.Problem.isotropic(100),
    ...     {"preset": "mix", "generations": 4, "noise": 1.0},
    ...     x=("n_samples", [120, 140, 160]),
    ...     y=("real", [0.1, 0.5]),
    ... )
    >>> found.values.round(2)
    array([[  inf,   inf, 44.77],
           [  inf, 22.93,  5.18]])
    """

    value: str
    x_name: str
    y_name: str
    x: Array
    y: Array
    values: Array
    radius: Array | None = None
    policies: tuple[str, ...] = ()
    solved: npt.NDArray[np.bool_] | None = None
    tolerance: float | None = None
    reasons: npt.NDArray[np.object_] | None = None

    @property
    def unknown(self) -> npt.NDArray[np.bool_]:
        """Which points no theory knows, shape (len(y), len(x))."""
        if self.reasons is None:
            return np.zeros(self.values.shape, dtype=bool)
        return np.asarray(self.reasons != "", dtype=bool)

    @property
    def border(self) -> Array:
        """Points (x, y) at which the radius is one, shape (k, 2), between neighbours of the grid."""
        if self.radius is None:
            return np.empty((0, 2))
        with np.errstate(divide="ignore"):
            height = np.log(np.clip(self.radius, 1e-300, 1e300))
        return np.concatenate(
            [_crossings(self.x, self.y, height), _crossings(self.y, self.x, height.T)[:, ::-1]]
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        plain: dict[str, Any] = {
            "value": self.value,
            "x": {"name": self.x_name, "values": self.x.tolist()},
            "y": {"name": self.y_name, "values": self.y.tolist()},
            "values": self.values.tolist(),
        }
        if self.radius is not None:
            plain |= {"radius": self.radius.tolist(), "border": self.border.tolist()}
        if self.solved is not None:
            plain |= {"solved": self.solved.tolist(), "tolerance": self.tolerance}
        if self.reasons is not None:
            plain["reasons"] = self.reasons.tolist()
        return plain | ({"policies": list(self.policies)} if self.policies else {})

    def _table(self) -> dict[str, Any]:
        x, y = np.meshgrid(self.x, self.y)
        columns: dict[str, Any] = {
            self.x_name: x.ravel(),
            self.y_name: y.ravel(),
            self.value: self.values.ravel(),
        }
        if self.radius is not None:
            columns["radius"] = self.radius.ravel()
        return columns | ({} if self.reasons is None else {"reason": self.reasons.ravel()})

    def _draw(self, ax: Axes) -> None:
        plots.field(
            ax,
            self.x,
            self.y,
            self.values,
            label=TITLES[self.value],
            names=self.policies,
            border=self.radius,
            unknown=self.unknown,
        )
        ax.set_xlabel(self.x_name)
        ax.set_ylabel(self.y_name)

    def _title(self) -> str:
        points = f"{self.y.size} x {self.x.size} points"
        unknown = self.unknown
        bad = int((~np.isfinite(self.values) & ~unknown).sum())
        said = f"{points}, {bad} unstable" + (f", {unknown.sum()} unknown" if unknown.any() else "")
        return f"Phases({self.value} over {self.y_name} and {self.x_name}, {said})"

    def _repr_html_(self) -> str:
        shown = _html.shown(self.y.size)
        rows = [[float(self.y[k]), *map(float, self.values[k])] for k in shown]
        return _html.table(self._title(), [self.y_name, *map(_html.number, self.x)], rows)

    def __repr__(self) -> str:
        return self._title()


def _crossings(along: Array, across: Array, height: Array) -> Array:
    """Where each row of heights changes sign, as (along, across)."""
    steps = np.diff(np.sign(height), axis=1)
    rows, places = np.nonzero(np.isfinite(steps) & (steps != 0))
    before, after = height[rows, places], height[rows, places + 1]
    share = before / (before - after)
    start, end = along[places], along[places + 1]
    return np.column_stack([start + share * (end - start), across[rows]])
