"""Where the numbers of a law come from: a pilot of real rows, with synthetic ones or what is known of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._words import shown
from genloss.budgeting.law import MOST, Law
from genloss.budgeting.powered import PoweredLaw, powered_law
from genloss.errors import DataError, InvalidInputError
from genloss.estimate.standardise import Standardiser, unit_target
from genloss.plan import Plan
from genloss.spectrum import Spectral
from genloss.tables.table import Table
from genloss.theory.predict import predict
from genloss.weighing.apart import apart, excess
from genloss.weighing.pair import FEWEST_REAL, read_pair, real_table
from genloss.weighing.parents import COPIED
from genloss.weighing.rows import Rows, determined
from genloss.weighing.stacked import Fit, Moments, spanning

Array = npt.NDArray[np.float64]

_GRID = np.logspace(-4, 1, 11)
_UNSEEN = (
    "no synthetic row was seen: where the model's rows were advised on what was said of it alone, real tables "
    "gained nothing; a few hundred of its rows tell more"
)
_POINTS = 81  # numbers of rows at which a problem's learning curve is computed
_BEYOND = 1000  # as many times its dimension
_DIM = 1e4  # of one that is endless


@dataclass(frozen=True, eq=False)
class Pilot:
    """A law and where it comes from.

    Attributes
    ----------
    law : Law
    n, m : int
        Real and synthetic rows that it was read from; none for a problem.
    source, target : str
        The table and what is predicted.
    spread : float
        Standard error of the leave-one-out error of the real rows, as a share of it.
    powered : PoweredLaw or None
        Of prediction-powered inference, where the model's values on the real rows are known.
    notes, warnings : tuple of str
        What was done with the data, and what makes the answer weak.
    """

    law: Law
    n: int
    m: int
    source: str
    target: str
    spread: float = 0.0
    powered: PoweredLaw | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def with_predictions(real: Any, target: Any, missing: str, said: Any) -> tuple[Table, Array]:
    """The real table, and the model's values on its rows, which may be one of its columns.

    Raises
    ------
    InvalidInputError
        If there is no such column, or not one number for every row used.
    """
    table = real_table(real, target, missing)
    if isinstance(said, str):
        if said not in table.feature_names or said.partition("=")[0] in table.categories:
            raise InvalidInputError(
                f"predictions was {shown(said)}; real has no such column of numbers that vary"
            )
        at = table.feature_names.index(said)
        names = tuple(name for name in table.feature_names if name != said)
        values = table.features[:, at].copy()
        rest = np.ascontiguousarray(np.delete(table.features, at, axis=1))
        return replace(table, features=rest, feature_names=names), values
    values = _check.vector("predictions", said)
    if values.size != table.target.size:
        raise InvalidInputError(
            f"predictions had {values.size} entries; {table.target.size} rows of real are used, they must agree"
        )
    return table, values


def of_tables(
    real: Any,
    synthetic: Any,
    target: Any,
    missing: str,
    seed: int,
    most: int | None,
    said: Array | None = None,
) -> Pilot:
    """From a real and a synthetic table: both ridge fits at one penalty."""
    pair = read_pair(real, synthetic, target, missing)
    rows = Rows.of(pair, None, seed)
    stack = rows.stack
    two = apart(stack, rows.X_synthetic, rows.y_synthetic, rows.grid)
    own = Fit.of(stack.real)
    residual = stack.left_out(own, np.array([two.penalty * own.count]))[0]
    unit, warnings = rows.unit**2, list(pair.warnings)
    if (copied := rows.copied(seed)) > COPIED:
        warnings.append(
            f"the synthetic rows look like copies of the real ones (nearer to them in {copied:.0%} of pairs): "
            "what more of them would bring is not seen in a pilot that made them"
        )
    warnings += determined(float(np.mean(residual**2)), rows.y)
    law = _law(unit * _noise(residual, two.real), unit * two.real, two.n, most)
    made = _falls(unit * two.synthetic * two.m)
    law = replace(law, missed_by_synthetic=made, shift=unit * two.shift)
    name, own_unit = f"{pair.sources[0]} + {pair.sources[1]}", rows.unit
    powered = None
    if said is not None:
        powered = powered_law(
            rows.X, rows.y, said / own_unit, two.penalty, unit, law.noise, law.most
        )
    return Pilot(
        law,
        two.n,
        two.m,
        name,
        pair.target,
        _spread(residual),
        powered,
        pair.notes,
        tuple(warnings),
    )


def of_table(
    real: Any,
    target: Any,
    missing: str,
    labeler: tuple[float, float],
    most: int | None,
    said: Array | None = None,
) -> Pilot:
    """From real rows alone; ``labeler`` has the noise's standard deviation and the squared error it stays at.

    Where the model's values on the rows are known, their error takes the place of the latter.
    """
    table = real_table(real, target, missing)
    if table.target.size < FEWEST_REAL:
        raise DataError(
            f"real has {table.target.size} usable rows; at least {FEWEST_REAL} are needed"
        )
    y, unit = unit_target(table.target)
    X, y = Standardiser.of(table.features)(table.features), y - y.mean()
    if (span := spanning(X)) is not None:
        X = X @ span
    own = Fit.of(Moments.of(X, y))
    residuals = own.left_out(X, y, _GRID * own.count)
    at = int(np.argmin(np.mean(residuals**2, axis=1)))
    centred = X - own.mean
    missed = excess(own, X, residuals[at], float(_GRID[at]), centred.T @ centred / len(X))
    law = _law(unit**2 * _noise(residuals[at], missed), unit**2 * missed, len(y), most)
    noise, stays = labeler
    powered = None
    if said is not None:
        stays = max(float(np.mean((said - table.target) ** 2)) - law.noise - noise**2, 0.0)
        penalty = float(_GRID[at])
        powered = powered_law(X, y, said / unit, penalty, unit**2, law.noise, law.most)
    ratio = noise**2 / law.noise if law.noise > 0 else np.inf
    falls = _falls(ratio * unit**2 * missed * len(y) + (powered.model if powered else 0.0))
    signal, columns = max(unit**2 * float(np.mean(y**2)) - law.noise, 0.0), X.shape[1]

    def made(rows: Array) -> Array:
        """Labels without noise, too, need as many rows as columns: a share of the signal is missed before."""
        return np.asarray(falls(rows) + signal * np.maximum(1 - rows / columns, 0.0))

    law = replace(law, missed_by_synthetic=made, shift=stays)
    name, spread = table.target_name, _spread(residuals[at])
    told = determined(float(np.mean(residuals[at] ** 2)), y)
    warnings = (*table.warnings, *told, _UNSEEN)
    return Pilot(law, len(y), 0, table.source, name, spread, powered, table.notes, warnings)


def of_problem(
    problem: Spectral, noise: float, labeler: tuple[float, float], most: int | None
) -> Pilot:
    """From theory: the learning curve of ridge regression at its best penalty."""
    sd, stays = labeler
    own, made = _Curve.of(problem, noise), _Curve.of(problem, sd)
    limit = MOST if most is None else most
    law = Law(noise**2, own.missed, own.rows, made.missed, stays, 1, limit)
    return Pilot(law, 0, 0, "problem", "y")


@dataclass(frozen=True, eq=False)
class _Curve:
    """A falling curve between points, in logarithms; beyond the last one it falls as it did there."""

    logs: Array
    values: Array

    @classmethod
    def of(cls, problem: Spectral, noise: float) -> _Curve:
        """What ridge regression misses at its best penalty, by its rows."""
        dim = min(float(problem.directions.dim), _DIM)
        rows = np.unique(np.rint(np.geomspace(1, dim * _BEYOND, _POINTS)))
        plans = [Plan.replace(1, int(n), penalty="cv", noise=noise) for n in rows]
        risk = np.array([curve.risk[0] for curve in predict(problem, plans)])
        falling = np.minimum.accumulate(risk) * (1 - 1e-9 * np.arange(risk.size))
        return cls(np.log(rows), np.log(np.maximum(falling, 1e-300)))

    @property
    def slope(self) -> float:
        """Exponent at the end."""
        return float((self.values[-1] - self.values[-2]) / (self.logs[-1] - self.logs[-2]))

    def missed(self, rows: Array) -> Array:
        """The curve."""
        at = np.log(np.maximum(rows, 1.0))
        beyond = self.slope * np.maximum(at - self.logs[-1], 0.0)
        return np.asarray(np.exp(np.interp(at, self.logs, self.values) + beyond))

    def rows(self, missed: Array) -> Array:
        """Its inverse: no rows where even one has less."""
        at = np.log(missed)
        inside = np.interp(-at, -self.values, self.logs, left=-np.inf)
        beyond = np.maximum(self.values[-1] - at, 0.0) / max(-self.slope, 1e-3)
        return np.asarray(np.exp(np.minimum(inside + beyond, 60.0)))


def _law(noise: float, missed: float, n: int, most: int | None) -> Law:
    curve = _falls(missed * n)  # its own inverse
    return Law(noise, curve, curve, curve, 0.0, n, MOST if most is None else most)


def _falls(product: float) -> Callable[[Array], Array]:
    """What falls as one over the rows."""
    return lambda rows: product / np.maximum(rows, 1e-300)


def _noise(residual: Array, missed: float) -> float:
    """Leave-one-out error less what the fit misses."""
    known = residual[np.isfinite(residual)]
    return max(float(np.mean(known**2)) - missed, 0.0)


def _spread(residual: Array) -> float:
    """Relative standard error of the mean of squares."""
    squares = residual[np.isfinite(residual)] ** 2
    return float(squares.std(ddof=1) / (squares.mean() * squares.size**0.5))
