"""A live loop's rounds, kept in a file and read without labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._fits import check_fits
from genloss._named import estimator_of
from genloss.errors import InvalidInputError
from genloss.watching.chain import Origin, Step
from genloss.watching.reading import ALPHA, Reading, Told, read
from genloss.watching.rehearsal import (
    Estimator,
    Rehearsed,
    Ridge,
    Round,
    rehearse,
    scatter_of,
)
from genloss.watching.store import Store
from genloss.watching.target import (
    Classes,
    Numbers,
    Target,
    check_squares,
    is_text,
    target_of,
)

__all__ = ["Monitor", "Reading"]

Array = npt.NDArray[np.float64]

_FEWEST = 10  # rows
_MOST_ROUNDS, _MOST_REHEARSALS = 10_000, 10_000  # every round of every rehearsal is a fit


class Monitor:
    """Watch a loop of models that are retrained on labels of their predecessors.

    Every round is its model's predictions for one fixed set of rows, which need no labels. They are held against
    rehearsals: chains run once, at the start, on your own real rows with model 0 as the truth.

    Parameters
    ----------
    path : str or Path
        An SQLite file, made at the start. Several processes may write to it; a round that was acknowledged
        survives whatever is killed.

    Notes
    -----
    The meter, the alarm and what they miss are on `monitor.md` 2 to 4.

    Examples
    --------
    >>> import genloss as gl, numpy as np, tempfile, pathlib
    >>> rng = np.random.default_rng(0)
    >>> X, rows = rng.normal(size=(200, 4)), rng.normal(size=(100, 4))
    >>> monitor = gl.Monitor(pathlib.Path(tempfile.mkdtemp()) / "runs.db")
    >>> y = X.sum(axis=1) + rng.normal(size=200)
    >>> monitor.start(X, y, rows, n_samples=100, noise=1.0, rounds=3)
    >>> monitor.append(rows.sum(axis=1) + 3 * rows[:, 0])
    1
    >>> monitor.read().alarm
    True
    """

    def __init__(self, path: str | Path) -> None:
        self.path = _check.path("path", path)
        self._store = Store(self.path)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of inputs, once it is started; none where they are not known."""
        origin = self._store.origin()
        return () if origin is None else tuple(map(str, origin.columns))

    @property
    def n_rows(self) -> int:
        """Number of real rows that leave-one-out of the chain reads; 0 where there are none."""
        origin = self._store.origin()
        return 0 if origin is None else len(origin.labels)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, once it is started; none where models say numbers."""
        return tuple(self._store.facts().get("classes", ()))

    @property
    def n_watched(self) -> int:
        """Number of watched rows, once it is started."""
        facts = self._store.facts()
        return len(facts["labels"]) // _target(facts).width

    def start(
        self,
        X: Any,
        y: Any,
        watched: Any,
        *,
        n_samples: int,
        real: float = 0.0,
        noise: float = 0.0,
        estimator: Any = None,
        penalty: float | None = None,
        model: Any = None,
        labels: Any = None,
        columns: Any = None,
        rounds: int = 15,
        rehearsals: int = 40,
        seed: int = 0,
        classes: bool | None = None,
        pseudo_labels: str | None = None,
        progress: bool = False,
    ) -> None:
        """Rehearse the loop, and write down round 0.

        Parameters
        ----------
        X, y : array_like of shape (n, p) and (n,)
            Real rows: those of model 0. Labels are numbers or classes.
        watched : array_like of shape (w, p)
            Rows for which every round's model is asked; a few hundred, of the kind that the models meet.
        n_samples : int
            Rows that a round is trained on.
        real : float, default 0.0
            Share of them with new real labels.
        noise : float, default 0.0
            Standard deviation of noise on labels that models make.
        estimator : scikit-learn regressor or classifier, or str, optional
            What is fitted, or its name as in `genloss.forecast`; default: ridge on standardised columns, of
            classes logistic regression on them.
        penalty : float, optional
            Ridge penalty per row; default: chosen by leave-one-out at every fit.
        model : object with predict, optional
            The deployed model 0; default: fitted here to all real rows.
        labels : array_like of shape (w,), optional
            Real labels of the watched rows, NaN where unknown: they tell more than all else.
        columns : list of str, optional
            Names of the columns, by which ``genloss monitor --inputs`` finds them in a file.
        rounds, rehearsals, seed : int, default 15, 40, 0
            Length of the rehearsals (later rounds are held against their last), their number, their seed.
        classes : bool, optional
            Whether labels are classes. Default: where they are text or booleans, or the estimator is a
            classifier. Every round is then chances of the classes, and errors are Brier scores: the squared
            distance from the right class, summed over classes.
        pseudo_labels : {"hard", "sampled", "soft"}, optional
            Of classes, the labels that models make: the likeliest class (the default), one drawn by its chance,
            or the chances themselves.
        progress : bool, default False
            Whether to say on standard error how far it is, if that takes more than some seconds.

        Raises
        ------
        InvalidInputError
            If an argument is out of range, or the file was started otherwise.
        """
        if isinstance(estimator, str):
            estimator = estimator_of(
                estimator, classes=classes is True or (classes is None and is_text(y))
            )
        every = Round(
            _check.integer("n_samples", n_samples, minimum=3),
            _check.share("real", real),
            _check.non_negative("noise", noise),
        )
        target = target_of(y, estimator, classes, pseudo_labels, every.noise)
        X, rows, y = _rows(X, y, watched, target)
        rounds = _check.integer("rounds", rounds, minimum=1, maximum=_MOST_ROUNDS)
        rehearsals = _check.integer("rehearsals", rehearsals, minimum=6, maximum=_MOST_REHEARSALS)
        seed = _check.integer("seed", seed, minimum=0)
        progress = _check.boolean("progress", progress)
        learn = _learner(X, estimator, penalty, target, seed)
        names = [] if columns is None else [*map(str, _check.sequence("columns", columns))]
        if len(names) not in (0, X.shape[1]):
            raise InvalidInputError(f"columns had {len(names)} names; X has {X.shape[1]} columns")
        known = (
            np.full(len(rows) * target.width, np.nan)
            if labels is None
            else target.vectors("labels", labels, len(rows), gaps=True).ravel()
        )
        first = learn(X, y) if model is None else target.asked(model)
        if isinstance(target, Numbers):
            target = replace(target, scatter=scatter_of(X, y, learn, seed))
        found = rehearse(
            first, X, rows, target, learn, every,
            error=target.error(first(X), y), rounds=rounds, rehearsals=rehearsals, seed=seed, progress=progress,
        )  # fmt: skip
        facts: dict[str, Any] = {
            "every": vars(every),
            "rehearsed": found.to_dict(),
            "labels": [None if np.isnan(label) else label for label in known],
        }
        origin = None
        if isinstance(learn, Ridge):
            origin = Origin.of(X, y, rows, learn, names, None if model is None else first)
        else:
            facts["learner"] = learn.name
        if isinstance(target, Classes):
            facts |= {"classes": target.levels, "pseudo_labels": target.how}
        self._store.begin(facts, first(rows).ravel(), origin)

    def append(
        self,
        predictions: Any,
        round: int | None = None,
        *,
        key: str | None = None,
        inputs: Any = None,
        penalty: float | None = None,
        n_real: int | None = None,
        on_real: Any = None,
        **facts: float,
    ) -> int:
        """Add a round: its model's predictions for the watched rows.

        Parameters
        ----------
        predictions : array_like of shape (w,)
            In the order of the watched rows. Of classes their chances, shape (w, classes), in the order of
            ``classes``; of two classes those of the second one will do.
        round : int, optional
            Its number; default: the next one.
        key : str, optional
            A name of the round that is the same when it is sent again: what is there is not added twice.
        inputs : array_like of shape (m, p), optional
            Rows that the round's ridge was fitted to, those with real labels first: with them in every round
            the rise is read off the real rows by leave-one-out of the chain. A round that was sent without
            may be sent again with them.
        penalty : float, optional
            Its penalty per row, on columns standardised by the real rows; default: that of `start`.
        n_real : int, optional
            How many of the inputs had new real labels; default: their share as it was started.
        on_real : array_like of shape (n,), optional
            Its predictions for the real rows; default: read off ``predictions``, as those of a linear model.
        **facts : float
            What is worth keeping beside it: counts, share of real labels.

        Returns
        -------
        int
            The round's number, once it is on the disk.

        Raises
        ------
        InvalidInputError
            If the round is there with other predictions, or their number is another; if inputs are given
            where model 0 is not ridge, or for predictions that are not linear in the columns.
        """
        said = _target(self._store.facts()).said(predictions, self.n_watched)
        number = None if round is None else _check.integer("round", round, minimum=1)
        if key is not None:
            key = _check.text("key", key)
        facts |= {"penalty": penalty} if penalty is not None else {}
        facts |= {"n_real": n_real} if n_real is not None else {}
        kept = {name: _check.finite(name, value) for name, value in facts.items()}
        step = None
        if inputs is not None:
            step = self._step(said, inputs, penalty, n_real, on_real)
        elif on_real is not None:
            raise InvalidInputError("on_real was given without inputs, which it needs")
        elif n_real is not None:
            _check.integer("n_real", n_real, minimum=0)
        return self._store.append(said, number, key, kept, step)

    def _step(
        self, said: Array, inputs: Any, penalty: float | None, n_real: int | None, on_real: Any
    ) -> Step:
        """What leave-one-out of the chain needs of a round."""
        rows = _check.numbers("inputs", inputs, ndim=2, flags=True)
        origin = self._store.origin()
        if origin is None:
            raise InvalidInputError(
                "inputs were given, and model 0 is not ridge on the real rows of start; leave-one-out of the "
                "chain needs it, and a file that was started by this version"
            )
        if rows.shape[1] != origin.mean.size:
            raise InvalidInputError(
                f"inputs had {rows.shape[1]} columns; the real rows have {origin.mean.size}"
            )
        lam = float(origin.penalty) if penalty is None else _check.non_negative("penalty", penalty)
        if np.isnan(lam):
            raise InvalidInputError(
                "penalty was not given beside inputs; it is chosen anew at every fit, say which it was"
            )
        if n_real is None:
            given = int(np.rint(self._store.facts()["every"]["real"] * len(rows)))
        else:
            given = _check.integer("n_real", n_real, minimum=0, maximum=len(rows))
        there = None if on_real is None else _check.numbers("on_real", on_real, ndim=1)
        if there is not None and there.size != origin.labels.size:
            raise InvalidInputError(
                f"on_real had {there.size} entries; {origin.labels.size} real rows were given to start"
            )
        return origin.step(said, rows, given, lam, there)

    def read(self, *, alpha: float = ALPHA) -> Reading:
        """What the rounds so far say.

        Parameters
        ----------
        alpha : float, default 0.05
            Chance of a false alarm, ever, in a loop of any length.

        Returns
        -------
        Reading
            Rise of the error with its range, drift, straightness, alarm.
        """
        alpha = _check.share("alpha", _check.positive("alpha", alpha))
        facts = self._store.facts()
        rounds, said, _ = self._store.rounds()
        labels = np.array([np.nan if each is None else each for each in facts["labels"]])
        steps, origin = self._store.steps(), self._store.origin()
        left_out = origin.residuals(steps) if steps and origin is not None else None
        told = Told(
            float(facts["every"]["real"]),
            facts.get("learner"),
            _target(facts).width,
            bool(facts["every"]["noise"]),
        )
        rehearsed = Rehearsed.from_dict(facts["rehearsed"])
        return read(rounds, said, rehearsed, labels, alpha, left_out, told)

    def __repr__(self) -> str:
        return f"Monitor({str(self.path)!r})"


def _target(facts: dict[str, Any]) -> Target:
    """What models of the file say."""
    if "classes" not in facts:
        return Numbers()
    return Classes(tuple(facts["classes"]), facts["pseudo_labels"])


def _rows(X: Any, y: Any, watched: Any, target: Target) -> tuple[Array, Array, Array]:
    """Real rows, watched rows, and labels as `target` has them."""
    if isinstance(target, Classes):
        X = _check.numbers("X", X, ndim=2, flags=True)
        if np.shape(y) != (len(X),):
            raise InvalidInputError(
                f"y had shape {np.shape(y)}; X has {len(X)} rows, they must agree"
            )
        y = target.vectors("y", y, len(X))
    else:
        X, y = _check.samples(X, y)
        check_squares("y", y)
    rows = _check.numbers("watched", watched, ndim=2)
    if rows.shape[1] != X.shape[1] or len(rows) < _FEWEST or len(X) < _FEWEST:
        raise InvalidInputError(
            f"watched had shape {rows.shape} and X {X.shape}; they must have the same columns and at least "
            f"{_FEWEST} rows each"
        )
    return X, rows, y


def _learner(
    X: Array, estimator: Any, penalty: float | None, target: Target, seed: int
) -> Ridge | Estimator:
    """What is fitted in rehearsals."""
    n_classes = target.width if isinstance(target, Classes) else 0
    if penalty is not None and (estimator is not None or n_classes):
        raise InvalidInputError("penalty was given beside estimator or classes; it is ridge's")
    if estimator is None and not n_classes:
        return Ridge(X, None if penalty is None else _check.non_negative("penalty", penalty))
    if estimator is None:
        estimator = estimator_of("logistic", classes=True)
    check_fits(estimator)
    return Estimator(estimator, n_classes, seed)
