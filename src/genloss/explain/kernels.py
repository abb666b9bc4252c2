"""Kernels: the same theory on Mercer eigenvalues, and where it is approximate."""

# ruff: noqa: RUF001 -- Greek letters and true minus signs are meant

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from genloss.curve import Curve
from genloss.explain.numerals import fixed, number, percent, printed, table
from genloss.explain.topic import Topic
from genloss.papers.demystified.figures import circle
from genloss.plan import Plan
from genloss.theory.predict import predict

FREQUENCIES = 2000
ROWS = 100
NOISE = 0.3
PENALTY = 0.01
SMALL_PENALTY = 0.0001
GENERATIONS = 3
LAST_ROWS = 200
LAST_PENALTY = 0.01
SHOWN = (1, 3, 10, 30)
RUNS = 80


def plan(generator_penalty: float) -> Plan:
    """Generators on the circle, and a downstream model."""
    generators = Plan.replace(GENERATIONS, ROWS, penalty=generator_penalty, noise=NOISE)
    return generators.then(n_samples=LAST_ROWS, penalty=LAST_PENALTY, noise=NOISE)


def theory(generator_penalty: float) -> Curve:
    """Predicted errors of all models."""
    return predict(circle.problem(FREQUENCIES), plan(generator_penalty))


def drawn(generator_penalty: float) -> tuple[float, float]:
    """Mean error of the last model over literal kernel fits, and its standard error."""
    return _drawn(generator_penalty, ROWS, NOISE, GENERATIONS, LAST_ROWS, LAST_PENALTY, RUNS)


@cache
def _drawn(
    penalty: float,
    rows: int,
    noise: float,
    generations: int,
    last_rows: int,
    last_penalty: float,
    runs: int,
) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    sizes = [(rows, penalty)] * generations + [(last_rows, last_penalty)]
    errors = []
    for _ in range(runs):
        x: npt.NDArray[Any] = np.empty(0)
        dual: npt.NDArray[Any] = np.empty(0)
        for size, lam in sizes:
            asked = rng.uniform(0, 2 * np.pi, size)
            known = circle.kernel(asked, x) @ dual if x.size else circle.target(asked)
            labels = known + noise * rng.standard_normal(size)
            gram = circle.kernel(asked, asked) + size * lam * np.eye(size)
            x, dual = asked, np.linalg.solve(gram, labels)
        errors.append(float(circle.risk(x, dual[:, None])[0]))
    return float(np.mean(errors)), float(np.std(errors, ddof=1) / np.sqrt(runs))


def kept() -> npt.NDArray[np.float64]:
    """Share of every wave that the average last model still has."""
    kappa = theory(PENALTY).kappa
    assert kappa is not None
    waves = np.array(SHOWN, dtype=np.float64) ** -2
    return np.prod(waves / (waves + kappa[:, None]), axis=0)


def newcomer() -> str:
    """Text without formulas."""
    curve = theory(PENALTY)
    mean, stderr = drawn(PENALTY)
    rows = [(str(j), f"{fixed(100 * share, 0)} %") for j, share in zip(SHOWN, kept(), strict=True)]
    return f"""
So far every model drew straight lines: twice the input, twice the effect. Many real relations bend. A
**kernel** model handles them. It keeps all its examples, and answers a new question by how much that
question resembles each of them. The rule for resemblance is the kernel.

Is that a different story? No. Behind every kernel there is a fixed list of shapes, from the ones it
finds easy to those it finds hard. On a circle, and for the kernel of our example, the shapes are waves:
one wave around the circle, two, three, and so on. The model adds up waves. That is a straight-line
model after all, with waves in the place of measurements, and all previous topics apply.

One thing is new. The list of waves never ends, so every model has fewer examples than unknowns. Every
generator smooths a little, and smoothing is forgetting. Our example has {GENERATIONS} generators with
{ROWS} examples, a light brake, then a model with {LAST_ROWS}. On average this much is left of each wave:

{table(("wave", "still there"), rows)}

Slow waves survive the copying. Fine detail goes first. A sawtooth with sharp edges comes out as a soft
hill, like a photograph of a photograph.

Does the theory get the numbers right? It says that the last error is {number(curve.risk[-1])}.
We drew {RUNS} chains of real kernel models: {number(mean)}, give or take {number(stderr, 1)}. When the
generators hardly brake at all, theory and reality drift apart by some percent. The theory imagines
unknowns that vary independently, like dice, and waves on one circle do not quite do that.
"""


