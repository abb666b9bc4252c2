"""Ridge regression: the downstream penalty trades bias against two kinds of noise."""

# ruff: noqa: RUF001 -- Greek letters and true minus signs are meant

from __future__ import annotations

from functools import cache

import numpy as np

from genloss.explain.numerals import fixed, number, percent, printed, table
from genloss.explain.topic import Topic
from genloss.papers.demystified import Setting, best_penalty_infinite_rows, rho, ridge
from genloss.problem import Problem
from genloss.scaling import best_penalty
from genloss.trials.given_inputs import downstream

DIM = 300
ROWS = 600
NOISE = 0.5
LAST_ROWS = 1000
GENERATIONS = 10
SHOWN = (0, 1, 5, 10, 20)
SMALL_DIM = 20
WEAK_PENALTY = 0.05
DESIGNS = 100


def setting(generations: int, penalty: float = 0.0, *, dim: int = 0) -> Setting:
    """The running example, scaled down to ``dim`` directions if that is given."""
    dim = dim or DIM
    return Setting(
        problem=Problem.isotropic(dim),
        n_samples=LAST_ROWS * dim // DIM,
        penalty=penalty,
        noise=NOISE,
        generations=generations,
        generator_samples=ROWS * dim // DIM,
        generator_noise=NOISE,
    )


def best(generations: int) -> tuple[float, float]:
    """Best downstream penalty and its error."""
    return _best(generations, DIM, ROWS, NOISE, LAST_ROWS)


@cache
def _best(generations: int, dim: int, rows: int, noise: float, last: int) -> tuple[float, float]:
    found = best_penalty(
        Problem.isotropic(dim),
        last,
        noise=noise,
        generations=generations,
        generator_samples=rows,
        generator_noise=noise,
    )
    return float(found.penalty), float(found.risk)


def newcomer() -> str:
    """Text without formulas."""
    clean = best(0)[0]
    rows = [
        (
            str(n),
            number(best(n)[0]),
            fixed(best(n)[1]),
            fixed(ridge(setting(n, clean)).risk),
        )
        for n in SHOWN
    ]
    spoiled = ridge(setting(GENERATIONS, clean)).risk
    return f"""
Imagine a brake on a model. Off, the model follows its labels as closely as it can, slips included.
On, it holds its answers back towards the average. Statisticians call the brake a **penalty** and this
kind of model **ridge regression**. The brake has one dial.

With the dial too low, the model copies noise. With the dial too high, it hardly says anything.
Somewhere between lies a best setting. Plot the error against the dial and you see a **U**.

Now put the model at the end of a chain. Its labels hold the slips of every model before it, so it
should trust them less: the longer the chain, the harder it should brake. The example has {DIM}
unknowns, {ROWS} labels for each generator, {LAST_ROWS:,} for the last model, and noise of {NOISE}.

{table(("generators", "best dial", "error there", "error with the first row's dial"), rows)}

Read the last column. A dial that was set once, on real labels, and never touched again is a disaster:
after {GENERATIONS} generators the error is {number(spoiled)}. Giving up and always answering the
average scores {number(setting(0).problem.signal, 1)}.

Read the third column. It never passes {number(setting(0).problem.signal, 1)}. It cannot: with the
dial turned all the way, the model *does* always answer the average. Braking a little less is always
a little better than that. So a well-set brake never loses against having no model.

It is no cure, though. Between the first and the last row the error still grows
{number(best(SHOWN[-1])[1] / best(0)[1], 1)}-fold. What the generators have lost, no brake brings back.
"""


def engineer() -> str:
    """What to call."""
    clean, here = best(0)[0], best(GENERATIONS)
    rough, _ = best_penalty_infinite_rows(setting(GENERATIONS))
    cost = ridge(setting(GENERATIONS, rough)).risk / here[1] - 1
    return f"""
Let `tune` choose the penalty of the last model. The generators stay as they are.

```python
import genloss as gl

problem = gl.Problem.isotropic({DIM})
plan = gl.Plan.replace({GENERATIONS}, {ROWS}, noise={NOISE})
plan = plan.then(n_samples={LAST_ROWS}, penalty={printed(clean, 3)}, noise={NOISE})
print(gl.predict(problem, plan).risk[-1].round(2))  # {printed(ridge(setting(GENERATIONS, round(clean, 3))).risk, 2)}
best = gl.tune(problem, plan, over="last_penalty")
print(round(best.plan.penalty[-1], 1), round(best.value, 2))  # {printed(here[0], 1)} {printed(here[1], 2)}
print(best.value < problem.signal)  # {here[1] < setting(0).problem.signal}
```

The plan started with the penalty that is best for real labels. That is what you ship when you tune
once and retrain for ever.

**Look at `best.value / problem.signal`.** Close to 1 means that hardly anything is left to learn.

Rules of thumb:

- The best penalty grows with the number of generators; for inputs without preferred directions about
  in proportion, `generators · noise² · dim / (rows − dim − 1) / signal`. Here that says
  {number(rough)} where {number(here[0])} is best, and costs {percent(cost, 1)} of error. The rule
  ignores the downstream model's own noise, so it is useless for 0 generators.
- For inputs with a decaying spectrum take the effective noise instead (`genloss explain penalty`).
- The valley is flat on a logarithmic scale. Search decades first and digits never.
- Do not tune on held-out rows of the *synthetic* data. They share the generators' mistakes, so
  they reward trust. Tune on real labels, or on the theory.

`over="penalty"` gives all generations one common penalty, `over="schedule"` each its own.
In scikit-learn, `alpha = n_samples * penalty`.

```sh
genloss reproduce isotropic --quick
```
"""


