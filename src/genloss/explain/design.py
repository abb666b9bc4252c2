"""Fresh inputs for every generator, or the same inputs labelled again and again."""

# ruff: noqa: RUF001 -- Greek letters and true minus signs are meant

from __future__ import annotations

import numpy as np

from genloss.explain.numerals import fixed, number, printed, table
from genloss.explain.topic import Topic
from genloss.papers.demystified import (
    Setting,
    extra_bias,
    least_squares,
    least_squares_spread,
    noise_ceiling,
    overparametrised,
)
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.theory.predict import predict
from genloss.trials.simulate import simulate

DIM = 300
FEW_ROWS = 150
MANY_ROWS = 600
LAST_ROWS = 1000
NOISE = 0.5
GENERATIONS = 10
TRIALS = 8
SPIKES = 40
TAIL = 160
SPIKE = 100.0
SPIKED_ROWS = 100
SPIKED_LAST = 45


def setting(generations: int, design: str, rows: int = 0, noise: float | None = None) -> Setting:
    """The running example, with few rows unless others are given."""
    level = NOISE if noise is None else noise
    return Setting(
        problem=Problem.isotropic(DIM),
        n_samples=LAST_ROWS,
        noise=level,
        generations=generations,
        generator_samples=rows or FEW_ROWS,
        generator_noise=level,
        design=design,  # type: ignore[arg-type]
    )


def crossing() -> int:
    """First number of generators for which one shared design is the worse one."""
    n = 1
    while _error(n, "same") <= _error(n, "independent") * (1 + 1e-12):
        n += 1
    return n


def spiked() -> Setting:
    """A covariance and a truth for which a generator removes error."""
    spectrum = np.repeat([SPIKE, 1.0], [SPIKES, TAIL])
    truth = np.repeat([0.0, TAIL**-0.5], [SPIKES, TAIL])
    return Setting(
        problem=Problem(spectrum, truth),
        n_samples=SPIKED_LAST,
        generations=1,
        generator_samples=SPIKED_ROWS,
        design="same",
    )


def newcomer() -> str:
    """Text without formulas."""
    shown = sorted({1, 2, crossing(), GENERATIONS, 2 * GENERATIONS})
    rows = [(str(n), fixed(_error(n, "independent")), fixed(_error(n, "same"))) for n in shown]
    many = setting(GENERATIONS, "independent", MANY_ROWS)
    quiet = [_error(GENERATIONS, design, 0.0) for design in ("independent", "same")]
    ratio = least_squares_spread(setting(GENERATIONS, "same", MANY_ROWS)) / least_squares_spread(
        many
    )
    return f"""
A new model needs inputs for its teacher to label. It can collect fresh ones, or take the very inputs
its teacher was trained on. Which is safer?

**With plenty of rows it does not matter on average.** With {MANY_ROWS} rows for {DIM} unknowns, both
ways give an error of {number(least_squares(many).risk)} after {GENERATIONS} generators. Only luck
plays a larger part when all use the same inputs: one unlucky set of inputs then spoils every
step. Single chains differ {number(ratio)} times as much.

**With few rows the two part ways.** Take {FEW_ROWS} rows for the same {DIM} unknowns. A model with
fewer rows than unknowns is blind in some directions. On fresh inputs every generator is blind in new
directions, so knowledge drains away. On the same inputs all generators are blind in the *same*
directions. The first one pays, and nobody pays again. Without any noise the error after {GENERATIONS}
generators is {fixed(quiet[0])} on fresh inputs and {fixed(quiet[1])} on the same ones.

Noise turns the picture round. On fresh inputs old slips are forgotten together with old knowledge, so
the noise stops growing. On the same inputs nothing is forgotten, and slips pile up for ever:

{table(("generators", "fresh inputs", "same inputs"), rows)}

From {crossing()} generators on the same inputs are worse. All these errors are large, because
{FEW_ROWS} rows are too few; the comparison is what matters.

A last surprise: forgetting can help. If a model would misread some faint pattern anyway, it does
better when its teacher no longer mentions it.
"""


