"""From two tables, a real and a synthetic one, to the weight of a synthetic row."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss import _check
from genloss._fits import innermost, is_a_classifier
from genloss._named import estimator_of
from genloss.errors import InvalidInputError
from genloss.estimate.kernels import Kernel
from genloss.weighing.classes import ClassRows
from genloss.weighing.held import check_weighable
from genloss.weighing.pair import Pair, read_pair
from genloss.weighing.parents import COPIED
from genloss.weighing.result import Weighed, Worth, metric_of
from genloss.weighing.rows import Rows, determined
from genloss.weighing.sentences import Facts, advise

__all__ = ["Weighed", "weigh"]

Array = npt.NDArray[np.float64]

log_of = logging.getLogger("genloss")

MADE_FROM = ("unknown", "elsewhere", "these rows")


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
    classes: bool | None = None,
) -> Weighed:
    """Say which weight synthetic rows deserve beside real ones, and what one of them is worth.

    Only real rows are scored, each left out of the fit that is scored on it, exactly. Of the weights
    that cannot be told from the best one (one paired standard error) the answer is the one nearest
    to what the noise of both tables and the shift between them ask for; of classes the best one.

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
        None for ridge on standardised features, or logistic regression of classes; else the same on
        up to 600 Nystrom features of the kernel (150 of classes).
    estimator : scikit-learn regressor or classifier, or str, optional
        Instead: any that takes ``sample_weight``, or its name as in `genloss.forecast`, scored on 5
        folds of the real rows at six weights. What a row is worth, and how the tables differ, is
        then still told by ridge or logistic regression.
    seed : int, default 0
        Seed of folds, landmarks and samples.
    missing : {"error", "drop"}, default "error"
        Whether rows with missing values are refused or dropped, in both tables.
    classes : bool, optional
        Whether the target holds classes. Default: where it is text or booleans, or the estimator a
        classifier. Weights of classes are judged by the log loss, of a classifier without chances by
        the share of wrong classes.

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
    if classes is not None:
        classes = _check.boolean("classes", classes)
    if estimator is not None and chosen is not None:
        raise InvalidInputError("kernel was given beside estimator; leave one of them out")
    told = is_a_classifier(estimator)
    pair = read_pair(real, synthetic, target, missing, classes=classes, classifier=told)
    if isinstance(estimator, str):
        estimator = estimator_of(estimator, classes=bool(pair.levels))
    if estimator is not None:
        check_weighable(estimator, classes=bool(pair.levels))
    rows = (ClassRows if pair.levels else Rows).of(pair, chosen, seed)
    log_of.info("%d real and %d synthetic rows are weighed", rows.n, rows.m)
    return _weighed(rows, pair, chosen, estimator, made_from, seed)


def _weighed(
    rows: Rows | ClassRows,
    pair: Pair,
    kernel: Kernel | None,
    estimator: Any,
    made_from: str,
    seed: int,
) -> Weighed:
    warnings, copied = list(pair.warnings), rows.copied(seed)
    two = rows.apart()
    seen = rows.difference(two.penalty, seed)
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
    wary = origin == "these rows"
    if estimator is None:
        found, judge = rows.judged(origin, copied > COPIED, seed)
        place = rows.chosen(found, None if wary else two.worth, wary=wary)
    else:
        found, judge = rows.fitted(estimator, pair, origin, seed), "5 folds"
        place = rows.chosen(found, None, wary=wary)
    if isinstance(rows, Rows):
        warnings += determined(float(found.errors[0]), rows.y)
    other = None
    if origin == "unknown" and estimator is None:
        known = rows.judged("these rows", copied > COPIED, seed)[0]
        other = float(known.weights[rows.chosen(known, None, wary=True)])
    worth = Worth(two.worth, *two.range)
    factors = two.noise_factor, two.shift_factor
    if origin == "these rows":  # noise and shift are then seen on the rows that made them
        worth, factors = Worth(*3 * (float("nan"),)), 2 * (float("nan"),)
    unit = rows.unit**2
    metric = metric_of(rows.levels, estimator)
    facts = Facts(found, place, worth, factors, seen, origin, other, rows.n, rows.m, metric)
    return Weighed(
        weight=float(found.weights[place]),
        weights=found.weights,
        error=found.errors * unit,
        stderr=found.apart(found.least) * unit,
        plausible=found.plausible,
        penalty=float(found.penalties[place]),
        penalties=found.penalties,
        worth=worth,
        noise_factor=factors[0],
        shift_factor=factors[1],
        advice=advise(facts),
        alternative=other,
        made_from=made_from,
        judged_by=judge,
        copies=copied,
        difference=seen,
        n_real=rows.n,
        n_synthetic=rows.m,
        model=_name(kernel, estimator, classes=bool(rows.levels)),
        sources=pair.sources,
        target=pair.target,
        notes=pair.notes,
        warnings=tuple(warnings),
        classes=rows.levels,
        metric=metric,
        wrong=None if found.wrong is None else found.wrong.mean(axis=1),
    )


def _name(kernel: Kernel | None, estimator: Any, *, classes: bool) -> str:
    if estimator is not None:
        return type(innermost(estimator)).__name__
    if classes:
        words = "logistic regression"
        return words if kernel is None else f"{words} on features of the {kernel.name} kernel"
    return "ridge" if kernel is None else f"{kernel.name} kernel ridge"