def theorist() -> str:
    """Formulas and conditions."""
    limit = best_penalty_infinite_rows(setting(GENERATIONS))
    errors = [_finite_size(dim) for dim in (SMALL_DIM, 4 * SMALL_DIM)]
    return f"""
```text
E_test = Bias + Var + n σ₀² ρ,     M = (S+λ)⁻¹S,  S = XᵀX/T,  T₀ ≥ d+2
Bias = E |Mw₀ − w₀|²_Σ             ≃ (1+u) κ² Σᵢ cᵢ² λᵢ/(λᵢ+κ)²
Var  = (σ²/T) E tr ΣS(S+λ)⁻²       ≃ σ² u
ρ    = E tr(Σ⁻¹MᵀΣM)/(T₀−d−1)      ≃ [df₂ + u κ² Σᵢ (λᵢ+κ)⁻²]/(T₀−d−1)
κ = λ + κ df₁/T,   u = df₂/(T − df₂),   dfₖ = Σᵢ (λᵢ/(λᵢ+κ))ᵏ
```

**Derivation.** ŵ = Mŵₙ + noise, and ŵₙ − w₀ is centred with covariance n σ₀² Σ⁻¹/(T₀−d−1),
independent of X. So the error is exactly affine in n at every size. The forms after ≃ are
deterministic equivalents (T, d → ∞).

ρ depends on design and covariance only. Here ρ = {number(rho(setting(1)), 3)} at λ = 0 and
{number(rho(setting(1, 1.0)), 2)} at λ = 1; it goes to 0 as λ grows.

**T → ∞, Σ = I.** With N = n σ₀² d/(T₀−d−1) and w² = |w₀|²:

```text
E = (λ² w² + N)/(1+λ)²,    λ* = N/w²,    E* = N w²/(N + w²) < w²
```

At n = {GENERATIONS}: λ* = {number(limit[0], 3)}, E* = {number(limit[1], 3)}; with
T = {LAST_ROWS:,} it is {number(best(GENERATIONS)[0], 3)} and {number(best(GENERATIONS)[1], 3)}.

**Never worse than null, in general.** For λ → ∞, M ≃ S/λ gives E = |w₀|²_Σ − 2|Σw₀|²/λ + O(λ⁻²):
the limit is approached from below, for any Σ, n, T.

**Accuracy.** The equivalents err by O(1/d), most in Bias at small λ: for T = 2d and λ = {WEAK_PENALTY} the drawn
bias is {percent(errors[0], 1)} off at d = {SMALL_DIM} and {percent(errors[1], 1)} at
d = {4 * SMALL_DIM} ({DESIGNS} designs, `genloss.trials.given_inputs`).

**Pitfalls.** Papers write T₀−d; T₀−d−1 is exact. κ belongs to (λ, T), not to T₀. A generator with a
penalty or with T₀ < d adds bias and leaves this formula: use
`genloss.papers.demystified.master_recursion`.

Paper: section 4, Theorem 4.1; corollary on optimal ridge in the first version. Functions:
`genloss.papers.demystified.ridge`, `genloss.papers.demystified.rho`.
"""


def _finite_size(dim: int) -> float:
    """Relative distance of the drawn bias from its equivalent."""
    example = setting(0, WEAK_PENALTY, dim=dim)
    T = 2 * dim
    drawn = downstream(
        example.problem,
        n_samples=T,
        penalties=[WEAK_PENALTY],
        trials=DESIGNS,
        seed=0,
    )
    # tr (M - 1)^2 = d - tr M^2 - 2 lambda tr S (S + lambda)^-2: averaged over the truth's direction
    missed = dim - drawn.amplification - 2 * WEAK_PENALTY * T * drawn.variance
    same = Setting(problem=example.problem, n_samples=T, penalty=WEAK_PENALTY)
    return abs(float(np.mean(missed)) / dim * example.problem.signal / ridge(same).bias - 1)


TOPIC = Topic(
    name="ridge",
    title="Ridge: a brake that must be reset",
    summary="bias, variance and inherited noise; why the best penalty grows with the chain",
    figure="isotropic",
    newcomer=newcomer,
    engineer=engineer,
    theorist=theorist,
)
