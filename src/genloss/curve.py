"""The Curve: what every verb answers with, one entry per fitted model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from genloss import _check, _html, _measures
from genloss._frames import Framed
from genloss._keys import refuse_unknown, table
from genloss._words import shown
from genloss.errors import InvalidInputError, MissingDependencyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]
COLUMNS = (
    "risk",
    "bias",
    "variance",
    "stderr",
    "kappa",
    "df1",
    "df2",
    "exact",
    "penalty",
    "error",
    "error_stderr",
    "log_loss",
    "brier",
    "accepted",
    "norm",
    "disagreement",
)
_COUNTS = ("trials", "n_agents")


@dataclass(frozen=True, eq=False, repr=False)
class Curve(Framed):
    """Error of every fitted model of a plan.

    Attributes
    ----------
    risk : ndarray of shape (n_models,)
        Excess test error ``E |w - w*|^2_Sigma``, label noise not included (`predict`,
        `simulate`), or the mean squared error on held-out real labels (`forecast`); ``metric`` says
        which. ``inf`` where the mean does not exist.
    bias : ndarray of shape (n_models,) or None
        Part of the risk that is due to the mean model, ``|E w - w*|^2_Sigma``.
    variance : ndarray of shape (n_models,) or None
        Part of the risk that is due to the spread of the model around its mean.
    stderr : ndarray of shape (n_models,) or None
        Monte Carlo standard error of ``risk``; None for theory.
    method : str
        How it was obtained.
    warnings : tuple of str
        Where the answer is weak, one sentence each.
    metric : str
        What ``risk`` is.
    kappa, df1, df2 : ndarray of shape (n_models,) or None
        Effective penalty and degrees of freedom of each fit (theory only); NaN for rows of several
        covariances or weights.
    exact : ndarray of bool of shape (n_models,) or None
        Whether the model's risk is exact at finite size (theory only).
    trials : int or None
        Number of Monte Carlo runs.
    penalty : ndarray of shape (n_models,) or None
        Penalty of each fit, also where the plan says "cv" (theory only).
    error : ndarray of shape (n_models,) or None
        Chance that the model's sign, or largest value, is not that of ``x'w*``, where labels are classes; of
        a problem with class means, that it is not the row's own class.
    error_stderr : ndarray of shape (n_models,) or None
        Monte Carlo standard error of ``error``.
    log_loss, brier : ndarray of shape (n_models,) or None
        Mean log loss and Brier score on classes as the real ones are, or of class means on a row's own, where
        every loss is logistic or multinomial (`losses-and-labels.md`).
    accepted : ndarray of shape (n_models,) or None
        Share of each fit's rows that was kept, where a rule keeps rows.
    norm : ndarray of shape (n_models,) or None
        ``sqrt(E w'Sigma w)``, the size of what the model says of a row: the larger, the surer it is.
    disagreement : ndarray of shape (n_models,) or None
        Chance that the model gives a row another class than model 0: seen without any label.
    n_agents : int or None
        Models a round, where the plan is one of agents that label for each other.

    Notes
    -----
    Curves are equal if all their numbers and words are, NaN being equal to NaN; equal curves have
    equal hashes. ``to_frame`` has one row per model, with a column for every array that is not None.

    Examples
    --------
    >>> import genloss as gl
    >>> curve = gl.predict(gl.Problem.isotropic(10), gl.Plan.replace(3, 31, noise=1.0))
    >>> curve.risk.round(3)
    array([0.5, 1. , 1.5])
    """

    risk: Array
    bias: Array | None = None
    variance: Array | None = None
    stderr: Array | None = None
    method: str = ""
    warnings: tuple[str, ...] = ()
    metric: str = "excess risk"
    kappa: Array | None = None
    df1: Array | None = None
    df2: Array | None = None
    exact: npt.NDArray[np.bool_] | None = None
    trials: int | None = None
    penalty: Array | None = None
    error: Array | None = None
    error_stderr: Array | None = None
    log_loss: Array | None = None
    brier: Array | None = None
    accepted: Array | None = None
    norm: Array | None = None
    disagreement: Array | None = None
    n_agents: int | None = None

    def __post_init__(self) -> None:
        count = np.size(self.risk)
        for name in dict.fromkeys(("risk", *self._columns())):
            column = np.array(getattr(self, name))
            if column.ndim != 1 or column.dtype.kind not in "biuf":
                raise InvalidInputError(
                    f"{name} was {shown(getattr(self, name))}; it must be numbers, one per model"
                )
            if column.size == 0 or column.size != count:
                raise InvalidInputError(
                    f"{name} had {column.size} entries; it must have one per model, as risk has"
                )
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def _columns(self) -> list[str]:
        return [name for name in COLUMNS if getattr(self, name) is not None]

    @property
    def n_models(self) -> int:
        """Number of models."""
        return int(self.risk.size)

    def first_above(self, factor: float = 2.0) -> int | None:
        """Number of the first model whose risk exceeds ``factor`` times model 0's, or None.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.predict(gl.Problem.isotropic(10), gl.Plan.replace(5, 31, noise=1.0)).first_above(2.5)
        2
        """
        factor = _check.positive("factor", factor)
        above = np.flatnonzero(self.risk > factor * self.risk[0])
        return int(above[0]) if above.size else None

    def agents(self, number: int | None = None) -> list[Self]:
        """One curve for every agent of a network, of which model ``t * number + a`` is agent a in round t.

        Parameters
        ----------
        number : int, optional
            How many agents there are; default: what the plan shows.

        Returns
        -------
        list of Curve
            Every ``number``-th model from the first, from the second, and so on. Warnings still name the
            models of the plan.

        Raises
        ------
        InvalidInputError
            If the number is not known, or does not divide that of the models.

        Examples
        --------
        >>> import genloss as gl
        >>> plan = gl.Plan.network([[0, 1], [1, 0]], rounds=3, n_samples=100, noise=1.0, real=[0, 0.5])
        >>> without, with_real = gl.predict(gl.Problem.isotropic(40), plan).agents()
        >>> without.risk.round(3), with_real.risk.round(3)
        (array([0.678, 1.356, 1.641]), array([0.678, 0.963, 1.248]))
        """
        number = self.n_agents if number is None else number
        if number is None:
            raise InvalidInputError(
                "number was None, and the plan is none of agents that label for each other; say how many "
                "models there are in a round"
            )
        number = _check.integer("number", number, minimum=1)
        if self.n_models % number:
            raise InvalidInputError(
                f"number was {number}; it must divide the number of models, {self.n_models}"
            )
        return [
            replace(
                self,
                **{name: getattr(self, name)[agent::number] for name in self._columns()},
                n_agents=None,
            )
            for agent in range(number)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain data: one list per column, and what describes the curve.

        Examples
        --------
        >>> import genloss as gl
        >>> gl.predict(gl.Problem.isotropic(10), gl.Plan.replace(1, 31)).to_dict()["risk"]
        [0.0]
        """
        plain: dict[str, Any] = {"metric": self.metric, "method": self.method}
        plain |= {name: getattr(self, name).tolist() for name in self._columns()}
        for name in _COUNTS:
            if getattr(self, name) is not None:
                plain[name] = getattr(self, name)
        return plain | {"warnings": list(self.warnings)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `to_dict` writes, also through JSON; unknown keys are refused.

        Parameters
        ----------
        plain : mapping
            Lists of numbers by column, and ``metric``, ``method``, ``trials``,
            ``n_agents``, ``warnings``.

        Raises
        ------
        InvalidInputError
            If a key is unknown, ``risk`` is missing, or a value is not of its kind.

        Examples
        --------
        >>> import genloss as gl
        >>> curve = gl.predict(gl.Problem.isotropic(10), gl.Plan.replace(2, 31, noise=1.0))
        >>> gl.Curve.from_dict(curve.to_dict()) == curve
        True
        """
        rest = table("curve", plain)
        refuse_unknown(rest, (*COLUMNS, *_COUNTS, "metric", "method", "warnings"), where="curve")
        if rest.get("risk") is None:
            raise InvalidInputError("curve lacks 'risk'")
        arguments: dict[str, Any] = {
            name: _check.numbers(name, rest[name], ndim=1, finite=False, flags=name == "exact")
            for name in COLUMNS
            if rest.get(name) is not None
        }
        if "exact" in arguments:
            arguments["exact"] = arguments["exact"].astype(bool)
        for name in {"metric", "method"} & rest.keys():
            arguments[name] = _check.string(name, rest[name])
        for name in _COUNTS:
            if rest.get(name) is not None:
                arguments[name] = _check.integer(name, rest[name], minimum=1)
        said = _check.items("warnings", rest.get("warnings", ()))
        arguments["warnings"] = tuple(_check.string("warnings", text) for text in said)
        return cls(**arguments)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Curve):
            return NotImplemented
        alike = self._described() == other._described() and self._columns() == other._columns()
        return alike and all(
            _equal(getattr(self, name), getattr(other, name)) for name in self._columns()
        )

    def __hash__(self) -> int:
        return hash((self._described(), self.n_models))

    def _described(self) -> tuple[Any, ...]:
        return self.metric, self.method, self.trials, self.n_agents, self.warnings

    def to_xarray(self) -> Any:
        """The columns over the dimension ``model``, as an xarray Dataset.

        Returns
        -------
        xarray.Dataset
            A variable per column that the curve has; ``metric``, ``method``, ``trials`` and
            ``warnings`` (one a line) as attributes.

        Raises
        ------
        MissingDependencyError
            If xarray is not installed.

        Examples
        --------
        >>> import genloss as gl
        >>> curve = gl.predict(gl.Problem.isotropic(10), gl.Plan.replace(2, 31, noise=1.0))
        >>> dict(curve.to_xarray().sizes)
        {'model': 2}
        """
        try:
            import xarray
        except ImportError:
            raise MissingDependencyError(
                'to_xarray needs xarray; pip install "genloss[sweep]"'
            ) from None
        attributes: dict[str, Any] = {"metric": self.metric, "method": self.method}
        attributes |= {} if self.trials is None else {"trials": self.trials}
        return xarray.Dataset(
            {name: ("model", getattr(self, name)) for name in self._columns()},
            coords={"model": np.arange(self.n_models)},
            attrs={**attributes, "warnings": "\n".join(self.warnings)},
        )

    def _table(self) -> dict[str, Array]:
        columns = {"model": np.arange(self.n_models)}
        return columns | {name: getattr(self, name) for name in self._columns()}

    def plot(
        self,
        against: Curve | None = None,
        *,
        ax: Axes | None = None,
        label: str | None = None,
        quantity: str | None = None,
    ) -> Axes:
        """Draw every model's error of classes, or risk: theory as a line and Monte Carlo as points.

        Parameters
        ----------
        against : Curve, optional
            A second curve to lay over this one.
        ax : matplotlib.axes.Axes, optional
            Where to draw; default: a new figure of Matplotlib's pyplot, which notebooks show.
        label : str, optional
            Legend entry; default: the curve's method, and how many runs.
        quantity : {"risk", "error", "log_loss", "brier", "accepted", "norm", "disagreement"}, optional
            The column to draw, which every curve must have; default: "error" where they all have it,
            otherwise "risk".

        Returns
        -------
        matplotlib.axes.Axes
            The axes, for further styling and saving.

        Raises
        ------
        InvalidInputError
            If a curve does not have the quantity.

        Examples
        --------
        >>> import genloss as gl
        >>> curve = gl.predict(gl.Problem.isotropic(10), gl.Plan.replace(5, 31, noise=1.0))
        >>> curve.plot().get_ylabel()
        'excess risk'
        """
        from genloss import plots

        shown = [self] if against is None else [self, against]
        quantity = _measures.drawn(shown, quantity)
        spread = _measures.SPREADS.get(quantity)
        ax = plots.shown_axes() if ax is None else ax
        values = [getattr(curve, quantity) for curve in shown]
        for name, curve, each in zip((label, None), shown, values, strict=False):
            bars = None if spread is None else getattr(curve, spread)
            plots.draw(ax, each, bars, label=name or _measures.called(curve))
        plots.dress(ax, values, _measures.NAMES.get(quantity, self.metric))
        return ax

    def __len__(self) -> int:
        return self.n_models

    def _repr_html_(self) -> str:
        told = ("error", "error_stderr", "risk", "bias", "variance", "stderr")
        names = [name for name in told if getattr(self, name) is not None]
        rows = [
            [t, *(float(getattr(self, name)[t]) for name in names)]
            for t in _html.shown(self.n_models)
        ]
        title = f"{self.n_models} models, {' and '.join(_measures.measures(self).values())}, {self.method}"
        return _html.table(title, ["model", *names], rows, [f"Warning: {w}" for w in self.warnings])

    def __repr__(self) -> str:
        most = 12
        (name, what), *others = _measures.measures(self).items()
        lines = [f"Curve({self.n_models} models, {what}, {self.method})"]
        for model in range(min(self.n_models, most)):
            more = "".join(f" ({w} {_measures.said(self, n, model)})" for n, w in others)
            lines.append(f"  model {model:>2}: {_measures.said(self, name, model)}{more}")
        if self.n_models > most:
            lines.append(f"  ... model {self.n_models - 1}: {getattr(self, name)[-1]:.5g}")
        return "\n".join(lines + [f"  warning: {text}" for text in self.warnings])


def _equal(one: Array, other: Array) -> bool:
    return np.array_equal(one.astype(np.float64), other.astype(np.float64), equal_nan=True)
