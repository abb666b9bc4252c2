"""What a loop does where nothing is wrong: rehearsed on one's own rows with model 0 as the truth."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from genloss._fits import cloned, innermost
from genloss.outlook.measured.learners import seeded, taught
from genloss.outlook.ridge import Design

Array = npt.NDArray[np.float64]
Model = Callable[[Array], Array]
"""From rows (n, p) to labels (n,), or to chances (n, classes)."""
Learner = Callable[[Array, Array], Model]

_NOTHING = 1e-6
"""Change, as a share of the error of model 0, that can raise it by no more than 0.2 %."""

_DIGITS = 1e-12  # of what models say squared, from which on it is how they are written down


class Labelling(Protocol):
    """How labels follow from what is said of rows."""

    def real(self, said: Array, rng: np.random.Generator) -> Array:
        """Real labels, where the truth says so much."""

    def made(self, said: Array, rng: np.random.Generator) -> Array:
        """Labels that a model makes."""


@dataclass(frozen=True)
class Round:
    """What one round does.

    Attributes
    ----------
    n_samples : int
        Rows of the fit.
    real : float
        Share of them with real labels.
    noise : float
        Standard deviation of noise on labels that models make.
    """

    n_samples: int
    real: float = 0.0
    noise: float = 0.0


@dataclass(frozen=True, eq=False)
class Rehearsed:
    """Rehearsals of every round.

    Attributes
    ----------
    log_change, log_drift : ndarray of shape (R, T)
        Logarithm of ``mean (f_t - f_(t-1))**2`` and of ``mean (f_t - f_0)**2`` on the watched rows, in chains
        that start at model 0.
    straightness : ndarray of shape (T,)
        Mean drift over the mean sum of changes.
    factor : ndarray of shape (B, T)
        Rise of the error over drift, in chains with a model 0 of their own, for which the real one is the truth;
        1 where they do not drift.
    nothing : float
        Change or drift below which all are alike: rounding, of computation or of predictions in a file.
    error : float
        Largest error that model 0 may have.
    """

    log_change: Array
    log_drift: Array
    straightness: Array
    factor: Array
    nothing: float = float(np.finfo(np.float64).tiny)
    error: float = float(np.finfo(np.float64).max)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return {name: np.asarray(value).tolist() for name, value in vars(self).items()}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Rehearsed:
        """Read what `to_dict` writes."""
        values: dict[str, Any] = {
            name: np.array(value) if isinstance(value, list) else float(value)
            for name, value in plain.items()
        }
        return cls(**values)

    @property
    def log_straightness(self) -> Array:
        """Logarithm (R, T) of drift over the sum of changes, of every chain."""
        return np.asarray(self.log_drift - np.logaddexp.accumulate(self.log_change, axis=1))

    @property
    def still(self) -> npt.NDArray[np.bool_]:
        """Rounds (T,) at which no rehearsal has drifted."""
        return np.asarray((self.log_drift <= np.log(self.nothing)).all(axis=0))

    @property
    def rounds(self) -> int:
        """Rounds that were rehearsed; later ones are held against the last."""
        return int(self.log_change.shape[1])


def rehearse(
    model: Model,
    X: Array,
    watched: Array,
    labelling: Labelling,
    learn: Learner,
    every: Round,
    *,
    error: float,
    rounds: int,
    rehearsals: int,
    seed: int,
    progress: bool = False,
) -> Rehearsed:
    """Run chains in which the deployed model 0 is the truth.

    Parameters
    ----------
    model : callable
        Model 0.
    X, watched : ndarray of shape (n, p) and (w, p)
        Real rows, from which inputs are drawn again; rows on which models are compared.
    labelling : Labelling
        What real labels are about model 0, and what models make of what they say.
    learn : callable
        ``learn(rows, labels)``: a model.
    every : Round
        What a round does.
    error : float
        Largest error that model 0 may have.
    rounds, rehearsals, seed : int
        Length and number of the chains, and their seed.
    progress : bool
        Whether to say on standard error how far it is.
    """
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(rehearsals)]
    truth = model(watched)

    def chain(rng: np.random.Generator, own: bool) -> Array:
        """What models say of the watched rows, shape (rounds + 1, w times classes)."""
        now, said = model, [truth]
        if own:
            rows = X[rng.integers(len(X), size=every.n_samples)]
            now = learn(rows, labelling.real(model(rows), rng))
            said = [now(watched)]
        for _ in range(rounds):
            rows = X[rng.integers(len(X), size=every.n_samples)]
            labels = labelling.made(now(rows), rng)
            if real := round(every.real * len(rows)):
                labels[:real] = labelling.real(model(rows[:real]), rng)
            now = learn(rows, labels)
            said.append(now(watched))
        return np.array(said).reshape(rounds + 1, -1)

    def size(moved: Array) -> Array:
        """Mean square over rows, summed over classes."""
        return np.asarray(np.sum(moved**2, axis=-1) / len(watched))

    few = streams[: max(rehearsals // 2, 3)]
    with _bar(progress, len(streams) + len(few)) as advance:

        def told(rng: np.random.Generator, own: bool) -> Array:
            said = chain(rng, own)
            advance(1)
            return said

        chains = np.array([told(rng, False) for rng in streams])
        own = np.array([told(rng, True) for rng in few])
    changes, drifts = size(np.diff(chains, axis=1)), size(chains[:, 1:] - chains[:, :1])
    away, own_drift = size(own - truth.ravel()), size(own[:, 1:] - own[:, :1])
    digits = _DIGITS * float(size(truth.ravel()))
    nothing = max(_NOTHING * error, digits, float(np.finfo(np.float64).tiny))
    changes, drifts = np.maximum(changes, nothing), np.maximum(drifts, nothing)
    return Rehearsed(
        log_change=np.log(changes),
        log_drift=np.log(drifts),
        straightness=drifts.mean(axis=0) / np.cumsum(changes, axis=1).mean(axis=0),
        factor=np.where(
            own_drift > nothing, (away[:, 1:] - away[:, :1]) / np.maximum(own_drift, nothing), 1.0
        ),
        nothing=nothing,
        error=error,
    )


def _bar(show: bool, total: int) -> AbstractContextManager[Callable[[int], None]]:
    if not show:
        return nullcontext(lambda _: None)
    from genloss._progress import progress_bar

    return progress_bar("rehearsing", total)


class Ridge:
    """Ridge on columns standardised by the real rows, its penalty fixed or chosen anew at every fit.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        The real rows.
    penalty : float or None
        The penalty; None to choose it by leave-one-out at every fit.
    """

    def __init__(self, X: Array, penalty: float | None) -> None:
        self.mean, scale = X.mean(axis=0), X.std(axis=0)
        self.scale = np.where(scale > 0, scale, np.inf)
        self.penalty = penalty

    def standard(self, rows: Array) -> Array:
        """Rows on the real rows' scale."""
        return np.asarray((rows - self.mean) / self.scale)

    def penalty_of(self, design: Design, labels: Array) -> float:
        """The penalty of a fit."""
        return design.best(labels) if self.penalty is None else self.penalty

    def __call__(self, rows: Array, labels: Array) -> Model:
        """The model of some rows."""
        design = Design.of(self.standard(rows), None)
        models = design.fit(labels[:, None], np.array([self.penalty_of(design, labels)]))
        return lambda X: models(self.standard(X))[:, 0]


