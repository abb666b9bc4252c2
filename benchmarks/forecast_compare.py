"""A forecast beside the truth: errors, intervals, verdicts and penalties, one flat row a forecast."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from forecast_truths import FIFTH, NOISES, SHARES, Truth, known, truth

Array = npt.NDArray[np.float64]
Numbers = dict[str, float]

TOLERANCE = 1.1  # growth that counts as holding the error, and below which real labels suffice
CLEAR = 0.05  # standard error of a truth's growth or level beyond which it is marked
FLAT = 1.001  # a penalty counts as best within a tenth of a per cent


class Curves:
    """Truths of one table, kernel, size and noise as functions of the penalty."""

    def __init__(self, found: Truth, noise: float) -> None:
        self.grid = np.log(found.penalties)
        self.noise = int(np.flatnonzero(noise == NOISES)[0])
        self.chains = found.replace[:, :, :, self.noise]  # (chains, models, shares, penalties)
        self.mean = self.chains.mean(axis=0)
        self.cv = found.cv[:, :, :, self.noise]
        self.first, self.last = self.mean[0, 0], self.mean[-1, 0]
        self._worst = self._log_worst()

    def _log_worst(self) -> Array:
        """Log of the largest growth, (shares, penalties).

        Which model is worst is read off one half of the chains and its growth off the other, since
        the largest of uncertain numbers is too large.
        """
        halves = [self.chains[i::2].mean(axis=0) for i in range(2)]
        growths = [np.log(half / half[0]) for half in halves]
        found = [
            np.take_along_axis(seen, np.argmax(other, axis=0)[None], axis=0)[0]
            for seen, other in (growths, growths[::-1])
        ]
        return np.mean(found, axis=0)

    def at(self, values: Array, penalty: float) -> float:
        """A curve of positive values at any penalty; the grid's ends hold beyond it."""
        return float(np.exp(np.interp(_log(penalty), self.grid, np.log(values))))

    def growth(self, penalty: float, share: int = 0) -> float:
        return self.at(self.mean[-1, share] / self.mean[0, share], penalty)

    def doubt(self, penalty: float) -> tuple[float, float]:
        """Standard errors of the logs of level and growth, at the nearest penalty."""
        place = int(np.argmin(np.abs(self.grid - _log(penalty))))
        first, last = (self.chains[:, t, 0, place] for t in (0, -1))
        first, last = first / first.mean(), last / last.mean()
        root = math.sqrt(len(first))
        return float(first.std(ddof=1) / root), float((last - first).std(ddof=1) / root)

    def real_share(self, penalty: float) -> float:
        """Least share of real labels that holds every model, smooth in its square root."""
        worst = [math.exp(np.interp(_log(penalty), self.grid, row)) for row in self._worst]
        worst, shares = np.append(worst, 1.0), np.append(SHARES, 1.0)
        excess = np.log(np.maximum(worst, 1.0)) - math.log(TOLERANCE)
        if excess[0] <= 0:
            return 0.0
        after = int(np.argmax(excess <= 0))
        low, high = np.sqrt(shares[after - 1 : after + 1])
        part = excess[after - 1] / (excess[after - 1] - excess[after])
        return float((low + part * (high - low)) ** 2)

    def regret(self, penalty: float, values: Array) -> float:
        """Error at a penalty over the best of the grid, less one."""
        return self.at(values, penalty) / float(values.min()) - 1

    def holds(self, low: float, high: float, values: Array) -> bool:
        """Whether a range of penalties contains the best one or one as good."""
        good = self.grid[values <= FLAT * values.min()]
        half = (self.grid[1] - self.grid[0]) / 2
        return bool(np.any((good >= _log(low) - half) & (good <= _log(high) + half)))

    def at_best(self) -> float:
        """Growth at the true best penalty of model 0."""
        return float((self.last / self.first)[np.argmin(self.first)])


def _log(penalty: float) -> float:
    return math.log(max(penalty, 1e-300))


