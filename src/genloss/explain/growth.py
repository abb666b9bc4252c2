"""Linear growth: every generator adds the same amount of error."""

# ruff: noqa: RUF001 -- Greek letters and true minus signs are meant

from __future__ import annotations

import numpy as np

from genloss.explain.numerals import fixed, number, percent, printed, table
from genloss.explain.topic import Topic
from genloss.papers.demystified import Setting, least_squares, least_squares_spread
from genloss.papers.demystified.no_penalty import least_squares_runs
from genloss.problem import Problem
from genloss.theory.predict import predict
from genloss.trials.simulate import simulate

DIM = 300
ROWS = 600
NOISE = 0.5
MODELS = 20
TRIALS = 200
MANY_ROWS = 100_000
SMALL_DIM = 10
SMALL_ROWS = 25


def setting(generations: int, n_samples: int = 0, **changes: object) -> Setting:
    """Generators of the running example and a downstream model without a penalty."""
    values = {
        "problem": Problem.isotropic(DIM),
        "n_samples": n_samples or ROWS,
        "noise": NOISE,
        "generations": generations,
        "generator_samples": ROWS,
        "generator_noise": NOISE,
    }
    return Setting(**(values | changes))  # type: ignore[arg-type]


def step(rows: int = 0) -> float:
    """Error that one model adds."""
    return least_squares(setting(0, rows)).risk


def worse_than_nothing() -> int:
    """Number of noisy fits in a row after which the error exceeds that of the null predictor."""
    return int(np.floor(Problem.isotropic(DIM).signal / step())) + 1


def newcomer() -> str:
    """Text without formulas."""
    fits = worse_than_nothing()
    plateau = least_squares(setting(MODELS, MANY_ROWS)).risk
    few = sorted({1, 2, fits, MODELS})
    rows = [(str(k), fixed(least_squares(setting(k - 1)).risk)) for k in few]
    return f"""
Tell a story to a neighbour, who tells it to the next. Each teller makes slips of their own, and
passes on everybody's slips before. Nobody is careless; the slips just add up.

A chain of models does the same. Say every model learns {DIM} unknown numbers from {ROWS} examples
whose labels carry noise of {NOISE}. Its slips cost an error of {number(step())}. The next model learns
from the first one's labels. It inherits that error and adds {number(step())} of its own. And so on:

{table(("models in the chain", "error of the last"), rows)}

The error grows **in a straight line**. It does not explode, and it does not settle. Slips of
different models have nothing to do with each other, so they neither cancel nor conspire.

Always giving the average answer scores {number(setting(0).problem.signal, 1)} in this example. A chain of
{fits} models passes that, with {fixed(least_squares(setting(fits - 1)).risk, 3)}. From there on, models
that have studied {ROWS} examples each are beaten by one that has studied none.

More examples for the **last** model do not help. Give it {MANY_ROWS:,} after {MODELS} generators and
its error is still {number(plateau)}. It learns its teacher ever more precisely, mistakes included.
More examples for **every** model do help: with twice as many each adds {number(step(2 * ROWS))} instead
of {number(step())}, which is less than half, because the first {DIM} or so examples are used up by
the {DIM} unknowns before any can average out noise.

One chain is not the next: by luck, single chains of {MODELS} models differ from this average by about
{percent(least_squares_spread(setting(MODELS - 1)) / least_squares(setting(MODELS - 1)).risk, 1)}.
"""


