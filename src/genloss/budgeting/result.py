"""What `genloss.budget` answers with: rows to buy, what they lead to, and other amounts of money."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genloss import _html, plots
from genloss._frames import Framed
from genloss._words import number
from genloss.budgeting.law import Mix
from genloss.budgeting.powered import Powered
from genloss.plots import Drawn
from genloss.tuning.prices import Prices

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

METRIC = "mean squared error on new rows"

WORTH_IT = 0.02
"""Share of the error that synthetic rows must be predicted to save: below it real tables showed no gain."""

RATIO = -0.5, 1.1
LEVEL = -1.9, 3.8
POWERED = -0.15, 0.25
"""How far a measured ratio, a measured error, and a ratio of prediction-powered inference is from the predicted one in nine of ten runs: its
logarithm, in standard errors of the logarithm of the pilot's own error (`budgets.md` 5)."""


def around(value: float, spread: float, ends: tuple[float, float]) -> tuple[float, float]:
    """A range about a prediction; ``spread`` is the relative standard error of the pilot's error.

    Examples
    --------
    >>> low, high = around(2.0, 0.1, (-1.0, 2.0))
    >>> round(low, 3), round(high, 3)
    (1.81, 2.443)
    """
    low, high = (value * math.exp(spread * end) for end in ends)
    return low, high


class Mixes(NamedTuple):
    """Several amounts of money, and what each buys: arrays of shape (k,)."""

    money: Array
    real: Array
    synthetic: Array
    cost: Array
    error: Array

    @classmethod
    def of(cls, mixes: Sequence[Mix], money: Array | None = None) -> Mixes:
        """Columns of mixes."""
        columns = [np.array(column, dtype=np.float64) for column in zip(*mixes, strict=True)]
        return cls(columns[2] if money is None else money, *columns)

    def row(self, at: int) -> Mix:
        """One of them."""
        return Mix(*(float(column[at]) for column in self[1:]))


