"""From two tables, a real and a synthetic one, to the weight of a synthetic row."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.estimate.kernels import Kernel, nystrom_features
from genloss.estimate.standardise import Standardiser, unit_target
from genloss.weighing.apart import SPREAD, apart
from genloss.weighing.held import check_regressor, parent_folds, with_estimator
from genloss.weighing.inputs import MOST, difference
from genloss.weighing.pair import Pair, read_pair
from genloss.weighing.parents import copies, parents
from genloss.weighing.result import Weighed, Worth
from genloss.weighing.sentences import Facts, advise
from genloss.weighing.stacked import WEIGHTS, Stack, spanning
from genloss.weighing.surface import Surface, chained, left_out

__all__ = ["Weighed", "weigh"]

Array = npt.NDArray[np.float64]

log_of = logging.getLogger("genloss")

MADE_FROM = ("unknown", "elsewhere", "these rows")
COPIED = 0.65
"""Share of pairs above which synthetic rows are copies of real ones."""

_GRID = np.logspace(-4, 1, 11)
"""Penalties of a linear model on standardised features."""
_KERNEL_GRID = np.logspace(-5, 0.5, 12)
"""Penalties of a kernel, as shares of the trace of its covariance."""
_LANDMARKS = 600


def weigh(
    real: Any,
    synthetic: Any,
    target: Any = None,
    *,
    made_from: str = "unknown",
    kernel: Any = None,
    estimator: Any = None,
    seed: int = 0,
    missing: str = "error",
) -> Weighed:
    """Say which weight synthetic rows deserve beside real ones, and what one of them is worth.

    Only real rows are scored, each left out of the fit that is scored on it, exactly. Of the weights
    that cannot be told from the best one (one paired standard error) the answer is the one nearest
    to what the noise of both tables and the shift between them ask for.

    Parameters
    ----------
    real, synthetic : path, frame, Table, array or pair (X, y)
        The two tables, as `load_table` reads them. The second is encoded as the first: categories
        that the first does not have are left out, and said.
    target : str or int, optional
        The target column; not for pairs.
    made_from : {"unknown", "elsewhere", "these rows"}, default "unknown"
        Whether the synthetic rows were made from these very real rows (by a model fitted on them, a
        copula, a jitter). They then hold the labels that are left out, and what made them has to
        lose the row too. With "unknown" both answers are given.
    kernel : {None, "linear", "rbf", "polynomial"} or Kernel, optional
        None for ridge on standardised features; else kernel ridge, by up to 600 Nystrom features.
    estimator : scikit-learn regressor, optional
        Instead of ridge: any that takes ``sample_weight``, scored on 5 folds of the real rows at six
        weights. What a row is worth, and how the tables differ, is then still told by ridge.
    seed : int, default 0
        Seed of folds, landmarks and samples.
    missing : {"error", "drop"}, default "error"
        Whether rows with missing values are refused or dropped, in both tables.

    Returns
    -------
    Weighed
        ``weight``, ``plausible`` range, ``error`` against ``weights``, ``worth`` and ``advice``.

    Raises
    ------
    DataError
        If a table cannot be used, or the second lacks a column of the first.
    InvalidInputError
        If an argument is not allowed.

    Notes
    -----
    How it does on real tables is on `weigh.md` 5; the formulas are in sections 2 to 4.

    Examples
    --------
    >>> import genloss as gl, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(550, 10))
    >>> y = X.sum(axis=1) + 2 * rng.normal(size=550)
    >>> found = gl.weigh((X[:50], y[:50]), (X[50:], y[50:]), made_from="elsewhere")
    >>> found.weight > 0.1, found.advice.augment
    (True, True)
    """
    made_from = _check.choice("made_from", made_from, MADE_FROM)
    chosen = Kernel.of(kernel)
    seed = _check.integer("seed", seed, minimum=0)
    missing = _check.choice("missing", missing, ("error", "drop"))
    if estimator is not None:
        if chosen is not None:
            raise InvalidInputError("kernel was given beside estimator; leave one of them out")
        check_regressor(estimator)
    pair = read_pair(real, synthetic, target, missing)
    rows = Rows.of(pair, chosen, seed)
    log_of.info("%d real and %d synthetic rows are weighed", len(rows.y), len(rows.y_synthetic))
    return _weighed(rows, pair, chosen, estimator, made_from, seed)


@dataclass(frozen=True, eq=False)
class Rows:
    """Both tables, standardised by the real one, as a model sees them.

    Attributes
    ----------
    plain, X : ndarray of shape (n, p) and (n, q)
        Real rows as standardised columns, and as features of the model.
    plain_synthetic, X_synthetic : ndarray of shape (m, p) and (m, q)
        Synthetic ones.
    y, y_synthetic : ndarray of shape (n,) and (m,)
        Labels about the real mean, in ``unit``.
    unit : float
        What labels were divided by.
    grid : ndarray of shape (q,)
        Penalties that are tried.
    """

    plain: Array
    plain_synthetic: Array
    X: Array
    X_synthetic: Array
    y: Array
    y_synthetic: Array
    unit: float
    grid: Array

    @classmethod
    def of(cls, pair: Pair, kernel: Kernel | None, seed: int) -> Rows:
        """Standardise, and map to the features of a kernel if there is one."""
        _, unit = unit_target(pair.y)
        level = float(np.mean(pair.y))
        standardise = Standardiser.of(pair.X)
        plain, other = standardise(pair.X), standardise(pair.X_synthetic)
        everything, grid = np.vstack([plain, other]), _GRID
        if kernel is not None:
            features = nystrom_features(everything, kernel, _LANDMARKS, seed)(everything)
            features -= features[: len(plain)].mean(axis=0)
            everything = features
            grid = _KERNEL_GRID * float(np.mean(np.sum(features[: len(plain)] ** 2, axis=1)))
        elif (span := spanning(everything)) is not None:
            everything = everything @ span
        return cls(
            plain=plain,
            plain_synthetic=other,
            X=everything[: len(plain)],
            X_synthetic=everything[len(plain) :],
            y=(pair.y - level) / unit,
            y_synthetic=(pair.y_synthetic - level) / unit,
            unit=unit,
            grid=grid,
        )

    @property
    def stack(self) -> Stack:
        """Real rows, and sums over the synthetic ones."""
        return Stack.of(self.X, self.y, self.X_synthetic, self.y_synthetic)

    def copied(self, seed: int) -> float:
        """Share of pairs in which a synthetic row is nearer to the real rows than a real one is."""
        rng = np.random.default_rng(seed)
        own = rng.permutation(len(self.y))[: 5 * MOST]
        shown = rng.permutation(len(self.y_synthetic))[:MOST]
        return copies(
            self.plain[own], self.y[own], self.plain_synthetic[shown], self.y_synthetic[shown]
        )

    def parents(self) -> npt.NDArray[np.intp]:
        """The real row nearest to every synthetic one."""
        return parents(self.plain, self.y, self.plain_synthetic, self.y_synthetic)


def judged(rows: Rows, made_from: str, copied: bool, seed: int) -> tuple[Surface, str]:
    """Errors of ridge against the weight, and what they are called."""
    if made_from == "these rows" and copied:
        real, synthetic = (rows.X, rows.y), (rows.X_synthetic, rows.y_synthetic)
        found = parent_folds(real, synthetic, rows.parents(), WEIGHTS, rows.grid, seed)
        return found, "folds with the rows made from them"
    if made_from == "these rows":
        return chained(rows.stack, WEIGHTS, rows.grid), "leave-one-out of the chain"
    return left_out(rows.stack, WEIGHTS, rows.grid), "leave-one-out"


def _weighed(
    rows: Rows, pair: Pair, kernel: Kernel | None, estimator: Any, made_from: str, seed: int
) -> Weighed:
    stack, warnings = rows.stack, list(pair.warnings)
    copied = rows.copied(seed)
    two = apart(stack, rows.X_synthetic, rows.y_synthetic, rows.grid)
    made, plain = (rows.X_synthetic, rows.y_synthetic), (rows.plain, rows.plain_synthetic)
    seen = difference(stack, made, plain, two.penalty, seed)
    origin, telltale = made_from, ""
    if copied > COPIED:
        telltale = f"look like copies of real ones (nearer to them in {copied:.0%} of pairs)"
    elif seen.too_alike:
        telltale = (
            "are more like these real rows than others of their kind would be (area "
            f"{seen.auc:.2f} under the curve, where a half is alike)"
        )
    if telltale and made_from == "elsewhere":
        warnings.append(f"the synthetic rows {telltale}; they can hardly come from elsewhere")
    if telltale and made_from == "unknown":
        origin = "these rows"
        warnings.append(f"the synthetic rows {telltale}; taken as made from them")
    if estimator is None:
        found, judge = judged(rows, origin, copied > COPIED, seed)
        place = found.least if origin == "these rows" else found.nearest(two.worth)
    else:
        whose = rows.parents() if origin == "these rows" else None
        real, others = (pair.X, rows.y), (pair.X_synthetic, rows.y_synthetic)
        found, judge = with_estimator(estimator, real, others, whose, seed), "5 folds"
        place = found.least
    other = None
    if origin == "unknown" and estimator is None:
        other = judged(rows, "these rows", copied > COPIED, seed)[0]
    worth = Worth(two.worth, two.worth / SPREAD, two.worth * SPREAD)
    factors = two.noise_factor, two.shift_factor
    if origin == "these rows":  # noise and shift are then seen on the rows that made them
        worth, factors = Worth(*3 * (float("nan"),)), 2 * (float("nan"),)
    n, m = len(rows.y), len(rows.y_synthetic)
    squares = found.residuals**2 * rows.unit**2
    apart_from_least = (squares - squares[found.least]).std(axis=1, ddof=1) / np.sqrt(n)
    return Weighed(
        weight=float(found.weights[place]),
        weights=found.weights,
        error=squares.mean(axis=1),
        stderr=apart_from_least,
        plausible=found.plausible,
        penalty=float(found.penalties[place]),
        penalties=found.penalties,
        worth=worth,
        noise_factor=factors[0],
        shift_factor=factors[1],
        advice=advise(Facts(found, place, worth, factors, seen, origin, other, n, m)),
        alternative=None if other is None else float(other.weights[other.least]),
        made_from=made_from,
        judged_by=judge,
        copies=copied,
        difference=seen,
        n_real=n,
        n_synthetic=m,
        model=_name(kernel, estimator),
        sources=pair.sources,
        target=pair.target,
        notes=pair.notes,
        warnings=tuple(warnings),
    )


def _name(kernel: Kernel | None, estimator: Any) -> str:
    if estimator is not None:
        return type(estimator).__name__
    return "ridge" if kernel is None else f"{kernel.name} kernel ridge"
