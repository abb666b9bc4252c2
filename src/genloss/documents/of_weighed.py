"""A weight of synthetic rows as a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from genloss._version import __version__
from genloss.documents.document import Document, Picture, Recipe, Sheet
from genloss.documents.of_measured import class_names
from genloss.documents.pictures import svg
from genloss.report.numbers import counted
from genloss.report.weigh import weight_columns, weight_legend

if TYPE_CHECKING:
    from genloss.weighing.result import Weighed


def of_weighed(found: Weighed, say: Callable[[str], str] = str) -> Document:
    """Return the report of a weight.

    Parameters
    ----------
    found : Weighed
        The answer of `genloss.weigh`.
    say : callable, optional
        Spells arguments of the package as the caller does.

    Examples
    --------
    >>> import genloss as gl, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(300, 5))
    >>> found = gl.weigh((X[:50], X[:50, 0]), (X[50:], X[50:, 0] + 0.1 * X[50:, 1]))
    >>> of_weighed(found).sheets[0].headings[0]
    'weight'
    """
    answer, *advice = map(say, found.advice.sentences)
    words = (
        "Error on real rows against the weight of a synthetic one; the band cannot be told apart."
    )
    return Document(
        title=f"Weight of synthetic rows: {found.target} of {found.sources[0]} and {found.sources[1]}",
        answer=answer,
        advice=advice,
        warnings=[*map(say, found.warnings)],
        sheets=[Sheet("Error against weight", weight_columns(found), weight_legend(found))],
        pictures=[Picture("Weight", words, svg(lambda ax: found.plot(ax=ax)))],
        recipes=_recipes(found),
        done=[
            f"{counted(found.n_real, 'real row')} of {found.sources[0]}, "
            f"{counted(found.n_synthetic, 'synthetic row')} of {found.sources[1]}; made from: "
            f"{found.made_from}.",
            *class_names(found.classes),
            *map(say, found.notes),
            f"Weighed by genloss {__version__} with {found.model}, judged by {found.judged_by} on real "
            "rows alone.",
        ],
    )


def _recipes(found: Weighed) -> list[Recipe]:
    """The fit in scikit-learn, where it is one model."""
    total = found.n_real + found.weight * found.n_synthetic
    if found.model == "logistic regression":
        name, setting = "LogisticRegression", f"C={1 / (2 * found.penalty * total):.4g}"
    elif found.model == "ridge":
        name, setting = "Ridge", f"alpha={found.penalty * total:.4g}"
    else:
        return []
    return [
        Recipe(
            "The fit in scikit-learn",
            "python",
            "import numpy as np\n"
            f"from sklearn.linear_model import {name}\n\n"
            "# X: columns standardised by the real rows; synthetic: True on synthetic rows\n"
            f"weights = np.where(synthetic, {np.format_float_positional(found.weight, 4)}, 1.0)\n"
            f"model = {name}({setting}).fit(X, y, sample_weight=weights)\n",
        )
    ]
