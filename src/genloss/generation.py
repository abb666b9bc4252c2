"""Generation: how one model is fitted, and to which rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, Self

from genloss import _check
from genloss._keys import call_with_keys, table
from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.filters import Filter
from genloss.filters import find as find_filter
from genloss.labels.linear import Linear
from genloss.losses import Loss
from genloss.losses import find as find_loss
from genloss.losses.squared import Squared
from genloss.source import MOST_ROWS, REAL, Labeler, Mixture, Source, without_defaults

__all__ = ["MOST_ROWS", "REAL", "Design", "Generation", "Labeler", "Mixture", "Penalty", "Source"]

Design = Literal["fresh", "same"]
Penalty = float | Literal["cv"]


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
        "squared_hinge", "hinge", "absolute", "multinomial" (of several classes), or a value of `genloss.losses`.
    towards : "previous", int or None, default None
        The penalty pulls to that model instead of to zero, ``penalty * |w - w_k|**2`` (fine-tuning);
        without a penalty, of all minimisers the one nearest to it is taken.
    filter : Filter, optional
        A fit that is not the exact minimiser, such as gradient descent stopped early: a value of
        `genloss.filters`; default: the minimiser itself.
    intercept : bool, default False
        Whether a constant is fitted beside the coefficients, without penalty: inputs and labels are
        centred at the weighted means of the rows. The model has an intercept from then on, which its
        labels include and which counts in its error. All generations of a plan have one, or none.

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
    towards: int | Literal["previous"] | None = field(default=None, kw_only=True)
    filter: Filter | None = field(default=None, kw_only=True)
    intercept: bool = field(default=False, kw_only=True)

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
        if self.filter is not None:
            set_field(self, "filter", find_filter("filter", self.filter))
            self._check_filter()
        if _check.boolean("intercept", self.intercept):
            self._check_intercept()
        if self.towards is not None:
            set_field(self, "towards", _pulled_to(self.towards))
            if self.features is not None:
                raise InvalidInputError(
                    "towards was given with features; a model on other features is no point to pull "
                    "to, leave one out"
                )
        if self.design == "same" and any(source.inputs != "new" for source in sources):
            raise InvalidInputError(
                "design was 'same' with inputs of an earlier generation; say which rows by inputs alone"
            )
        edited = [source.inputs for source in sources if source.edited is not None]
        if len({*edited}) < len(edited):
            raise InvalidInputError(
                "edited was given twice for rows of one generation; which of them are replaced by whom is "
                "then not said, give it once"
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

    def _check_filter(self) -> None:
        """Raise where a filter is no answer to what else is asked."""
        asked = {
            f"loss {self.loss}": self.loss != Squared(),
            "penalty 'cv'": self.penalty == "cv",
            "towards": self.towards is not None,
            "features": self.features is not None,
        }
        for what, clashes in asked.items():
            if clashes:
                raise InvalidInputError(
                    f"filter {self.filter} was given with {what}; it starts from zero, on the inputs, "
                    "with the squared loss and a fixed penalty: leave one out"
                )

    def _check_intercept(self) -> None:
        """Raise where rows with their mean taken away are no answer to what else is asked."""
        labels = [source.labels for source in self.sources if source.labels != Linear()]
        kept = [source.keep for source in self.sources if source.keep is not None]
        by_rows = self.filter is not None and not self.filter.spectral
        asked = {
            f"loss {self.loss}": self.loss != Squared(),
            f"labels {', '.join(map(str, labels))}": bool(labels),
            f"keep {', '.join(map(str, kept))}": bool(kept),
            f"filter {self.filter}": by_rows,
            "penalty 'cv'": self.penalty == "cv",
        }
        for what, clashes in asked.items():
            if clashes:
                raise InvalidInputError(
                    f"intercept was True with {what}; it is for the squared loss on all rows and on what "
                    "labelers say, with a fixed penalty: leave one out"
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
        intercept: bool = False,
    ) -> Self:
        """Return a generation with a single source."""
        source = Source(n_samples, labeler, noise, real_noise)
        how = penalty, design, pooled, features, feature_map, subsample
        return cls((source,), *how, intercept=intercept)

    def with_penalty(self, penalty: Penalty) -> Self:
        """Return the fit with another penalty."""
        changed = object.__new__(type(self))  # all else is checked
        changed.__dict__.update(self.__dict__, penalty=_penalty(penalty))
        return changed

    @cached_property
    def n_samples(self) -> int:
        """Number of its own rows, over all sources; without those of earlier generations."""
        return sum(source.new_rows for source in self.sources)

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
        text += f", by {self.filter}" if self.filter is not None else ""
        text += ", intercept" if self.intercept else ""
        text += f", {self.loss} loss" if self.loss != Squared() else ""
        text += f", towards {_named(self.towards)}" if self.towards is not None else ""
        text += ", same inputs" if self.design == "same" else ""
        text += ", pooled" if self.pooled else ""
        text += f", {self.subsample} rows drawn" if self.subsample is not None else ""
        if self.features is None:
            return text
        return f"{text}, {'same ' * (self.feature_map == 'same')}{self.features} random features"

    def to_dict(self) -> dict[str, Any]:
        """Plain data; a single source is written inline."""
        plain = without_defaults(self)
        sources = [source.to_dict() for source in self.sources]
        del plain["sources"]
        return {**sources[0], **plain} if len(sources) == 1 else {**plain, "sources": sources}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], *, where: str = "generation") -> Self:
        """Read what `to_dict` writes; unknown keys are refused."""
        plain = table(where, plain)
        names = tuple(spec.name for spec in fields(cls) if spec.name != "sources")
        if isinstance(plain.get("sources"), list):
            plain["sources"] = [_readable(source) for source in plain["sources"]]
        else:
            plain = _readable(plain)
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


def _readable(source: Any) -> Any:
    """A table of rows, which need no number where they are those of an earlier generation."""
    reused = isinstance(source, Mapping) and source.get("inputs", "new") != "new"
    return {"n_samples": None, **source} if reused else source


def _named(model: int | str) -> str:
    return model if isinstance(model, str) else f"model {model}"


def _pulled_to(value: Any) -> int | Literal["previous"]:
    if isinstance(value, str) and value == "previous":
        return "previous"
    if isinstance(value, str):
        raise InvalidInputError(
            f"towards was {shown(value)}; it must be 'previous' or the number of an earlier model"
        )
    return _check.integer("towards", value, minimum=0)


def _penalty(value: Any) -> Penalty:
    if not isinstance(value, str):
        return _check.non_negative("penalty", value)
    if value != "cv":
        raise InvalidInputError(f"penalty was {shown(value)}; it must be a number >= 0, or 'cv'")
    return "cv"
