"""Source and Generation: who labels which samples, and how one model is fitted to them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np

from genloss import _check
from genloss._keys import call_with_keys, table
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.keep import Keep
from genloss.keep import find as find_keep
from genloss.labels import Label
from genloss.labels import find as find_labels
from genloss.labels.linear import Linear
from genloss.losses import Loss
from genloss.losses import find as find_loss
from genloss.losses.squared import Squared

MOST_ROWS = 10**12
REAL = -1
"""Model number under which the truth takes part in a mixture of labelers."""

Mixture = tuple[tuple[str | int, float], ...]
Labeler = str | int | Mapping[str | int, float] | Mixture
Design = Literal["fresh", "same"]
Penalty = float | Literal["cv"]


def model_number(labeler: Any) -> int | str:
    """Return "real", "previous" or a model number; accept digits as text (TOML keys)."""
    if isinstance(labeler, str) and labeler in ("real", "previous"):
        return labeler
    text = str(labeler) if isinstance(labeler, str | int | np.integer) else ""
    if not isinstance(labeler, bool) and text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    raise InvalidInputError(
        f"labeler was {shown(labeler)}; it must be 'real', 'previous', the number of an earlier model "
        "(0 is the first), or a mixture such as {'real': 0.3, 'previous': 0.7}"
    )


@dataclass(frozen=True)
class Source:
    """Rows that one labeler labels.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    labeler : str, int or mapping, default "real"
        "real" (the truth), "previous" (the model before this one), the number of an earlier model,
        or a mixture of those with coefficients, e.g. ``{"real": 0.3, "previous": 0.7}``: every
        label is then that combination of the labelers' labels.
    noise : float, default 0.0
        Standard deviation of the noise on each labeler's label.
    real_noise : float, optional
        Standard deviation of the noise on real labels, where it differs from ``noise``. Without a
        real labeler it waits for real rows to take the place of these (`genloss.tune`).
    weight : float, default 1.0
        Weight of each row's squared error in the fit. One common to all rows of a fit divides its
        penalty, and has no say without one.
    covariance : sequence of float of shape (p,), optional
        Eigenvalues of these rows' covariance along the problem's eigenvectors; default: the
        problem's spectrum. Not for a reused design, whose rows exist.
    labels : str or Label, default "linear"
        How the labeler's value, with its noise, becomes a label: "linear", "hard", "sampled", "soft",
        or a value of `genloss.labels`.
    keep : Keep, optional
        Which of the labelled rows are kept, a value of `genloss.keep`; default: all.

    Raises
    ------
    InvalidInputError
        If a value is out of range or the labeler is unknown.

    Examples
    --------
    >>> from genloss import Source
    >>> Source(400, labeler={"real": 0.5, "previous": 0.5}, noise=1.0).label_noise
    0.7071067811865476
    """

    n_samples: int
    labeler: Labeler = "real"
    noise: float = 0.0
    real_noise: float | None = None
    weight: float = 1.0
    covariance: tuple[float, ...] | None = None
    labels: Label = field(default=Linear(), kw_only=True)
    keep: Keep | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(
            self,
            "n_samples",
            _check.integer("n_samples", self.n_samples, minimum=1, maximum=MOST_ROWS),
        )
        set_field(self, "noise", _check.non_negative("noise", self.noise))
        if self.real_noise is not None:
            set_field(self, "real_noise", _check.non_negative("real_noise", self.real_noise))
        set_field(self, "weight", _check.positive("weight", self.weight))
        set_field(self, "labeler", _frozen_labeler(self.labeler))
        if self.covariance is not None:
            values = _check.vector("covariance", self.covariance, above="> 0")
            set_field(self, "covariance", tuple(values.tolist()))
        set_field(self, "labels", find_labels("labels", self.labels))
        if self.keep is not None:
            rule = find_keep("keep", self.keep)
            if rule.labeler is not None:
                rule = replace(rule, labeler=_frozen_labeler(rule.labeler))  # type: ignore[type-var]
            set_field(self, "keep", rule)

    @property
    def mixture(self) -> dict[int | str, float]:
        """Coefficient of every labeler."""
        return _mixture(self.labeler)

    @cached_property
    def label_noise(self) -> float:
        """Standard deviation of one label's noise; a mixture averages independent noises."""
        real = self.noise if self.real_noise is None else self.real_noise
        return math.hypot(
            *(c * (real if who == "real" else self.noise) for who, c in self.mixture.items())
        )

    @cached_property
    def model_noise(self) -> float:
        """The same without the noise of real labels."""
        return self.noise * math.hypot(*(c for who, c in self.mixture.items() if who != "real"))

    def labeler_numbers(self, model: int) -> dict[int, float]:
        """Coefficients by model number, `REAL` for the truth, when ``model`` is being fitted."""
        if isinstance(self.labeler, str):
            return {REAL if self.labeler == "real" else model - 1: 1.0}
        return _numbers(self.mixture, model)

    def judge_numbers(self, model: int) -> dict[int, float]:
        """The same of who decides which rows are kept; empty where nobody does."""
        if self.keep is None:
            return {}
        judge = self.keep.labeler
        return self.labeler_numbers(model) if judge is None else _numbers(_mixture(judge), model)

    def __str__(self) -> str:
        names = [who if isinstance(who, str) else f"model {who}" for who in self.mixture]
        shares = list(self.mixture.values())
        if len(names) > 1 or shares != [1.0]:
            mixture = " + ".join(f"{c:.4g} {name}" for c, name in zip(shares, names, strict=True))
            text = f"{self.n_samples} labelled by {mixture}"
        else:
            text = f"{self.n_samples} " + ("" if names == ["real"] else "labelled by ") + names[0]
        text += f", noise {self.noise}" if self.noise else ""
        text += f", real noise {self.real_noise}" if self.real_noise is not None else ""
        text += f", weight {self.weight}" if self.weight != 1 else ""
        text += f", {self.labels} labels" if self.labels != Linear() else ""
        text += f", kept where {self.keep}" if self.keep is not None else ""
        return text + (", own covariance" if self.covariance is not None else "")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, defaults left out."""
        return _without_defaults(self)


def _mixture(labeler: Any) -> dict[int | str, float]:
    return dict(labeler) if isinstance(labeler, tuple) else {model_number(labeler): 1.0}


def _numbers(mixture: dict[int | str, float], model: int) -> dict[int, float]:
    numbers = {"real": REAL, "previous": model - 1}
    shares: dict[int, float] = {}
    for who, coefficient in mixture.items():
        number = numbers[who] if isinstance(who, str) else who
        shares[number] = shares.get(number, 0.0) + coefficient
    # who has no say is no labeler; a label of nothing at all is the truth times zero
    return {number: share for number, share in shares.items() if share} or {REAL: 0.0}


def _frozen_labeler(labeler: Any) -> str | int | Mixture:
    """One labeler, or a mixture as sorted pairs so that equal mixtures are equal values."""
    if isinstance(labeler, Mapping):
        labeler = tuple(labeler.items())
    if not isinstance(labeler, tuple):
        return model_number(labeler)
    if not labeler or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in labeler):
        raise InvalidInputError(
            f"labeler was {shown(labeler)}; a mixture must name at least one labeler with a coefficient"
        )
    shares: dict[str | int, float] = {}
    for who, coefficient in labeler:
        number = model_number(who)
        shares[number] = shares.get(number, 0.0) + _check.finite(
            f"labeler[{shown(who)}]", coefficient
        )
    return tuple(sorted(shares.items(), key=lambda pair: (pair[0] != "real", str(pair[0]))))


@dataclass(frozen=True, repr=False)
class Generation:
    """One fit: the rows it is trained on, its penalty, and how its design relates to earlier ones.

    Parameters
    ----------
    sources : iterable of Source
        The rows of this generation.
    penalty : float or "cv", default 0.0
        lambda in ``(1/n) sum_i weight_i (x_i'w - y_i)**2 + lambda |w|**2``, n the number of rows
        fitted; the same as scikit-learn's ``Ridge(alpha=n * penalty, fit_intercept=False)``.
        Zero is least squares, or its minimum-norm solution when rows are fewer than directions.
        "cv": the penalty with the least leave-one-out error on the fit's own labels, chosen anew at
        every fit (`genloss.retuning` says among which).
    design : {"fresh", "same"}, default "fresh"
        "fresh": new rows. "same": the inputs of the generation before it, labelled anew.
    pooled : bool, default False
        Whether the fit also uses the rows of all earlier generations, with the labels they had.
    features : int, optional
        Fit on that many random features instead of the inputs: on ``X F`` with F (dim, features) of
        independent normal entries of variance ``1 / features``. The model is ``w = F b``, b being
        what is penalised; with very many features it is plain ridge regression (`theory.md` 2.5).
    feature_map : {"fresh", "same"}, default "fresh"
        "fresh": a new F. "same": the F of the generation before it.
    subsample : int, optional
        Fit to that many of the pooled rows, drawn at random without replacement and anew for every
        fit, instead of to all of them (`theory.md` 2.8). An input that was labelled several times
        counts as several rows.
    loss : str or Loss, default "squared"
        What is minimised beside the penalty, in place of ``(x_i'w - y_i)**2``: "squared", "logistic",
        "squared_hinge", "hinge", "absolute", or a value of `genloss.losses`.

    Raises
    ------
    InvalidInputError
        If there is no source, or a value is out of range.

    Examples
    --------
    >>> from genloss import Generation, Source
    >>> Generation([Source(60), Source(540, "previous")], penalty=0.01).n_samples
    600
    """

    sources: tuple[Source, ...]
    penalty: Penalty = 0.0
    design: Design = "fresh"
    pooled: bool = False
    features: int | None = None
    feature_map: Design = "fresh"
    subsample: int | None = None
    loss: Loss = field(default=Squared(), kw_only=True)

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        given: Any = self.sources
        sources = (given,) if isinstance(given, Source) else given
        if not isinstance(sources, Iterable) or getattr(sources, "ndim", 1) == 0:
            raise InvalidInputError(f"sources was {shown(given)}; it must be a list of Source")
        sources = tuple(sources)
        if not sources or not all(isinstance(source, Source) for source in sources):
            raise InvalidInputError(f"sources was {shown(given)}; it must hold at least one Source")
        set_field(self, "sources", sources)
        set_field(self, "penalty", _penalty(self.penalty))
        set_field(self, "design", _check.choice("design", self.design, ("fresh", "same")))
        set_field(self, "pooled", _check.boolean("pooled", self.pooled))
        set_field(self, "loss", find_loss("loss", self.loss))
        for source in sources:
            if source.labels.makes not in self.loss.labels:
                raise InvalidInputError(
                    f"loss was {self.loss} with {source.labels} labels, which are "
                    f"{source.labels.makes}; it is for {' and '.join(self.loss.labels)}"
                )
        if self.penalty == "cv" and self.loss != Squared():
            raise InvalidInputError(
                f"penalty was 'cv' with loss {self.loss}; leave-one-out is for the squared loss, give "
                "a number"
            )
        if self.features is not None:
            count = _check.integer("features", self.features, minimum=1, maximum=MOST_ROWS)
            set_field(self, "features", count)
        how = _check.choice("feature_map", self.feature_map, ("fresh", "same"))
        set_field(self, "feature_map", how)
        if self.features is None and how == "same":
            raise InvalidInputError(
                "feature_map was 'same' without features; say how many features there are"
            )
        if self.subsample is not None:
            drawn = _check.integer("subsample", self.subsample, minimum=1, maximum=MOST_ROWS)
            set_field(self, "subsample", drawn)
            if not self.pooled:
                raise InvalidInputError(
                    f"subsample was {drawn} without pooled; rows are drawn from the pool of all rows "
                    "so far, set pooled to True"
                )

    @classmethod
    def of(
        cls,
        n_samples: int,
        *,
        labeler: Labeler = "previous",
        penalty: Penalty = 0.0,
        noise: float = 0.0,
        real_noise: float | None = None,
        design: Design = "fresh",
        pooled: bool = False,
        features: int | None = None,
        feature_map: Design = "fresh",
        subsample: int | None = None,
    ) -> Self:
        """Return a generation with a single source."""
        source = Source(n_samples, labeler, noise, real_noise)
        return cls((source,), penalty, design, pooled, features, feature_map, subsample)

    def with_penalty(self, penalty: Penalty) -> Self:
        """Return the fit with another penalty."""
        changed = object.__new__(type(self))  # all else is checked
        changed.__dict__.update(self.__dict__, penalty=_penalty(penalty))
        return changed

    @cached_property
    def n_samples(self) -> int:
        """Number of its own rows, over all sources."""
        return sum(source.n_samples for source in self.sources)

    @property
    def fixed_penalty(self) -> float:
        """The penalty as a number; NaN for "cv"."""
        return math.nan if self.penalty == "cv" else self.penalty

    def __repr__(self) -> str:
        return f"Generation({self})"

    def __str__(self) -> str:
        text = " + ".join(str(source) for source in self.sources)
        if self.penalty:
            text += ", penalty " + ("cv" if self.penalty == "cv" else f"{self.penalty:.6g}")
        text += f", {self.loss} loss" if self.loss != Squared() else ""
        text += ", same inputs" if self.design == "same" else ""
        text += ", pooled" if self.pooled else ""
        text += f", {self.subsample} rows drawn" if self.subsample is not None else ""
        if self.features is None:
            return text
        return f"{text}, {'same ' * (self.feature_map == 'same')}{self.features} random features"

    def to_dict(self) -> dict[str, Any]:
        """Plain data; a single source is written inline."""
        plain = _without_defaults(self)
        sources = [source.to_dict() for source in self.sources]
        del plain["sources"]
        return {**sources[0], **plain} if len(sources) == 1 else {**plain, "sources": sources}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], *, where: str = "generation") -> Self:
        """Read what `to_dict` writes; unknown keys are refused."""
        plain = table(where, plain)
        names = tuple(spec.name for spec in fields(cls) if spec.name != "sources")
        own = {key: plain[key] for key in names if key in plain}
        rest = {key: value for key, value in plain.items() if key not in own}
        if "sources" not in rest:
            source = call_with_keys(Source, rest, where=where, also=names)
            return call_with_keys(cls, {**own, "sources": (source,)}, where=where)
        if not isinstance(rest["sources"], list):
            raise InvalidInputError(f"{where}.sources must be a list of tables")
        rest["sources"] = tuple(
            call_with_keys(Source, source, where=f"{where}.sources[{i}]")
            for i, source in enumerate(rest["sources"])
        )
        return call_with_keys(cls, {**own, **rest}, where=where)


def _penalty(value: Any) -> Penalty:
    if not isinstance(value, str):
        return _check.non_negative("penalty", value)
    if value != "cv":
        raise InvalidInputError(f"penalty was {shown(value)}; it must be a number >= 0, or 'cv'")
    return "cv"


def _without_defaults(value: Source | Generation) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for spec in fields(value):
        entry = getattr(value, spec.name)
        if entry == spec.default:
            continue
        if spec.name == "labeler" and isinstance(entry, tuple):
            entry = {str(who): coefficient for who, coefficient in entry}
        if isinstance(entry, Label | Keep | Loss):
            entry = entry.to_dict()
        plain[spec.name] = list(entry) if isinstance(entry, tuple) else entry
    return plain