def engineer() -> str:
    """What to call."""
    example = setting(MODELS - 1)
    theory = predict(example.problem, example.plan())
    trials = simulate(example.problem, example.plan(), trials=TRIALS, seed=0)
    assert trials.stderr is not None
    nothing = int(np.argmax(theory.risk > example.problem.signal))
    rule = NOISE**2 * DIM / (ROWS - DIM)
    return f"""
```python
import genloss as gl

problem = gl.Problem.isotropic({DIM})
plan = gl.Plan.replace({MODELS}, {ROWS}, noise={NOISE})
theory = gl.predict(problem, plan)
print(theory.risk[0].round(2), theory.risk[-1].round(2))  # {printed(theory.risk[0], 2)} {printed(theory.risk[-1], 2)}
print(theory.method)  # {theory.method}
print(theory.first_above(10.5))  # {theory.first_above(10.5)}
print((theory.risk > problem.signal).argmax())  # {nothing}
trials = gl.simulate(problem, plan, trials={TRIALS}, seed=0)
print(trials.risk[-1].round(1))  # {printed(trials.risk[-1], 1)}
```

**Look at the slope**, `theory.risk[1] - theory.risk[0]`. Without a penalty every generation costs

```text
noise² · dim / (rows − dim − 1)  =  {number(step(), 3)}
```

whatever the covariance and the truth. It is exact. Forgetting the −1 gives {number(rule, 3)}:
harmless here, and wrong by a factor {number((SMALL_ROWS - SMALL_DIM) / (SMALL_ROWS - SMALL_DIM - 1), 3)}
for {SMALL_ROWS} rows in {SMALL_DIM} directions.

Rules of thumb:

- The chain is worse than predicting the mean after `signal / slope` models: here from model {nothing}
  on, counting from 0.
- Downstream rows buy nothing beyond the plateau, `generators × slope`. Spend them on generators.
- Keep `rows` well above `dim`. With twice as many, one generation costs {number(step(2 * DIM) / NOISE**2)}
  times the label noise `noise²`; with ten times as many, {number(step(10 * DIM) / NOISE**2)} times. Within 3
  of `dim` one run says nothing about the mean.
- A single run scatters: its standard deviation is {number(least_squares_spread(example))} around
  {printed(theory.risk[-1], 2)}. The standard error of {TRIALS} runs is {number(float(trials.stderr[-1]), 1)}.
  `least_squares_spread` gives it without running anything.

`simulate` draws least-squares chains exactly in law without drawing a row, so thousands of runs are
cheap. `method="literal"` draws the rows.

```sh
genloss reproduce isotropic --quick
```
"""


def theorist() -> str:
    """Formulas and conditions."""
    five = setting(5)
    same = setting(5, design="same")
    runs = least_squares_runs(five, 20_000, seed=0)
    near = setting(1, generator_samples=DIM + 2, noise=0.0)
    ratio = least_squares(near).risk / least_squares(near, limit=True).risk
    return f"""
```text
E_test = σ² d/(T−d−1) + Σₘ σₘ² d/(Tₘ−d−1)          T, Tₘ ≥ d+2,  λ = 0
       = σ² d/(T−d−1) + n σ₀² d/(T₀−d−1)           equal generators
```

**Exact** at any size, for every Σ and every w₀.

**Derivation.** ŵ − w₀ = X⁺E + Σₘ Xₘ⁺Eₘ. The noises are independent and centred, so cross terms
vanish. Each term gives σₘ² E tr Σ(XₘᵀXₘ)⁻¹, and the inverse Wishart mean is
E (XᵀX)⁻¹ = Σ⁻¹/(T−d−1). Hence Σ cancels. The bias is zero: collapse here is variance alone.

**Law of one run.** E_run = χ²(d) · Σⱼ σⱼ²/χ²(Tⱼ−d+1), all independent
(`genloss.papers.demystified.no_penalty.least_squares_runs`). For n = 5 in the example its standard
deviation is {fixed(least_squares_spread(five), 3)}; 20,000 draws give {fixed(runs.std(), 3)}. If all
generators share one design, the χ² in the denominator is shared: same mean,
{fixed(least_squares_spread(same), 3)} spread.

**Limits.** T, d → ∞ with φ = d/T: σ² φ/(1−φ) + n σ₀² φ₀/(1−φ₀). That replaces T−d−1 by T−d,
a relative error of 1/(T−d): {percent(1 / (SMALL_ROWS - SMALL_DIM), 1)} at T = {SMALL_ROWS},
d = {SMALL_DIM}, and a factor {number(ratio, 3)} at T₀ = d+2. T → ∞ leaves the plateau
n σ₀² d/(T₀−d−1) = {number(step(), 3)} n. The null predictor wins for
n > |w₀|²_Σ (T₀−d−1)/(σ₀² d) = {number(Problem.isotropic(DIM).signal / step(), 3)}.

**Pitfalls.** For T₀ = d−1, d, d+1 the mean is infinite. T₀ = d+2, d+3 has a mean but no variance
(ν = T₀−d+1 must exceed 4), so averages of runs wander for ever there. Linear growth is a statement
about T₀ > d: with fewer rows see `genloss explain few-rows`.

Paper: section 4; Theorem 1 of the first version. Function: `genloss.papers.demystified.least_squares`.
"""


TOPIC = Topic(
    name="growth",
    title="Growth: every copy adds the same amount",
    summary="why the error grows in a straight line, and when it passes that of no model",
    figure="isotropic",
    newcomer=newcomer,
    engineer=engineer,
    theorist=theorist,
)
