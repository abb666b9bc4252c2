"""The verb `budget`: from a pilot and prices to the cheapest rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from genloss import _check
from genloss._words import number, shown
from genloss.budgeting.law import MOST, Law, Mix
from genloss.budgeting.pilot import Pilot, of_problem, of_table, of_tables, with_predictions
from genloss.budgeting.powered import Powered
from genloss.budgeting.result import LEVEL, RATIO, WORTH_IT, Budget, Mixes, around
from genloss.budgeting.sentences import advise
from genloss.errors import InvalidInputError
from genloss.problem import Problem
from genloss.scaling.power_law import PowerLaw
from genloss.tuning.prices import Prices

__all__ = ["Budget", "budget"]

_CURVE = 25
_SIDES = 8.0  # how much more, and less, money the curve shows


def budget(
    real: Any,
    synthetic: Any = None,
    target: Any = None,
    *,
    cost: Any,
    money: float | None = None,
    error: float | None = None,
    labeler_noise: float | None = None,
    labeler_error: float | None = None,
    predictions: Any = None,
    noise: float | None = None,
    most: int | None = None,
    seed: int = 0,
    missing: str = "error",
) -> Budget:
    """Say how many real and how many synthetic rows to buy, from a pilot and prices.

    Parameters
    ----------
    real : path, frame, Table, array, pair (X, y) or Problem
        Real rows of a pilot, as `load_table` reads them; or what there is to learn, in theory.
    synthetic : path, frame, Table, array or pair (X, y), optional
        Synthetic rows of the pilot, made by whatever makes the others and *not* from these real rows.
    target : str or int, optional
        The target column; not for pairs.
    cost : mapping
        Price of a real row and of one that a model labels, ``{"real": 1, "synthetic": 0.01}``.
    money : float, optional
        The most that all rows may cost, those of the pilot's real ones among them.
    error : float, optional
        Instead of it: the mean squared error on new rows that is wanted, label noise included, in squared
        units of the target.
    labeler_noise, labeler_error : float, optional
        Instead of synthetic rows: the standard deviation of the noise in the model's labels, and the mean
        squared distance between what it says without noise and the truth; neither falls with more rows.
    predictions : str or array_like of shape (n_real,), optional
        What the model says of the pilot's real rows, which it must not have been fitted to: a column of
        ``real``, or numbers. Then prediction-powered inference is budgeted beside the mix, and without
        synthetic rows the model's error is read off them.
    noise : float, optional
        For a Problem: standard deviation of the noise of real labels.
    most : int, optional
        Synthetic rows that can be had; default: as many as the money buys.
    seed : int, default 0
        Seed of the look for copies among the synthetic rows.
    missing : {"error", "drop"}, default "error"
        Whether rows with missing values are refused or dropped.

    Returns
    -------
    Budget
        ``real`` and ``synthetic`` rows, their ``cost``, the ``ratio`` of their error to that of real rows alone
        for the same money with a range, and a curve of error against cost.

    Raises
    ------
    DataError
        If a table cannot be used.
    InvalidInputError
        If an argument is not allowed, the pilot costs more than the money, or no number of rows has the
        wanted error.

    Notes
    -----
    The law, the rule of 2 % and what ranges are worth on real tables: `budgets.md` 3 and 5.

    Examples
    --------
    >>> import genloss as gl, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(600, 20))
    >>> y = X.sum(axis=1) + 3 * rng.normal(size=600)
    >>> found = gl.budget(
    ...     (X[:60], y[:60]), (X[60:], y[60:]), cost={"real": 1, "synthetic": 0.05}, money=200
    ... )
    >>> found.augment, found.cost <= 200
    (True, True)
    """
    prices = Prices.of("cost", cost)
    _check.positive("cost['real']", prices.real)
    if (money is None) == (error is None):
        raise InvalidInputError(
            f"money was {shown(money)} and error was {shown(error)}; give one of them"
        )
    wanted, asked = ("money", money) if error is None else ("error", error)
    limit = _check.positive(wanted, asked)
    rows = None if most is None else _check.integer("most", most, minimum=0)
    pilot = _pilot(
        real,
        synthetic,
        target,
        labeler_noise,
        labeler_error,
        predictions,
        noise,
        rows,
        seed,
        missing,
    )
    return _answer(pilot, prices, limit, wanted)


def _pilot(
    real: Any,
    synthetic: Any,
    target: Any,
    labeler_noise: Any,
    labeler_error: Any,
    predictions: Any,
    noise: Any,
    most: int | None,
    seed: Any,
    missing: Any,
) -> Pilot:
    quality = labeler_noise is not None or labeler_error is not None
    if quality and synthetic is not None:
        raise InvalidInputError(
            "labeler_noise or labeler_error was given beside synthetic, which shows both; leave one out"
        )
    labeler = (
        _check.non_negative("labeler_noise", 0.0 if labeler_noise is None else labeler_noise),
        _check.non_negative("labeler_error", 0.0 if labeler_error is None else labeler_error),
    )
    if not labeler[0] < 1e150:
        raise InvalidInputError(
            f"labeler_noise was {shown(labeler_noise)}; its square must be a number too"
        )
    if isinstance(real, Problem | PowerLaw):
        if not (synthetic is None and target is None and predictions is None):
            raise InvalidInputError(
                "synthetic, target or predictions was given with a Problem; say labeler_noise and "
                "labeler_error instead"
            )
        if noise is None:
            raise InvalidInputError("noise was None with a Problem; say how noisy real labels are")
        return of_problem(real, _check.non_negative("noise", noise), labeler, most)
    if noise is not None:
        raise InvalidInputError("noise was given with real rows, which show it; leave it out")
    missing = _check.choice("missing", missing, ("error", "drop"))
    seed = _check.integer("seed", seed, minimum=0)
    said = None
    if predictions is not None:
        if labeler_error is not None:
            raise InvalidInputError(
                "labeler_error was given beside predictions, which show it; leave one out"
            )
        real, said = with_predictions(real, target, missing, predictions)
    if synthetic is not None:
        return of_tables(real, synthetic, target, missing, seed, most, said)
    if not quality and said is None:
        raise InvalidInputError(
            "synthetic was None; give synthetic rows, predictions, or labeler_noise and labeler_error"
        )
    return of_table(real, target, missing, labeler, most, said)


def _answer(pilot: Pilot, prices: Prices, limit: float, wanted: str) -> Budget:
    law = pilot.law
    least = law.fewest * prices.real
    if wanted == "money" and limit < least:
        what = f"the {law.fewest} real rows of the pilot" if pilot.n else "one real row"
        raise InvalidInputError(f"money was {number(limit)}; {what} cost {number(least)} already")
    if wanted == "money" and limit > MOST * prices.real:
        raise InvalidInputError(
            f"money was {number(limit)}; it must buy at most {MOST:,} real rows, at the price of {number(prices.real)} "
            f"no more than {number(MOST * prices.real)}"
        )
    mixed_money = alone_money = limit
    if wanted == "error":
        mixed_money, alone_money = (
            law.money_for(limit, prices, mixed=each) for each in (True, False)
        )
        if not np.isfinite(mixed_money):
            raise InvalidInputError(
                f"error was {number(limit)}; label noise alone is about {number(law.noise)}, no number of rows "
                "comes below it"
            )
    mix = best = law.best(mixed_money, prices)
    same = law.all_real(mixed_money, prices)
    gain = 1 - mix.error / same.error if same.error > 0 else 0.0
    augment = bool(mix.synthetic > 0 and gain >= WORTH_IT)
    money = mixed_money
    if not augment:
        money = alone_money if np.isfinite(alone_money) else mixed_money
        mix = same = law.all_real(money, prices)
    ratio = mix.error / same.error if same.error > 0 else 1.0
    found = Budget(
        real=int(mix.real),
        synthetic=int(mix.synthetic),
        cost=mix.cost,
        error=mix.error,
        error_range=around(mix.error, pilot.spread, LEVEL),
        ratio=ratio,
        ratio_range=around(ratio, pilot.spread if augment else 0.0, RATIO),
        augment=augment,
        gain=gain,
        mix=best,
        worth=_worth(law, mix),
        ppi=_powered(pilot, prices, money),
        real_only=Mixes.of([law.all_real(money, prices)]).row(0),
        cost_real_only=alone_money if wanted == "error" else money,
        noise=law.noise,
        shift=law.shift,
        curve=_curve(law, prices, money),
        curve_real_only=_curve(law, prices, money, mixed=False),
        prices=prices,
        wanted=wanted,
        limit=limit,
        n_pilot=pilot.n,
        m_pilot=pilot.m,
        spread=pilot.spread,
        source=pilot.source,
        target=pilot.target,
        sentences=(),
        notes=pilot.notes,
        warnings=pilot.warnings,
    )
    return advise(found)


def _worth(law: Law, mix: Mix) -> float:
    """Real rows that a synthetic one is worth, at as many as there are; none where there are none."""
    if mix.synthetic == 0:
        return float("nan")
    return float(law.worth(np.array(mix.synthetic))) / mix.synthetic


def _powered(pilot: Pilot, prices: Prices, money: float) -> Powered | None:
    if pilot.powered is None:
        return None
    return pilot.powered.best(money, prices, pilot.law.all_real(money, prices).error)


def _curve(law: Law, prices: Prices, money: float, *, mixed: bool = True) -> Mixes:
    """Best mixes, or real rows alone, for other amounts of money."""
    low = max(money / _SIDES, law.fewest * prices.real)
    spent = np.geomspace(low, max(money * _SIDES, low * 1.01), _CURVE)
    solve = law.best if mixed else law.all_real
    return Mixes.of([solve(float(each), prices) for each in spent], spent)
