"""From a user's own data to the error of every model of a plan, predicted and then measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss.curve import Curve
from genloss.data.advice import Advice, advise
from genloss.data.chain import measure
from genloss.data.correction import Correction, Expected, Theory, parallel
from genloss.data.estimation import (
    MOST_ROWS,
    Estimate,
    Standardiser,
    estimate_standardised,
    nystrom_features,
)
from genloss.data.kernels import Kernel
from genloss.data.streaming import LargeTable, StreamedTable, open_table, stream_note
from genloss.data.tables import Table
from genloss.errors import DataError, InvalidInputError
from genloss.plan import Plan
from genloss.predict import predict
from genloss.problem import Problem
from genloss.tune import tune

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]
Sample = tuple[Array, Array]

METRIC = "mean squared error on real labels"

WIDE = 0.25  # band beyond which a warning says that single runs differ
_MOST_SEEN = 12_000
_MOST_TEST = 6_000
_EXACT_KERNEL = 4_000  # rows per fit up to which kernel ridge is solved exactly
_LANDMARKS = 2_000
_FEWEST_ROWS = 40


@dataclass(frozen=True, eq=False, repr=False)
class Forecast:
    """What becomes of a user's model when it is retrained according to a plan.

    Attributes
    ----------
    predicted : Curve
        Error of every model as forecast from the rows seen.
    measured : Curve
        The same, with the plan run literally on rows held out, averaged over ``trials`` runs; its
        standard error is that over runs, for the held-out rows there are.
    low, high : ndarray of shape (n_models,)
        Band in which a single run's error is expected (about 95 %).
    baseline : float
        Mean squared error of always answering the target's mean.
    noise : float
        Standard deviation of what the model class cannot explain of a real label, estimated.
    problem : Problem
        Estimated problem, on standardised features and without the intercept.
    advice : Advice
        When the error doubles, which penalty is best, how many real labels are needed.
    plan : Plan
        The plan that was forecast.
    kernel : Kernel or None
        The kernel; None for a linear model.
    source, target : str
        Where the data came from.
    rows : dict
        Number of rows ``seen`` by the forecast, in the ``pool`` of the measured chain and in the
        ``test`` set.
    notes : tuple of str
        What was done to the data.
    """

    predicted: Curve
    measured: Curve
    low: Array
    high: Array
    baseline: float
    noise: float
    problem: Problem
    advice: Advice
    plan: Plan
    kernel: Kernel | None
    source: str
    target: str
    rows: dict[str, int]
    notes: tuple[str, ...]

    @property
    def relative_error(self) -> Array:
        """``predicted / measured - 1`` of every model."""
        return self.predicted.risk / self.measured.risk - 1

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw prediction with its band, and measurement with its error bars.

        Examples
        --------
        >>> import genloss as gl, sklearn.datasets
        >>> outlook = gl.forecast(*sklearn.datasets.load_diabetes(return_X_y=True))
        >>> outlook.plot().get_xlabel()
        'model (0 is trained on real labels)'
        """
        from genloss.plots import plot_forecast

        return plot_forecast(self, ax=ax)

    def to_frame(self, backend: str | None = None) -> Any:
        """One row per model: predicted, low, high, measured, stderr.

        Examples
        --------
        >>> import genloss as gl, sklearn.datasets
        >>> outlook = gl.forecast(*sklearn.datasets.load_diabetes(return_X_y=True))
        >>> list(outlook.to_frame("pandas").columns)
        ['model', 'predicted', 'low', 'high', 'measured', 'stderr']
        """
        from genloss.data.frames import frame

        return frame(self._columns(), backend)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for machines."""
        columns = {name: values.tolist() for name, values in self._columns().items()}
        return {
            "source": self.source,
            "target": self.target,
            "metric": METRIC,
            "rows": dict(self.rows),
            "kernel": None if self.kernel is None else self.kernel.name,
            "plan": self.plan.to_dict(),
            "baseline": self.baseline,
            "estimated_noise": self.noise,
            "models": columns,
            "median_relative_error": float(np.median(np.abs(self.relative_error))),
            "advice": {**vars(self.advice), "sentences": self.advice.sentences(self.plan)},
            "warnings": list(self.predicted.warnings + self.measured.warnings),
            "notes": list(self.notes),
        }

    def _columns(self) -> dict[str, npt.NDArray[Any]]:
        assert self.measured.stderr is not None
        return {
            "model": np.arange(self.plan.n_models),
            "predicted": self.predicted.risk,
            "low": self.low,
            "high": self.high,
            "measured": self.measured.risk,
            "stderr": self.measured.stderr,
        }

    def __repr__(self) -> str:
        error = float(np.median(np.abs(self.relative_error)))
        lines = [f"Forecast({self.source}, {self.plan.n_models} models, {METRIC})"]
        for t, (said, found) in enumerate(
            zip(self.predicted.risk, self.measured.risk, strict=True)
        ):
            lines.append(f"  model {t:>2}: predicted {said:.5g}, measured {found:.5g}")
        lines.append(f"  median difference {error:.1%}")
        return "\n".join(lines + [f"  {text}" for text in self.advice.sentences(self.plan)])


def forecast(
    X: Any,
    y: Any = None,
    plan: Plan | None = None,
    kernel: Any = None,
    seed: int = 0,
    *,
    trials: int = 5,
    tune_penalty: bool | None = None,
    missing: str = "error",
    stream: bool | None = None,
    cluster: str | None = None,
) -> Forecast:
    """Forecast what a retraining plan does to a model of your data, and check it on held-out rows.

    Parameters
    ----------
    X : array_like of shape (n_rows, dim), path, data frame, Bunch or Table
        The features; or a table that holds features and target.
    y : array_like of shape (n_rows,) or str, optional
        The real labels; or the name of the target column of a table.
    plan : Plan, optional
        Default: 10 models on up to 1,000 rows each, relabelled by the previous model without added
        noise, with the penalty that is best for the first. A plan's ``noise`` is what is added to
        labels that models make, in units of the target; real labels carry their own.
    kernel : {None, "linear", "rbf", "polynomial"} or Kernel, optional
        None for a linear model. Features are standardised, the intercept is not penalised, and gamma
        is 1 / dim unless given. Fits on more than 4,000 rows use 2,000 Nystrom features.
    seed : int, default 0
        Seed of all splits and runs.
    trials : int, default 5
        Number of literal runs, at least 2.
    tune_penalty : bool, optional
        Whether to replace the plan's penalties by the one that is best for its first model, as one
        would tune it on real data; default: only if no plan is given.
    missing : {"error", "drop", "mean"}, default "error"
        What to do about missing values of a table.
    stream : bool, optional
        Whether to read Parquet block by block; default: from 16 million cells (rows times columns)
        on. All rows then give a linear model's estimate, a random sample of them the rest.
    cluster : str, optional
        Where a stream is read: "processes", or the address of a Dask scheduler.

    Returns
    -------
    Forecast
        ``predicted`` and ``measured`` curves of the mean squared error on real labels, in squared
        units of the target, label noise included; ``noise``, ``problem`` and ``advice``.

    Raises
    ------
    DataError
        If the table cannot be used, or has fewer rows than the plan needs.
    NoTheoryError
        If `predict` has no theory for the plan.
    InvalidInputError
        If an argument is out of range.

    Notes
    -----
    The rows are split three ways. From the seen rows alone, the problem is estimated (`theory.md`
    2.2, 2.12) and its state evolution computed; then the plan is rehearsed on those same rows, and
    the theory is corrected by the ratio of both, because real features are not Gaussian. Nothing of
    the measured chain enters: it runs on other rows and is scored on yet others.

    Examples
    --------
    >>> import genloss as gl, sklearn.datasets
    >>> X, y = sklearn.datasets.load_diabetes(return_X_y=True)
    >>> outlook = gl.forecast(X, y, gl.Plan.replace(5, 60, penalty=0.1))
    >>> outlook.predicted.n_models
    5
    """
    table = open_table(X, y, missing, stream, cluster)
    chosen = Kernel.of(kernel)
    seed = _check.integer("seed", seed, minimum=0)
    trials = _check.integer("trials", trials, minimum=2)
    if plan is not None and not isinstance(plan, Plan):
        raise InvalidInputError(f"plan was {type(plan).__name__}; it must be a Plan")
    n_rows = table.most_sampled if isinstance(table, LargeTable) else table.target.size
    if n_rows < _FEWEST_ROWS:
        raise DataError(f"the table has {n_rows} rows; a forecast needs at least {_FEWEST_ROWS}")
    tune_penalty = plan is None if tune_penalty is None else tune_penalty
    if plan is None:
        plan = Plan.replace(10, default_rows(n_rows))
    _check_plan(plan)
    split_rng, rehearsal_seed, run_seed, stream_seed = np.random.SeedSequence(seed).spawn(4)
    if isinstance(table, LargeTable):
        needed = _MOST_TEST + _MOST_SEEN + int(plan.n_samples.sum())
        table = table.read(max(needed, 5 * _MOST_TEST), stream_seed, linear=chosen is None)
    seen, held_out, sizes, streamed = _split(table, plan, np.random.default_rng(split_rng))
    features = chosen
    if chosen is not None and plan.n_samples.max() > _EXACT_KERNEL:
        landmarks = nystrom_features(seen[0], chosen, _LANDMARKS, seed)
        seen, held_out = ((landmarks(part[0]), part[1]) for part in (seen, held_out))
        features = None

    few = seen[0][:MOST_ROWS], seen[1][:MOST_ROWS]
    estimated = streamed or estimate_standardised(*few, features)
    problem = Problem(estimated.spectrum, estimated.truth, gaussian=False)
    theory = Theory.of(problem, estimated.noise)
    penalties = (1e-9 * problem.spectrum.sum(), 100 * problem.spectrum.sum())
    if tune_penalty:
        first = theory.ready(Plan(plan.generations[:1]))
        plan = plan.with_penalty(tune(theory.problem, first, penalties=penalties).plan.penalty[0])
    predict(theory.problem, plan)  # a plan without theory is refused before the long work

    correct = Correction(theory, *seen, features, rehearsal_seed)
    expected = correct(plan)
    runs = parallel(
        lambda stream: measure(
            plan, *held_out, features, sizes["test"], np.random.default_rng(stream)
        ),
        run_seed.spawn(trials),
    )
    low, high = (expected.error * np.exp(sign * 2 * expected.spread) for sign in (-1, 1))
    advice = advise(theory, correct, plan, expected, penalties)
    return Forecast(
        predicted=Curve(
            risk=expected.error,
            method="theory, corrected by a rehearsal on seen rows",
            warnings=_warnings(plan, seen, expected),
            metric=METRIC,
        ),
        measured=Curve(
            risk=runs.mean(axis=0),
            stderr=runs.std(axis=0, ddof=1) / np.sqrt(trials),
            method=f"literal chain on held-out rows, {trials} runs",
            warnings=_check_measured(plan, sizes, low, high, runs.mean(axis=0)),
            metric=METRIC,
            trials=trials,
        ),
        low=low,
        high=high,
        baseline=float(held_out[1].var()),
        noise=estimated.noise,
        problem=problem,
        advice=advice,
        plan=plan,
        kernel=chosen,
        source=table.source,
        target=table.target_name,
        rows=sizes,
        notes=table.notes
        + stream_note(table, streamed)
        + (("the penalty is the best one for model 0",) if tune_penalty else ()),
    )


def default_rows(n_rows: int) -> int:
    """Rows per generation that a table of ``n_rows`` has enough of: a round number up to 1,000."""
    rows = min(1000, n_rows // 8)
    return rows // 50 * 50 if rows >= 100 else max(rows // 5 * 5, 5)


def _check_plan(plan: Plan) -> None:
    for model, generation in enumerate(plan):
        if generation.features is not None:
            raise InvalidInputError(
                f"features of model {model} was {generation.features}; a forecast is of linear "
                "and kernel models, leave it out"
            )
        if generation.subsample is not None:
            raise InvalidInputError(
                f"subsample of model {model} was {generation.subsample}; a forecast is of fits to "
                "their own rows or to all rows so far, leave it out"
            )
        for source in generation.sources:
            if source.covariance is not None or source.weight != 1:
                raise InvalidInputError(
                    f"a source of model {model} has a weight or covariance of its own; "
                    "a forecast needs plain rows (weight 1, covariance of the data)"
                )
            if source.real_noise is not None:
                raise InvalidInputError(
                    f"real_noise of a source of model {model} was {source.real_noise}; in a "
                    "forecast real labels carry the data's own noise, leave it out"
                )


def _split(
    table: Table, plan: Plan, rng: np.random.Generator
) -> tuple[Sample, Sample, dict[str, int], Estimate | None]:
    """Rows seen and held out, their numbers, and what a stream says of all but the held-out."""
    order = rng.permutation(table.target.size)
    n_test = min(order.size // 5, _MOST_TEST)
    left = order.size - n_test
    n_pool = min(int(plan.n_samples.sum()), left // 2)
    largest = int(plan.n_samples.max())
    if largest > n_pool:
        raise DataError(
            f"the plan needs {largest} rows in one generation; the table's {order.size} rows leave "
            f"{n_pool} for the measured chain (a fifth tests, half of the rest is seen by the "
            "forecast): give more data or lower n_samples"
        )
    seen = order[: min(left - n_pool, _MOST_SEEN)]
    held_out = order[seen.size :]
    standardise, streamed = Standardiser.of(table.features[seen]), None
    if isinstance(table, StreamedTable):
        standardise, streamed = table.apart_from(held_out)
    samples = [(standardise(table.features[rows]), table.target[rows]) for rows in (seen, held_out)]
    sizes = {"seen": seen.size, "pool": held_out.size - n_test, "test": n_test}
    return samples[0], samples[1], sizes, streamed


def _warnings(plan: Plan, seen: Sample, expected: Expected) -> tuple[str, ...]:
    found = []
    n_seen = seen[1].size
    if plan.n_samples.max() > n_seen // 2:
        found.append(
            f"n_samples exceeds half of the {n_seen} rows seen: the forecast leans on a smaller plan"
        )
    if np.expm1(2 * np.max(expected.spread)) > WIDE:
        found.append(
            f"single runs differ by more than {WIDE:.0%}: rare rows decide the error, take the band "
            "rather than the number (a target with a few very large values: try its logarithm)"
        )
    if expected.error[0] < 1e-9 * seen[1].var():
        found.append("the features determine the target exactly: is a copy of it among them?")
    return tuple(found)


def _check_measured(
    plan: Plan, sizes: dict[str, int], low: Array, high: Array, measured: Array
) -> tuple[str, ...]:
    found = []
    fresh = sum(g.n_samples for g in plan if g.design == "fresh")
    if fresh > min(sizes["pool"], sizes["seen"]):
        found.append(
            f"the plan needs {fresh} rows, the forecast saw {sizes['seen']} and the measured chain "
            f"had {sizes['pool']}: late generations meet rows again in both, which degrades less than "
            "fresh rows would"
        )
    outside = int(np.sum((measured < low) | (measured > high)))
    if outside:
        found.append(
            f"the measured error of {outside} of {measured.size} models is outside the forecast's band"
        )
    return tuple(found)