def engineer() -> str:
    """What to call."""
    problem = Problem.isotropic(DIM)
    fresh = predict(problem, setting(GENERATIONS, "independent").plan())
    same = setting(GENERATIONS, "same").plan()
    reused = predict(problem, same)
    penalised = predict(problem, Plan.same_design(4, FEW_ROWS, penalty=0.1, noise=NOISE))
    trials = simulate(problem, same, trials=TRIALS, seed=0)
    return f"""
```python
import genloss as gl

problem = gl.Problem.isotropic({DIM})
last = dict(n_samples={LAST_ROWS}, noise={NOISE})
fresh = gl.Plan.replace({GENERATIONS}, {FEW_ROWS}, noise={NOISE}).then(**last)
same = gl.Plan.same_design({GENERATIONS}, {FEW_ROWS}, noise={NOISE}).then(**last)
print(gl.predict(problem, fresh).risk[-1].round(2))  # {printed(fresh.risk[-1], 2)}
print(gl.predict(problem, same).risk[-1].round(2))  # {printed(reused.risk[-1], 2)}
trials = gl.simulate(problem, same, trials={TRIALS}, seed=0)
print(trials.risk[-1].round(1))  # {printed(trials.risk[-1], 1)}
```

**Ask first: are there more rows than directions?**

- More (`rows ≥ dim + 2`): the mean is the same, by the same exact formula. Reused inputs widen the
  spread of a single run, so average more runs before you conclude anything.
- Fewer: fresh inputs lose signal at every step and their noise levels off near
  {number(noise_ceiling(setting(GENERATIONS, "independent")))}. Reused inputs lose signal once and add
  {number(_step())} per generator without end. Here fresh inputs win from {crossing()} generators on;
  with less noise, later.

Which number to look at: the steps `risk[1:-1] - risk[:-2]` from generator to generator. Equal steps
mean that noise piles up. Shrinking steps mean that old noise is forgotten, and the signal with it.

With a penalty on reused inputs there is no closed formula. `predict` then solves the whole plan as one
random-matrix fixed point, and the curve's method says so:

```python
import genloss as gl

plan = gl.Plan.same_design(4, {FEW_ROWS}, penalty=0.1, noise={NOISE})
curve = gl.predict(gl.Problem.isotropic({DIM}), plan)
print(curve.method, curve.risk[-1].round(2))  # pencil {printed(penalised.risk[-1], 2)}
```

Self-distillation on one training set is the same-inputs case. Labelling new traffic is the fresh one.
Keeping old rows *as well* is neither: see `Plan.accumulate`.

```sh
genloss reproduce interpolation --quick
```
"""


def theorist() -> str:
    """Formulas and conditions."""
    example = spiked()
    without = predict(
        example.problem, Setting(problem=example.problem, n_samples=SPIKED_LAST).plan()
    )
    five = [
        least_squares_spread(setting(GENERATIONS, design, MANY_ROWS))
        for design in ("independent", "same")
    ]
    return f"""
One design X₀ for all n ≥ 1 generators, noises Eₘ independent; the downstream X is always its own.

**T₀ ≥ d+2.** Same mean as independent designs, for any Σ. The law differs: ŵₙ − w₀ is
√(Σσₘ²/q) Σ^(−½) z with *one* q ~ χ²(T₀−d+1) instead of √(Σ σₘ²/qₘ). Standard deviation of a run at
n = {GENERATIONS}, T₀ = {MANY_ROWS}: {fixed(five[1], 2)} against {fixed(five[0], 2)}.

**T₀ ≤ d−2, Σ = I**, η = T₀/d, exactly:

```text
same  E = |w₀|² (1 − 2m₁η + m₂η)   + Var + σ₀² m₂ T₀/(d−T₀−1) · n
fresh E = |w₀|² (1 − 2m₁ηⁿ + m₂ηⁿ) + Var + σ₀² m₂ T₀/(d−T₀−1) · (1−ηⁿ)/(1−η)
```

**Why.** With P₀ the projector on the row space, P₀² = P₀ and P₀X₀⁺ = X₀⁺. Hence
ŵₙ = P₀w₀ + X₀⁺ Σ Eₘ: one jump of the bias, then noise linear in n. This is the case in which "clean
error + extra bias + n × scaling" holds word for word.

**Sign of the extra bias.** With G and D of the master recursion and A = G(Σ):

```text
ΔBias = Σᵢ cᵢ² [G₀(A) − A]ᵢ − 2 Σᵢ cᵢ² λᵢ Dᵢ (D₀ᵢ − 1)
```

For Σ = I it is |w₀|²(1−η)(2m₁−m₂) ≥ 0. **In general it has no sign.** Take {SPIKES} eigenvalues
{SPIKE:g}, {TAIL} eigenvalues 1, w₀ in the tail, T₀ = {SPIKED_ROWS}, T = {SPIKED_LAST}: ΔBias =
{fixed(extra_bias(example))} on a clean error of {fixed(without.risk[-1])} (null:
{number(example.problem.signal, 1)}). T is close to the {SPIKES} large directions, so the ridgeless fit
misreads the tail as signal in them; a generator that has removed much of the tail leaves less to
misread.

**Pitfalls.** κ₀ belongs to T₀ alone. ΔBias is a deterministic equivalent. A generator penalty breaks
P₀² = P₀: powers of λᵢ/(λᵢ+κ) appear, and no closed formula covers them; `predict` solves the plan as a fixed point.

Paper: section 4. Functions: `genloss.papers.demystified.extra_bias`,
`genloss.papers.demystified.overparametrised`, `genloss.papers.demystified.master_recursion`.
"""


def _error(generations: int, design: str, noise: float | None = None) -> float:
    return overparametrised(setting(generations, design, noise=noise)).risk


def _step() -> float:
    """What one more generator on the same inputs adds."""
    return _error(GENERATIONS + 1, "same") - _error(GENERATIONS, "same")


TOPIC = Topic(
    name="design",
    title="Design: fresh inputs or the same again",
    summary="relabelling the same inputs against collecting new ones; when each is worse",
    figure="interpolation",
    newcomer=newcomer,
    engineer=engineer,
    theorist=theorist,
)