class Estimator:
    """Any scikit-learn regressor or classifier, cloned for every fit.

    Parameters
    ----------
    estimator : object
        What is cloned; parts without a random state get one.
    n_classes : int
        Of labels that are vectors; 0 for numbers.
    seed : int
        Seed of these states.
    """

    def __init__(self, estimator: Any, n_classes: int = 0, seed: int = 0) -> None:
        self._estimator, self._n_classes = estimator, n_classes
        self._rng = np.random.default_rng(seed)
        self.name = type(innermost(estimator)).__name__

    def __call__(self, rows: Array, labels: Array) -> Model:
        """The model of some rows."""
        model = seeded(cloned(self._estimator), self._rng)
        says = taught(model, rows, labels.reshape(len(rows), -1), None, self._n_classes)[1]
        return says if self._n_classes else lambda X: says(X)[:, 0]


def scatter_of(X: Array, y: Array, learn: Learner, seed: int) -> float:
    """Standard deviation of real labels about a model that has not seen them, by five folds."""
    fold = np.random.default_rng(seed).permutation(len(y)) % 5
    missed = np.empty(len(y))
    for turn in range(5):
        held = fold == turn
        missed[held] = y[held] - learn(X[~held], y[~held])(X[held])
    return float(np.sqrt(np.mean(missed**2)))
