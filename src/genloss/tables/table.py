"""The numeric table that a forecast starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from genloss.tables.column import Array, Codes


@dataclass(frozen=True, eq=False)
class Table:
    """Finite numbers ready for a forecast, and the story of where they came from.

    Attributes
    ----------
    features, target : ndarray of shape (n_rows, dim) and (n_rows,)
        Finite float64, C-contiguous; no column is constant.
    feature_names, target_name : tuple of str and str
        An indicator of a category is called ``"cut=Ideal"``.
    source : str
        What a person would call it: a file name, "scikit-learn digits", "arrays".
    notes : tuple of str
        What was done on the way, and what is worth knowing, one short sentence each.
    warnings : tuple of str
        What may be wrong with how the table was read.
    time : ndarray of shape (n_rows,) or None
        By which the rows are ordered: numbers, or days since 1970-01-01; no feature.
    groups : ndarray of int, shape (n_rows,), or None
        Rows of one number belong together; no feature.
    weights : ndarray of shape (n_rows,) or None
        How much each row counts, positive; rows of weight 0 are left out. No feature.
    texts : mapping of str to ndarray of int, shape (n_rows,)
        Columns of text with many values, as codes, for an encoding by the target.
    levels : tuple of str
        Names of the classes where the target was booleans or text; it holds their places.
    categories : mapping of str to tuple of str
        The categories of every column that became indicators, those of the rows used, sorted. Where the
        column has no gaps the first has no indicator: it is where all others are 0.

    Examples
    --------
    >>> import genloss as gl
    >>> table = gl.load_table(([[1.0, 7.0], [2.0, 7.0], [4.0, 7.0]], [1.0, 2.0, 3.0]))
    >>> table.features.shape, table.feature_names, table.source
    ((3, 1), ('x0',), 'arrays')
    """

    features: Array
    target: Array
    feature_names: tuple[str, ...]
    target_name: str
    source: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    time: Array | None = None
    groups: Codes | None = None
    weights: Array | None = None
    texts: Mapping[str, Codes] = field(default_factory=dict)
    levels: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
