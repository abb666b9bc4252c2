"""Power-law spectra: rates, and what synthetic labels do to them."""

# ruff: noqa: RUF001 -- Greek letters and true minus signs are meant

from __future__ import annotations

import math

import numpy as np

from genloss.explain.numerals import fixed, number, printed, table
from genloss.explain.topic import Topic
from genloss.papers.demystified import Setting, ridge
from genloss.problem import Problem
from genloss.scaling import PowerLaw, best_penalty, clean_rule, scaling_law
from genloss.scaling.exponents import (
    best_rate,
    clean_penalty_exponent,
    clean_rate,
    divergence_threshold,
    kept_clean_rate,
    noiseless_rate,
)
from genloss.scaling.law import ScalingLaw

DIM = 300
CAPACITY = 1.5
SOURCE = 0.5
ROWS = 600
NOISE = 0.5
GENERATIONS = 10
SHOWN = (100, 400, 1600, 25_600)
GROWTH = 0.7


def setting(n_samples: int, generations: int) -> Setting:
    """The running example, with the penalty that is right for real labels."""
    return Setting(
        problem=Problem.power_law(DIM, capacity=CAPACITY, source=SOURCE),
        n_samples=n_samples,
        penalty=float(clean_rule(n_samples, capacity=CAPACITY, source=SOURCE)),
        noise=NOISE,
        generations=generations,
        generator_samples=ROWS,
        generator_noise=NOISE,
    )


def law(n_samples: int) -> ScalingLaw:
    """What the scaling laws say about it."""
    return scaling_law(
        PowerLaw(CAPACITY, SOURCE, dim=DIM),
        n_samples=n_samples,
        noise=NOISE,
        generations=GENERATIONS,
        generator_samples=ROWS,
    )


def turning_point() -> int:
    """Rows at which the error with the clean rule is least, by looking."""
    grid = np.unique(np.geomspace(20, 20_000, 400).round().astype(int))
    return int(grid[np.argmin([ridge(setting(int(T), GENERATIONS)).risk for T in grid])])


def newcomer() -> str:
    """Text without formulas."""
    rows = [
        (
            f"{T:,}",
            fixed(ridge(setting(T, 0)).risk, 3),
            fixed(ridge(setting(T, GENERATIONS)).risk, 3),
        )
        for T in SHOWN
    ]
    tenfold = 10 ** clean_rate(CAPACITY, SOURCE)
    return f"""
In real data the measurements are rarely all equally telling. A few combinations of them explain most,
the next few explain some, and a long tail explains almost nothing. Often this decay follows a
**power law**: look twice as far down the list, and importance falls by a fixed factor. Two numbers
describe it. The **capacity** says how fast the inputs flatten out. The **source** says how much of the
answer sits in the leading directions.

With real labels, power laws give a pleasant rule: ten times the rows divide the error by
a constant. In the example that constant is {number(tenfold)}. This is why people buy data. It takes a
brake that is released little by little as rows come in (see the topic *ridge*).

Now let the labels come from the end of a chain of {GENERATIONS} generators with {ROWS} rows each. The
last model has as many rows as it likes, and the brake for real labels:

{table(("rows of the last model", "error, real labels", "error, made labels"), rows)}

The left column keeps falling. The right one falls, **turns round at about {number(turning_point(), 1)}
rows, and rises**. More data makes it worse. As rows come in, the brake is released; the model looks at finer and finer
detail; and the fine detail of made labels is where the generators' slips live. With real labels that
detail averages out over many rows. With made labels every row repeats the same slips.

So a scaling law measured on real labels is no promise about made ones. Either the brake must change
(topic *penalty*), or the generators need more rows. Buying more labels from the same generator is the
one thing that does not help for long.
"""


def engineer() -> str:
    """What to call."""
    here = law(SHOWN[-1])
    predicted = here.crossovers.turning_point
    assert predicted is not None
    return f"""
`scaling_law` tells you which law is in force, and where it changes.

```python
from genloss.scaling import PowerLaw, scaling_law

data = PowerLaw(capacity={CAPACITY}, source={SOURCE}, dim={DIM})
chain = dict(noise={NOISE}, generations={GENERATIONS}, generator_samples={ROWS})
law = scaling_law(data, n_samples={SHOWN[-1]}, **chain)
print(law.regime)  # {here.regime}
print(round(law.crossovers.turning_point, -1))  # {printed(predicted, -1)}
print(round(law.recommendation("clean").risk, 2))  # {printed(here.recommendation("clean").risk, 2)}
print(round(law.best.risk, 3))  # {printed(here.best.risk, 3)}
for sentence in law.sentences:
    ...  # the same in words
```

Give it a `genloss.Problem` instead, for example `Problem.from_data(X, y)`, and it fits capacity and
source first and says how well they fit.

**Look at `law.regime` and `law.crossovers.turning_point`.** Beyond that number of rows the clean
penalty does harm.

Rules of thumb:

- Made labels stop paying at about `generator rows / (generations · noise²)` downstream rows or at
  `dim`, whichever is larger; that is the order of magnitude (here {number(_order())}). With constants
  the law says {number(predicted)}; a search over the exact formula finds {number(turning_point())}.
- On real labels with the clean penalty, between {SHOWN[0]} and {SHOWN[-1]:,} rows, the error falls like
  rows to the power {number(_slope(0))}; the law says {number(-clean_rate(CAPACITY, SOURCE))}. With {DIM} directions a power is bent at both
  ends, so plan with `law.best.risk`, not with bare powers.
- With the best penalty the error never rises with more rows. It reaches a floor, here
  {number(_floor(), 2)}, which only more generator rows or fewer generations can lower.

`PowerLaw.risk` takes arrays of rows, penalties and generations, and `dim=None` for endless spectra.

```sh
genloss reproduce power-law --quick
genloss reproduce scaling-laws --quick
```
"""