@dataclass(frozen=True, eq=False, repr=False)
class Budget(Framed, Drawn):
    """Rows to buy.

    Attributes
    ----------
    real, synthetic : int
        How many, those of the pilot's real rows among them.
    cost : float
        What they cost.
    error : float
        Predicted mean squared error on new rows, label noise included, in squared units of the target.
    error_range : tuple of float
        Where it was in about nine of ten runs on real tables; errors are predicted too low more often than
        too high.
    ratio : float
        Error over that of real rows alone for the same money: known better than errors themselves.
    ratio_range : tuple of float
        Where it was in about nine of ten such runs.
    augment : bool
        Whether synthetic rows are worth it: a predicted gain of at least 2 %.
    gain : float
        Share of the error that the best mix is predicted to save, whether it is advised or not.
    mix : Mix
        That mix: ``real``, ``synthetic``, ``cost`` and ``error``.
    worth : float
        Real rows that a synthetic one is worth at as many as there are; NaN where there are none.
    ppi : Powered or None
        ``real``, ``unlabelled``, ``weight``, ``cost``, ``error`` and ``ratio`` of prediction-powered inference
        for the same money; None where the model's values on the pilot's real rows are not known.
    real_only : Mix
        ``real`` rows, ``cost`` and ``error`` of real rows alone for the same money.
    cost_real_only : float
        What real rows alone cost for the wanted error, infinite where they never reach it; the money where
        that was given.
    noise, shift : float
        Parts of the error that real rows, and synthetic rows, do not take away.
    curve, curve_real_only : Mixes
        ``money``, ``real``, ``synthetic``, ``cost`` and ``error`` of the best mix and of real rows alone, (k,).
    prices : Prices
        Of a row.
    wanted, limit : str and float
        "money" or "error", and how much.
    n_pilot, m_pilot : int
        Rows of the pilot.
    spread : float
        Standard error of the pilot's leave-one-out error, as a share of it.
    source, target : str
        Where the numbers come from, and what is predicted.
    sentences : tuple of str
        The answer in plain words, the most important first.
    notes, warnings : tuple of str
        What was done with the data, and what makes the answer weak.

    Notes
    -----
    ``to_frame`` has one row per amount of money and the columns ``money``, ``real``, ``synthetic``, ``cost``,
    ``error`` and ``error_real_only``; ``plot`` draws the error against the money, of the best mix and of real
    rows alone.

    Examples
    --------
    >>> import genloss as gl
    >>> labeler = {"labeler_noise": 1.0, "labeler_error": 0.01}
    >>> cost = {"real": 1, "synthetic": 0.1}
    >>> found = gl.budget(gl.Problem.isotropic(50), noise=1.0, **labeler, cost=cost, money=500)
    >>> found.augment, found.cost <= 500, found.error < found.real_only.error
    (True, True, True)
    """

    real: int
    synthetic: int
    cost: float
    error: float
    error_range: tuple[float, float]
    ratio: float
    ratio_range: tuple[float, float]
    augment: bool
    gain: float
    mix: Mix
    worth: float
    ppi: Powered | None
    real_only: Mix
    cost_real_only: float
    noise: float
    shift: float
    curve: Mixes
    curve_real_only: Mixes
    prices: Prices
    wanted: str
    limit: float
    n_pilot: int
    m_pilot: int
    spread: float
    source: str
    target: str
    sentences: tuple[str, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for machines; what is not known is NaN.

        Examples
        --------
        >>> import genloss as gl
        >>> problem, cost = gl.Problem.isotropic(50), {"real": 1, "synthetic": 0.1}
        >>> found = gl.budget(problem, noise=1.0, labeler_noise=1.0, cost=cost, money=100)
        >>> sorted(found.to_dict()["real_only"])
        ['cost', 'error', 'real', 'synthetic']
        """
        plain = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        for name, value in plain.items():
            if isinstance(value, Mixes):
                plain[name] = {key: each.tolist() for key, each in value._asdict().items()}
            elif isinstance(value, Mix | Powered | Prices):
                plain[name] = value._asdict()
            elif isinstance(value, tuple):
                plain[name] = list(value)
        return plain | {"metric": METRIC}

    def _table(self) -> dict[str, npt.NDArray[Any]]:
        return self.curve._asdict() | {"error_real_only": self.curve_real_only.error}

    def _draw(self, ax: Axes) -> None:
        from matplotlib.ticker import LogLocator, NullFormatter

        first, second = plots.colours(2)
        alone, mixed = self.curve_real_only, self.curve
        ax.plot(alone.money, alone.error, color=first, label="real rows alone")
        ax.plot(mixed.money, mixed.error, color=second, label="best mix")
        ax.plot(self.cost, self.error, "o", ms=9, mfc="none", mew=2, color=plots.INK,
                label=f"{self.real:,} real, {self.synthetic:,} synthetic")  # fmt: skip
        ax.axhline(self.noise, color="0.2", lw=0.8, ls=":", label="label noise")
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:,g}")
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_xlabel("money")
        ax.set_ylabel(METRIC)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, fontsize="small")
        plots.name_table(ax, self.target, self.source)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Budget):
            return NotImplemented
        return repr(self.to_dict()) == repr(other.to_dict())

    def __hash__(self) -> int:
        return hash((self.real, self.synthetic, self.cost, self.source, self.target))

    def _title(self) -> str:
        return f"Budget({self.source}: {self.real:,} real and {self.synthetic:,} synthetic rows for {number(self.cost)})"

    def rows(self) -> list[list[float]]:
        """What is advised for other amounts of money: every third of the curve, and the answer.

        Columns are money, rows of both kinds, error and ratio to real rows alone.
        """
        money = self.limit if self.wanted == "money" else self.cost
        found = [[money, float(self.real), float(self.synthetic), self.error, self.ratio]]
        for k in range(0, self.curve.money.size, 3):
            mix, alone = self.curve.row(k), self.curve_real_only.row(k)
            ratio = mix.error / alone.error if alone.error > 0 else math.nan
            if not 1 - ratio >= WORTH_IT:
                mix, ratio = alone, 1.0
            found.append([float(self.curve.money[k]), mix.real, mix.synthetic, mix.error, ratio])
        return sorted(found)

    def _repr_html_(self) -> str:
        headings = ["money", "real", "synthetic", "error", "over real alone"]
        notes = [*self.sentences, *(f"Warning: {text}" for text in self.warnings)]
        return _html.table(self._title(), headings, self.rows(), notes)

    def __repr__(self) -> str:
        lines = [self._title(), *(f"  {text}" for text in self.sentences)]
        return "\n".join(lines + [f"  warning: {text}" for text in self.warnings])
