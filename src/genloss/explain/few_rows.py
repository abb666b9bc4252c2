"""Generators with fewer rows than directions: collapse without any noise."""

# ruff: noqa: RUF001 -- Greek letters and true minus signs are meant

from __future__ import annotations

import math

import numpy as np

from genloss.explain.numerals import fixed, number, percent, printed, table
from genloss.explain.topic import Topic
from genloss.papers.demystified import Setting, noise_ceiling, overparametrised
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.scaling import PowerLaw
from genloss.theory.predict import predict
from genloss.trials.simulate import simulate

DIM = 300
ROWS = 240
LAST_ROWS = 1000
GENERATIONS = 10
NOISE = 0.5
REAL_SHARE = 0.25
TRIALS = 6
CAPACITY = 1.5
SOURCE = 0.375
ENDLESS_ROWS = 200


def setting(generations: int = 0, noise: float = 0.0) -> Setting:
    """The running example, without noise unless some is given."""
    return Setting(
        problem=Problem.isotropic(DIM),
        n_samples=LAST_ROWS,
        generations=generations or GENERATIONS,
        generator_samples=ROWS,
        generator_noise=noise,
    )


def share() -> float:
    """What one generator keeps."""
    return ROWS / DIM


def half_life() -> float:
    """Generators after which half of the signal is left."""
    return math.log(2) / -math.log(share())


def mixed(real: float) -> float:
    """Error of the last model if a share of the rows of each has real labels."""
    problem = Problem.isotropic(DIM)
    return float(predict(problem, Plan.mix(GENERATIONS, ROWS, real=real)).risk[-1])


def newcomer() -> str:
    """Text without formulas."""
    shown = sorted({1, 2, 5, GENERATIONS})
    rows = [(str(n), percent(1 - overparametrised(setting(n)).risk)) for n in shown]
    powers = Problem.power_law(DIM, capacity=CAPACITY, source=SOURCE)
    kept = 1 - predict(powers, setting().plan()).risk[-1] / powers.signal
    return f"""
So far noise was the culprit. Take it away: labels are copied perfectly, and no model makes a slip.
Is the chain safe? Not if each model sees **fewer examples than it has unknowns**.

Think of a room with {DIM} light switches, and of a guide who may try only {ROWS} combinations. The
guide can explain all of them without a single contradiction, and yet some part of the wiring is left
open. There the guide assumes that nothing happens. A new guide, taught by the first and with
{ROWS} combinations of their own, misses another part. No guide ever sees what an earlier one lost.

A generator with {ROWS} examples for {DIM} unknowns keeps {percent(share())} of what its teacher knew.
The next keeps {percent(share())} of that. This is how the knowledge shrinks:

{table(("generators", "knowledge left"), rows)}

Half of it is gone after about {number(half_life(), 2)} generators, another half after as many again.
Such decay is called **exponential**. In the long run the last model knows nothing, although every model
in the chain reproduced its own examples without error. A perfect score on the training data is no
protection at all.

How fast this goes depends on the data. Above, all unknowns matter equally, which is a hard case. In
much real data a few directions carry most of the information, and every model finds those. With such
data the same chain of {GENERATIONS} keeps {percent(kept, 3)}.

A warning against the obvious repair: slip some real labels among the made ones, without a brake. The
model then tries to satisfy two teachers who contradict each other, and bends itself to do so.
"""


def engineer() -> str:
    """What to call."""
    quiet = predict(Problem.isotropic(DIM), setting().plan())
    made, real = mixed(0.0), mixed(REAL_SHARE)
    trials = simulate(
        Problem.isotropic(DIM), Plan.mix(GENERATIONS, ROWS, real=REAL_SHARE), trials=TRIALS, seed=0
    )
    return f"""
**Check `rows < dim` first**, after one-hot encoding. If it holds for any generator, you lose signal
at every step, noise or not.

```python
import genloss as gl

problem = gl.Problem.isotropic({DIM})
plan = gl.Plan.replace({GENERATIONS}, {ROWS}).then(n_samples={LAST_ROWS})
theory = gl.predict(problem, plan)
print(theory.risk[-1].round(3), theory.bias[-1].round(3))  # {printed(quiet.risk[-1], 3)} {printed(_mean_bias(), 3)}

stacked = gl.Plan.mix({GENERATIONS}, {ROWS}, real={REAL_SHARE})
print(gl.predict(problem, stacked).risk[-1].round(1))  # {printed(real, 1)}
trials = gl.simulate(problem, stacked, trials={TRIALS}, seed=0)
print(trials.risk[-1].round())  # {printed(np.round(trials.risk[-1]), 1)}
braked = gl.tune(problem, stacked)
print(braked.value < {number(made)}, braked.plan.penalty[0] > 0)  # True True
```

- Without noise the last model has lost `1 − (rows / dim)^generators` of the signal. Exact for equal
  eigenvalues. A signal in the large directions of a decaying spectrum loses far less.
- Half-life: `log 2 / log(dim / rows)` generators, here {number(half_life())}.
- **Real labels can hurt here.** {percent(REAL_SHARE)} real rows stacked with made ones give
  {number(real)} where made ones alone give {number(made)}: a fit that interpolates rows of two
  teachers turns their disagreement into noise, {number(1 / (DIM / ROWS - 1), 1)} times over. Add a
  penalty, or more rows than directions, before you add real labels.
- Look at `bias` and `risk` together. `bias` is the error of the average model. The rest is scatter
  between runs, and a single chain has both.
- With noise of {NOISE} the inherited part levels off at
  {number(noise_ceiling(setting(noise=NOISE)), 3)}; it does not grow for ever, because old noise is
  forgotten like everything else.

Put your own spectrum in with `Problem.from_data(X, y)`.

```sh
genloss reproduce interpolation --quick
```
"""