def theorist() -> str:
    """Formulas and conditions."""
    beta, r = CAPACITY, SOURCE
    endless = PowerLaw(beta, r)
    pair = np.array([1e6, 1e7])
    errors = best_penalty(endless, pair, noise=NOISE).risk
    slope = -math.log(errors[1] / errors[0]) / math.log(10)
    slower = best_rate(beta, r, generator_growth=GROWTH)
    kept = kept_clean_rate(beta, r, generator_growth=GROWTH)
    return f"""
λᵢ = i^(−β), β > 1 (capacity); cᵢ²λᵢ = i^(−1−2βr) (source r; put r = min(r, 1), where ridge saturates);
λ = T^(−ℓ), 0 ≤ ℓ ≤ β. Then κ ~ max(λ, T^(−β)), Bias ~ κ^(2r), df₂ ~ κ^(−1/β), and

```text
clean       E ~ T^(−2rℓ) + σ² T^(−(1−ℓ/β))
made        E ~ clean + n σ₀²/(1−φ₀) · max(T/T₀, φ₀) · T^(−(1−ℓ/β))
                with φ₀ = d/T₀ < 1
optimum     ℓ_clean = β/(2βr+1),   rate T^(−c),   c = 2βr/(2βr+1)
```

Balance the first two exponents to get ℓ_clean. Here ℓ_clean = {number(clean_penalty_exponent(beta, r))},
c = {number(clean_rate(beta, r))}; the exact best error has local slope {number(slope, 3)} near
T = 10⁶–10⁷. For σ = 0 take ℓ = β: rate T^(−2βr), here {number(noiseless_rate(beta, r))}.

The third term is nσ₀²ρ: df₂(κ)/T₀ from learned directions, and about d unlearned tail modes that act
as label noise.

**Growing generators.** T₀ = T^b, n = T^a, φ₀ ≤ T/T₀, σ > 0:

```text
best    ℓ = s ℓ_clean,  rate T^(−sc),  s = min(b−a, 1)
kept    ℓ = ℓ_clean,    rate T^(−min(c, c−1+b−a))
        diverges for b−a < 1/(2βr+1)
```

For b−a = {GROWTH}: {number(slower)} against {number(kept)}; the threshold is
{number(divergence_threshold(beta, r))}. For s ≤ 0 no penalty makes the error vanish.

**Fixed T₀, n.** E falls like clean, then rises like n T^(ℓ/β)/T₀ beyond T of order
max(T₀/(nσ₀²), d), up to nσ₀²d/(T₀−d−1) = {number(_plateau(), 2)}. For σ = 0 and the
best λ, the fast law T^(−2βr) gives way to T^(−c) at T ~ min[(T₀/(nσ₀²))^(1/(2βr+1)), (nσ₀²φ₀)^(−1/(2βr))].

**Pitfalls.** If φ₀ stays of order 1, tail modes count: s = min(b, 1) − a. Powers need T^(ℓ/β) ≪ d < T₀;
at d = {DIM} compare with the exact formula. At r = 1 a logarithm appears.

Paper: section 5, Theorem 5.1. Functions: `genloss.scaling.scaling_law`, `genloss.scaling.exponents`.
"""


def _plateau() -> float:
    return GENERATIONS * NOISE**2 * DIM / (ROWS - DIM - 1)


def _order() -> float:
    """Turning point by order of magnitude."""
    return max(ROWS / (GENERATIONS * NOISE**2), DIM)


def _slope(generations: int) -> float:
    """Slope of the error with the clean rule over the rows shown."""
    first, last = (ridge(setting(T, generations)).risk for T in (SHOWN[0], SHOWN[-1]))
    return math.log(last / first) / math.log(SHOWN[-1] / SHOWN[0])


def _floor() -> float:
    """Best error with as many downstream rows as one likes."""
    found = best_penalty(
        PowerLaw(CAPACITY, SOURCE, dim=DIM),
        1e9,
        noise=NOISE,
        generations=GENERATIONS,
        generator_samples=ROWS,
        generator_noise=NOISE,
    )
    return float(found.risk)


TOPIC = Topic(
    name="power-law",
    title="Power laws: when more data stops helping",
    summary="rates on real labels, what made labels change, where the error turns and rises",
    figure="power-law",
    newcomer=newcomer,
    engineer=engineer,
    theorist=theorist,
)
