"""Names that other pages explain: NumPy's, scikit-learn's, and pages that docstrings cite.

Written out instead of read from inventories, so that a build needs no network.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

NUMPY = "https://numpy.org/doc/stable/reference/"
SKLEARN = "https://scikit-learn.org/stable/modules/generated/"
PYTHON = "https://docs.python.org/3/library/"
PLACES = {
    "numpy.ndarray": NUMPY + "generated/numpy.ndarray.html",
    "numpy.random.Generator": NUMPY + "random/generator.html",
    "numpy.random.SeedSequence": NUMPY
    + "random/bit_generators/generated/numpy.random.SeedSequence.html",
    "numpy.array_like": "https://numpy.org/doc/stable/glossary.html#term-array_like",
    "pandas.DataFrame": "https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.html",
    "polars.DataFrame": "https://docs.pola.rs/api/python/stable/reference/dataframe/index.html",
    "pyarrow.Table": "https://arrow.apache.org/docs/python/generated/pyarrow.Table.html",
    "xarray.Dataset": "https://docs.xarray.dev/en/stable/generated/xarray.Dataset.html",
    "collections.abc.Iterable": PYTHON + "collections.abc.html#collections.abc.Iterable",
    "collections.abc.Mapping": PYTHON + "collections.abc.html#collections.abc.Mapping",
    "collections.abc.Sequence": PYTHON + "collections.abc.html#collections.abc.Sequence",
    "concurrent.futures.Executor": PYTHON + "concurrent.futures.html",
    "pathlib.Path": PYTHON + "pathlib.html",
    **{
        f"sklearn.{name}": f"{SKLEARN}sklearn.{name}.html"
        for name in (
            "linear_model.Ridge",
            "linear_model.RidgeCV",
            "linear_model.LinearRegression",
            "kernel_ridge.KernelRidge",
            "model_selection.GridSearchCV",
            "model_selection.KFold",
            "semi_supervised.SelfTrainingClassifier",
            "base.BaseEstimator",
        )
    },
    **{name: f"{PYTHON}stdtypes.html#{name}" for name in ("bytes", "dict", "list", "str", "tuple")},
    "None": PYTHON + "constants.html#None",
    **{name: f"{PYTHON}functions.html#{name}" for name in ("bool", "float", "int")},
}
SHORT = {
    "ndarray": "numpy.ndarray",
    "Generator": "numpy.random.Generator",
    "Ridge": "sklearn.linear_model.Ridge",
    "RidgeCV": "sklearn.linear_model.RidgeCV",
    "KernelRidge": "sklearn.kernel_ridge.KernelRidge",
    "np.ndarray": "numpy.ndarray",
    "Path": "pathlib.Path",
}
PAGE = re.compile(r"([a-z-]+)\.md")


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.TextElement
) -> nodes.reference | None:
    target = node.get("reftarget", "")
    if (page := PAGE.fullmatch(target)) and page[1] in env.found_docs:
        uri = app.builder.get_relative_uri(node.get("refdoc", ""), page[1])
        return nodes.reference("", "", text, refuri=uri, internal=True)
    name = SHORT.get(target, target)
    if name not in PLACES or node.get("refdomain") != "py":
        return None
    return nodes.reference("", "", text, refuri=PLACES[name], internal=False, reftitle=name)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True}