def compare(row: dict[str, str], cache: Callable[[str, str, int, float], Curves | None]) -> Numbers:
    """Differences of one forecast from the truth; what is not known is left out."""
    if row["failure"] or row["setting"] == "default":
        return {}
    n = int(float(row["n"]))
    curves = cache(row["table"], row["kernel"], n, float(row["noise"]))
    if curves is None:
        return {}
    said = {key: float(value) for key, value in row.items() if _number(value)}
    penalty = said["penalty"]
    level, growth = curves.at(curves.first, penalty), curves.growth(penalty)
    level_doubt, growth_doubt = curves.doubt(penalty)
    share = curves.real_share(penalty)
    found = {
        "true_level": level,
        "true_growth": growth,
        "level_stderr": level_doubt,
        "growth_stderr": growth_doubt,
        "level_error": _distance(said["level"], level),
        "growth_pp": 100 * abs(said["growth"] - growth),
        "growth_error": _distance(said["growth"], growth),
        "level_inside": _inside(said, "level", level),
        "growth_inside": _inside(said, "growth", growth),
        "growth_width": _width(said, "growth"),
        "regret_first": 100 * curves.regret(said["first"], curves.first),
        "regret_last": 100 * curves.regret(said["last"], curves.last),
        "true_share": share,
        "share_error": abs(said["real"] / n - share),
    }
    if "real_low" in said:
        # whole rows: a range of 3 to 5 holds 2.6 rows
        found["real_inside"] = said["real_low"] - 1 <= share * n <= said["real_high"] + 1
        found["first_inside"] = curves.holds(said["first_low"], said["first_high"], curves.first)
        found["last_inside"] = curves.holds(said["last_low"], said["last_high"], curves.last)
        found["first_width"] = math.log10(said["first_high"] / max(said["first_low"], 1e-300))
    for name, limit in (("tenth", TOLERANCE), ("double", 2.0)):
        if "growth_low" in said:
            decided = said["growth_low"] > limit or said["growth_high"] < limit
            found[f"{name}_decided"] = decided
            if decided:
                found[f"{name}_right"] = (said["growth"] > limit) == (growth > limit)
    if "retuned" in said:
        mean = curves.cv.mean(axis=0)[:, 0]
        found |= _outcome(said, "retuned", float(mean[-1] / mean[0]))
    if "fifth" in said and math.isfinite(said["fifth_penalty"]):
        found |= _outcome(said, "fifth", curves.growth(said["fifth_penalty"], FIFTH))
    for name in ("accumulate", "kept"):
        found |= _policy(name, row, said, n, curves)
    found |= _full(row, said, curves)
    return {key: float(value) for key, value in found.items()}


def _policy(name: str, row: dict[str, str], said: Numbers, n: int, curves: Curves) -> Numbers:
    """Another way to retrain, with chains of its own."""
    chains = known(row["table"], row["kernel"], n, name)
    if chains is None or name not in said or not math.isfinite(said[f"{name}_penalty"]):
        return {}
    mean = chains[name].mean(axis=0)[:, curves.noise]
    ratio = np.interp(_log(said[f"{name}_penalty"]), curves.grid[::2], np.log(mean[-1] / mean[0]))
    return _outcome(said, name, float(np.exp(ratio)))


def _full(row: dict[str, str], said: Numbers, curves: Curves) -> Numbers:
    """The model trained on all rows that were shown."""
    chains = known(row["table"], row["kernel"], int(row["rows"]), "level")
    if chains is None or "full" not in said:
        return {}
    true = curves.at(chains["level"].mean(axis=0), said["full_penalty"])
    return {
        "true_full": true,
        "full_error": _distance(said["full"], true),
        "full_inside": _inside(said, "full", true),
    }


def _outcome(said: Numbers, name: str, true: float) -> Numbers:
    return {
        f"true_{name}": true,
        f"{name}_pp": 100 * abs(said[name] - true),
        f"{name}_inside": _inside(said, name, true),
    }


def _number(text: str | None) -> bool:
    try:
        return not math.isnan(float(text or "nan"))
    except ValueError:
        return False


def _distance(said: float, true: float) -> float:
    return abs(math.log(said / true)) if said > 0 else math.inf


def _inside(said: Numbers, name: str, true: float) -> float:
    if f"{name}_low" not in said:
        return math.nan
    return float(said[f"{name}_low"] <= true <= said[f"{name}_high"])


def _width(said: Numbers, name: str) -> float:
    """Half the width, in percentage points."""
    if f"{name}_low" not in said:
        return math.nan
    return 50 * (said[f"{name}_high"] - said[f"{name}_low"])


def truths() -> Callable[[str, str, int, float], Curves | None]:
    """Curves by table, kernel, size and noise, read once."""
    kept: dict[tuple[str, str, int, float], Curves | None] = {}

    def get(name: str, kernel: str, n: int, noise: float) -> Curves | None:
        key = name, kernel, n, noise
        if key not in kept:
            found = truth(name, kernel, n)
            kept[key] = None if found is None else Curves(found, noise)
        return kept[key]

    return get
