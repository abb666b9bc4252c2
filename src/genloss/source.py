"""Source: rows of a fit, who labels them, and which of them are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from genloss import _check
from genloss._family import Member
from genloss._words import shown
from genloss.covariances import Covariance, checked
from genloss.errors import InvalidInputError
from genloss.external import External
from genloss.keep import Keep
from genloss.keep import find as find_keep
from genloss.labels import Label
from genloss.labels import find as find_labels
from genloss.labels.linear import Linear

MOST_ROWS = 10**12
REAL = -1
"""Model number under which the truth takes part in a mixture of labelers."""
NOBODY: Mapping[External, int] = {}

Who = str | int | External
Mixture = tuple[tuple[Who, float], ...]
Labeler = Who | Mapping[Any, float] | Mixture


def model_number(labeler: Any) -> Who:
    """Return "real", "previous", "kept", a model number or an External; digits may be text (TOML)."""
    if isinstance(labeler, Mapping) and {"coefficients", "bias", "variance"}.issuperset(labeler):
        labeler = External(**labeler)
    if isinstance(labeler, External):
        return labeler
    if isinstance(labeler, str) and labeler in ("real", "previous", "kept"):
        return labeler
    text = str(labeler) if isinstance(labeler, str | int | np.integer) else ""
    if not isinstance(labeler, bool) and text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    raise InvalidInputError(
        f"labeler was {shown(labeler)}; it must be 'real', 'previous', the number of an earlier model "
        "(0 is the first), 'kept', an External, or a mixture such as {'real': 0.3, 'previous': 0.7}"
    )


@dataclass(frozen=True)
class Source:
    """Rows that one labeler labels.

    Parameters
    ----------
    n_samples : int or None
        Number of new rows; None for rows of an earlier generation (``inputs``), which are all used.
    labeler : str, int, External or mapping, default "real"
        "real" (the truth), "previous" (the model before this one), the number of an earlier model,
        "kept" (the labels that rows of an earlier generation got there), a model from outside, or a
        mixture of those with coefficients, e.g. ``{"real": 0.3, "previous": 0.7}``: every label is
        then that combination of the labelers' labels.
    noise : float, default 0.0
        Standard deviation of the noise on each labeler's label.
    real_noise : float, optional
        Standard deviation of the noise on real labels, where it differs from ``noise``. Without a
        real labeler it waits for real rows to take the place of these (`genloss.tune`).
    weight : float, default 1.0
        Weight of each row's squared error in the fit. One common to all rows of a fit divides its
        penalty, and has no say without one.
    covariance : array_like of shape (p,) or (p, p), optional
        Eigenvalues of these rows' covariance along the problem's eigenvectors, or the covariance as a
        matrix in their basis; default: the problem's spectrum. Not for reused rows, which exist.
    inputs : int or "new", default "new"
        "new", or the number of an earlier generation: the rows that were new there.
    labels : str or Label, default "linear"
        How the labeler's value, with its noise, becomes a label: "linear", "hard", "sampled", "soft",
        or a value of `genloss.labels`.
    keep : Keep, optional
        Which of the labelled rows are kept, a value of `genloss.keep`; default: all.
    edited : float, optional
        Of rows of an earlier generation: the share, drawn at random, that gets these labels; the others
        keep those they have, from the last fit to these rows. Default: all get them.

    Raises
    ------
    InvalidInputError
        If a value is out of range or the labeler is unknown.

    Examples
    --------
    >>> from genloss import Source
    >>> Source(400, labeler={"real": 0.5, "previous": 0.5}, noise=1.0).label_noise
    0.7071067811865476

    The rows of generation 0 with the labels they have, and with labels half new:

    >>> print(Source(None, "kept", inputs=0))
    rows of model 0 as labelled
    >>> print(Source(None, {"kept": 0.5, "previous": 0.5}, inputs=0))
    rows of model 0 labelled by 0.5 kept + 0.5 previous
    """

    n_samples: int | None
    labeler: Labeler = "real"
    noise: float = 0.0
    real_noise: float | None = None
    weight: float = 1.0
    covariance: Covariance | None = None
    labels: Label = field(default=Linear(), kw_only=True)
    keep: Keep | None = field(default=None, kw_only=True)
    inputs: int | Literal["new"] = field(default="new", kw_only=True)
    edited: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, "inputs", self._checked_inputs())
        if self.inputs == "new":
            rows = _check.integer("n_samples", self.n_samples, minimum=1, maximum=MOST_ROWS)
            set_field(self, "n_samples", rows)
        set_field(self, "noise", _check.non_negative("noise", self.noise))
        if self.real_noise is not None:
            set_field(self, "real_noise", _check.non_negative("real_noise", self.real_noise))
        set_field(self, "weight", _check.positive("weight", self.weight))
        set_field(self, "labeler", _frozen_labeler(self.labeler))
        if self.inputs == "new" and "kept" in (
            self.mixture if isinstance(self.labeler, tuple) else (self.labeler,)
        ):
            raise InvalidInputError(
                "labeler was 'kept' with new rows, which have no labels yet; say by inputs which earlier "
                "generation's rows they are"
            )
        if self.covariance is not None:
            set_field(self, "covariance", checked("covariance", self.covariance))
        set_field(self, "labels", find_labels("labels", self.labels))
        if self.edited is not None:
            share = _check.share("edited", self.edited)
            if self.inputs == "new":
                raise InvalidInputError(
                    f"edited was {share} with new rows, which have no labels yet; say by inputs which "
                    "earlier generation's rows they are"
                )
            set_field(self, "edited", share)
        if self.keep is not None:
            rule = find_keep("keep", self.keep)
            if rule.labeler is not None:
                rule = replace(rule, labeler=_frozen_labeler(rule.labeler))  # type: ignore[type-var]
            set_field(self, "keep", rule)

    def _checked_inputs(self) -> int | Literal["new"]:
        given: Any = self.inputs
        if isinstance(given, str):
            if given != "new":
                raise InvalidInputError(
                    f"inputs was {shown(given)}; it must be 'new', or the number of an earlier "
                    "generation"
                )
            return "new"
        for name in ("n_samples", "covariance"):
            if getattr(self, name) is not None:
                raise InvalidInputError(
                    f"{name} was given with inputs {shown(given)}; all rows of that generation are "
                    "used as they were drawn, leave it out"
                )
        return _check.integer("inputs", given, minimum=0)

    @property
    def new_rows(self) -> int:
        """How many rows it has of its own; none where it uses those of an earlier generation."""
        return self.n_samples or 0

    @cached_property
    def kept(self) -> float:
        """Coefficient of the labels that its rows have from before."""
        return 0.0 if self.inputs == "new" else self.mixture.get("kept", 0.0)

    @property
    def mixture(self) -> dict[Who, float]:
        """Coefficient of every labeler."""
        return _mixture(self.labeler)

    @cached_property
    def label_noise(self) -> float:
        """Standard deviation of one label's noise; a mixture averages independent noises."""
        real = self.noise if self.real_noise is None else self.real_noise
        return math.hypot(
            *(
                c * (real if who == "real" else self.noise)
                for who, c in self.mixture.items()
                if who != "kept"
            )
        )

    @cached_property
    def model_noise(self) -> float:
        """The same without the noise of real labels."""
        models = (c for who, c in self.mixture.items() if who not in ("real", "kept"))
        return self.noise * math.hypot(*models)

    @cached_property
    def outside(self) -> list[External]:
        """The models from outside that label these rows, or judge which are kept."""
        if isinstance(self.labeler, str) and self.keep is None:
            return []
        asked = dict(self.mixture)
        if self.keep is not None and self.keep.labeler is not None:
            asked |= _mixture(self.keep.labeler)
        return [who for who in asked if isinstance(who, External)]

    def labeler_numbers(
        self, model: int, outside: Mapping[External, int] = NOBODY
    ) -> dict[int, float]:
        """Coefficients by model number, `REAL` for the truth, when ``model`` is being fitted.

        ``outside`` are the numbers of models from outside, all of them below `REAL`.
        """
        if self.labeler == "previous":
            return {model - 1: 1.0}
        return _numbers(self.mixture, model, outside)

    def judge_numbers(
        self, model: int, outside: Mapping[External, int] = NOBODY
    ) -> dict[int, float]:
        """The same of who decides which rows are kept; empty where nobody does."""
        if self.keep is None:
            return {}
        return (
            _numbers(_mixture(self.keep.labeler), model, outside)
            if self.keep.labeler is not None
            else self.labeler_numbers(model, outside)
        )

    def __str__(self) -> str:
        names = [f"model {who}" if isinstance(who, int) else str(who) for who in self.mixture]
        shares = list(self.mixture.values())
        rows = str(self.n_samples) if self.inputs == "new" else f"rows of model {self.inputs}"
        if len(names) > 1 or shares != [1.0]:
            mixture = " + ".join(f"{c:.4g} {name}" for c, name in zip(shares, names, strict=True))
            text = f"{rows} labelled by {mixture}"
        elif names == ["kept"]:
            text = f"{rows} as labelled"
        else:
            text = f"{rows} " + ("" if names == ["real"] else "labelled by ") + names[0]
        text += f", {100 * self.edited:.4g}% of them" if self.edited is not None else ""
        text += f", noise {self.noise}" if self.noise else ""
        text += f", real noise {self.real_noise}" if self.real_noise is not None else ""
        text += f", weight {self.weight}" if self.weight != 1 else ""
        text += f", {self.labels} labels" if self.labels != Linear() else ""
        text += f", kept where {self.keep}" if self.keep is not None else ""
        return text + (", own covariance" if self.covariance is not None else "")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, defaults left out."""
        return without_defaults(self)


def _mixture(labeler: Any) -> dict[Who, float]:
    return dict(labeler) if isinstance(labeler, tuple) else {model_number(labeler): 1.0}


def _numbers(
    mixture: Mapping[Who, float], model: int, outside: Mapping[External, int]
) -> dict[int, float]:
    numbers = {"real": REAL, "previous": model - 1}
    shares: dict[int, float] = {}
    for who, coefficient in mixture.items():
        if who == "kept":
            continue
        if isinstance(who, External):
            number = outside.get(who, REAL - 1)
        else:
            number = numbers[who] if isinstance(who, str) else who
        shares[number] = shares.get(number, 0.0) + coefficient
    # who has no say is no labeler; a label of nothing at all is the truth times zero
    asked = {number: share for number, share in shares.items() if share}
    return asked if asked or mixture.get("kept") else {REAL: 0.0}


def _frozen_labeler(labeler: Any) -> Who | Mixture:
    """One labeler, or a mixture as sorted pairs so that equal mixtures are equal values."""
    if isinstance(labeler, Mapping):
        if labeler and {"coefficients", "bias", "variance"}.issuperset(labeler):
            return model_number(labeler)
        labeler = tuple(labeler.items())
    if isinstance(labeler, list):  # pairs, as files write models from outside in a mixture
        labeler = tuple(tuple(pair) if isinstance(pair, list) else pair for pair in labeler)
    if not isinstance(labeler, tuple):
        return model_number(labeler)
    if not labeler or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in labeler):
        raise InvalidInputError(
            f"labeler was {shown(labeler)}; a mixture must name at least one labeler with a coefficient"
        )
    shares: dict[Who, float] = {}
    for who, coefficient in labeler:
        number = model_number(who)
        shares[number] = shares.get(number, 0.0) + _check.finite(
            f"labeler[{shown(who)}]", coefficient
        )
    return tuple(sorted(shares.items(), key=lambda pair: (pair[0] != "real", str(pair[0]))))


def _plain_labeler(labeler: Any) -> Any:
    """As files write it: a mixture with a model from outside, which is no key, as pairs."""
    if isinstance(labeler, External):
        return labeler.to_dict()
    if not isinstance(labeler, tuple):
        return labeler
    if any(isinstance(who, External) for who, _ in labeler):
        return [[_plain_labeler(who), coefficient] for who, coefficient in labeler]
    return {str(who): coefficient for who, coefficient in labeler}


def _listed(entry: Any) -> Any:
    return [_listed(each) for each in entry] if isinstance(entry, tuple) else entry


def without_defaults(value: Any) -> dict[str, Any]:
    """Plain data of a source or a generation, defaults left out."""
    plain: dict[str, Any] = {}
    for spec in fields(value):
        entry = getattr(value, spec.name)
        if entry == spec.default or (spec.name == "n_samples" and entry is None):
            continue
        if spec.name == "labeler":
            entry = _plain_labeler(entry)
        if isinstance(entry, Member):
            entry = entry.to_dict()
        plain[spec.name] = _listed(entry)
    return plain