def theorist() -> str:
    """Formulas and conditions."""
    law = PowerLaw(CAPACITY, SOURCE)
    early, late = (
        float(
            law.risk(1e9, generations=n, generator_samples=ENDLESS_ROWS).total,
        )
        for n in (GENERATIONS, 4 * GENERATIONS)
    )
    slope = math.log(late / early) / math.log(4)
    return f"""
Let T₀ ≤ d−2, Σ = I, η = T₀/d, independent designs, and m₁ = E tr M/d, m₂ = E tr M²/d of the
downstream fit. Then, exactly,

```text
E = |w₀|² (1 − 2 m₁ηⁿ + m₂ηⁿ) + Var + σ₀² m₂ T₀/(d−T₀−1) · (1−ηⁿ)/(1−η)
```

Least squares downstream has m₁ = m₂ = 1, so the noiseless error is **|w₀|² (1 − ηⁿ)**: exponentially
fast to the null predictor. In the example η = {number(share(), 2)} and E = {fixed(overparametrised(setting()).risk, 3)}
at n = {GENERATIONS}.

**Derivation.** ŵₘ₊₁ = Pₘŵₘ + Xₘ⁺Eₘ with Pₘ the projector on the row space of Xₘ, a uniform random
T₀-dimensional subspace. E P = ηI and E|Pv|² = η|v|², hence ηⁿ. The noise of step m passes through
n−m−1 later projections: a geometric sum.

**Noise saturates** at σ₀² m₂ T₀ d/((d−T₀−1)(d−T₀)), {number(noise_ceiling(setting(noise=NOISE)), 3)}
for σ₀ = {NOISE}. So "clean + extra bias + n × scaling" does *not* hold literally here; it holds for
T₀ ≥ d+2, and for one shared design (`genloss explain design`).

**Other spectra.** No closed form; the master recursion applies, with D = λᵢ/(λᵢ+κ₀), df₁(κ₀) = T₀.
The mean decays like Dⁿ ≈ exp(−nκ₀/λᵢ), so directions with λᵢ ≫ nκ₀ survive. Under power laws with
source r < 1 the bias grows like (nκ₀)²ʳ: a **power** of n. Between n = {GENERATIONS} and
{4 * GENERATIONS} the slope is {number(slope, 2)} for r = {SOURCE}, against 2r = {number(2 * SOURCE, 2)}
(endless spectrum, capacity {CAPACITY}, T₀ = {ENDLESS_ROWS}). Exponential collapse is a statement
about flat spectra.

**Pitfalls.** A ridge generator decays as well, at any T₀, with its own κ. The part called bias in
`genloss.papers.demystified.overparametrised` is the whole noiseless error and includes the scatter of
the projections; `Curve.bias` is |E ŵ − w₀|² alone, {fixed(_mean_bias(), 3)} here. Close to T₀ = d the
noise term explodes.

Paper: section 4. Functions: `genloss.papers.demystified.overparametrised`,
`genloss.papers.demystified.noise_ceiling`, `genloss.scaling.PowerLaw`.
"""


def _mean_bias() -> float:
    """Squared distance of the average last model from the truth, ``signal (1 - share^n)^2``."""
    return Problem.isotropic(DIM).signal * (1 - share() ** GENERATIONS) ** 2


TOPIC = Topic(
    name="few-rows",
    title="Few rows: forgetting without a single slip",
    summary="generators with fewer rows than directions collapse even without noise",
    figure="interpolation",
    newcomer=newcomer,
    engineer=engineer,
    theorist=theorist,
)