def engineer() -> str:
    """What to call."""
    curve = theory(PENALTY)
    rows = []
    for penalty in (PENALTY, SMALL_PENALTY):
        predicted, (mean, stderr) = theory(penalty).risk[-1], drawn(penalty)
        rows.append(
            (f"{penalty:g}", fixed(predicted, 3), fixed(mean, 3), fixed(stderr, 3),
             percent(mean / predicted - 1, 1))
        )  # fmt: skip
    return f"""
With a table of data, name the kernel and let `forecast` do the rest:

```sh
genloss forecast --kernel rbf
genloss forecast houses.csv --target price --kernel polynomial --degree 3
```

In Python, `gl.forecast(X, y, kernel="rbf")`; or only the estimated problem, for your own plans, with
`gl.Problem.from_kernel("rbf", X, y)`. If you know eigenvalues and coefficients, give them:

```python
import numpy as np
import genloss as gl

j = np.arange(1, {FREQUENCIES + 1})
eigenvalues, target = np.repeat(j**-2.0, 2), np.repeat(1 / j, 2)
problem = gl.Problem.from_mercer(eigenvalues, target)  # sawtooth on a circle
plan = gl.Plan.replace({GENERATIONS}, {ROWS}, penalty={PENALTY}, noise={NOISE})
plan = plan.then(n_samples={LAST_ROWS}, penalty={LAST_PENALTY}, noise={NOISE})
theory = gl.predict(problem, plan)
print(theory.risk[-1].round(2), theory.bias[-1].round(2))  # {printed(curve.risk[-1], 2)} {_bias(curve)}
print(theory.warnings[0])
# {curve.warnings[0]}
```

**Look at `warnings`, and at the penalty of the generators.** `simulate` would draw Gaussian
features, so it cannot check this approximation; real kernel fits can. {RUNS} chains of them:

{table(("generator penalty", "theory", "drawn", "s.e.", "difference"), rows)}

Rules of thumb:

- Trust the theory where fits are penalised. Where generators nearly interpolate inputs of few
  dimensions, expect the truth to be some percent worse.
- Bias is not zero even with many rows: every generator smooths. A generator penalty is paid once
  per generation, so keep it lighter than the last one.
- `forecast` corrects the theory by a rehearsal on the rows it has seen, and shows a measured
  chain beside it. Prefer it on real data.

```sh
genloss reproduce circle --quick
genloss reproduce mnist --quick
```
"""


def theorist() -> str:
    """Formulas and conditions."""
    small = theory(SMALL_PENALTY)
    kappa, df1 = small.kappa, small.df1
    assert kappa is not None
    assert df1 is not None
    mean, stderr = drawn(SMALL_PENALTY)
    return f"""
```text
f(x) = K(x, X) (K(X, X) + λ T I)⁻¹ Y
K(x, z) = Σᵢ λᵢ eᵢ(x) eᵢ(z),     target = Σᵢ aᵢ eᵢ
```

Put Σ = diag(λᵢ), cᵢ = aᵢ/√λᵢ (`Problem.from_mercer`). With features φᵢ = √λᵢ eᵢ(x) this is ridge
regression in ℝ^∞, and the **master recursion** applies. For a stage with κ:

```text
Dᵢ = λᵢ/(λᵢ+κ),   bᵢ = λᵢ/(λᵢ+κ)²
τ(A) = Σᵢ Aᵢbᵢ/(T − df₂),   G(A) = D²A + κ² b τ(A)
start with A = (λᵢ), P = 1; from the last stage to the first
    noise ← noise + σ² τ(A),   A ← G(A),   P ← P·D
E_test = Σᵢ cᵢ² (Aᵢ − 2λᵢPᵢ + λᵢ) + noise
```

**Derivation.** E[M A M] ≃ G(A), E[M] ≃ D, E[noiseᵀ A noise] ≃ σ²τ(A): apply them stage by stage,
the downstream fit first. Order matters: the metric travels from the end of the chain to its start.

**What changes.** d = ∞, so no generator is under-parametrised. Each one needs κ₀ > 0, from its penalty
or from interpolation (df₁(κ₀) = T₀), and each adds bias: the mean loses Πₘ Dₘ. At generator penalty
{SMALL_PENALTY:g} and T₀ = {ROWS}, df₁ = {number(df1[0])}: nearly an interpolator.

**Where Gaussian theory is approximate.** The eᵢ(x) are functions of one another. Universality needs
many weak, nearly independent features in the directions that matter. On the circle at penalty
{SMALL_PENALTY:g} theory says {fixed(small.risk[-1], 3)}, literal fits {fixed(mean, 3)} ± {fixed(stderr, 3)}
(one standard error, {RUNS} runs).

**Checks.** Kernel and target here are Bernoulli polynomials (K = 2Σ cos(jt)/j², target π − x), so the
test error of a fit is an exact integral, with no test set (`genloss.papers.demystified.figures.circle.risk`).
Theory sums the first {FREQUENCIES:,} frequencies.

**Pitfalls.** Each circle eigenvalue counts twice. Spectra estimated from a Gram matrix are
truncated, which ruins predictions at tiny λ. λ multiplies T inside the inverse.

Paper: section 6. Functions: `genloss.papers.demystified.master_recursion`, `genloss.predict`.
"""


def _bias(curve: Curve) -> str:
    assert curve.bias is not None
    return printed(curve.bias[-1], 2)


TOPIC = Topic(
    name="kernels",
    title="Kernels: beyond straight lines",
    summary="kernel ridge regression by its eigenvalues, and where the theory is approximate",
    figure="circle",
    newcomer=newcomer,
    engineer=engineer,
    theorist=theorist,
)
