"""Neural networks: what is measured, and what is not claimed."""

# ruff: noqa: RUF001 -- Greek letters and true minus signs are meant

from __future__ import annotations

import numpy as np

from genloss.explain.numerals import fixed, number, printed
from genloss.explain.topic import Topic
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.theory.predict import predict

PIXELS = 64
ROWS = 300
NOISE = 1.0
PENALTY = 0.03
MODELS = 6


def plan(penalty: float) -> Plan:
    """A chain of the size that the experiment has."""
    return Plan.replace(MODELS, ROWS, penalty=penalty, noise=NOISE)


def errors(penalty: float) -> list[float]:
    """Errors of the first and the last linear model on as many flat directions as pixels."""
    risk = predict(Problem.isotropic(PIXELS), plan(penalty)).risk
    return [float(risk[0]), float(risk[-1])]


def newcomer() -> str:
    """Text without formulas."""
    first, last = errors(PENALTY)
    return f"""
Everything so far concerned models simple enough to calculate. A neural network is not. It has many
dials that act on one another, it is trained by trial and error, and the outcome depends on where the
training started. Nobody has a formula for its error after a chain of copies. The founding paper does
not offer one, and neither do we.

What one can do is try. `genloss reproduce networks` builds chains of small networks that read images of
handwritten digits, next to chains of the simple models of this walk. All see the same images and the
same slips. Then it measures, and prints every claim with a verdict.

For comparison, here is what the formulas say about a linear model of that size: {PIXELS} inputs that
all matter equally, {ROWS} labels, noise as large as the labels' own spread, and a light brake. Its error
starts at {number(first)} and reaches {number(last)} at the last of {MODELS} models, where always answering
the average scores 1.

Read the experiment with one question in mind: do networks behave like that, better, or worse? Whatever
it shows is an observation about small networks on one kind of image. It is not a law.
"""


def engineer() -> str:
    """What to call."""
    light = predict(Problem.isotropic(PIXELS), plan(PENALTY)).risk
    bare = predict(Problem.isotropic(PIXELS), plan(0.0)).risk
    return f"""
`predict`, `tune` and `forecast` are for linear and kernel models. There is no theory here for networks,
so measure:

```sh
genloss reproduce networks --quick --out networks-gallery
```

It writes a figure, its numbers as CSV, and claims with verdicts. **Read the claims table first**, and the
standard errors in it.

A linear yardstick of the same size, for orientation:

```python
import genloss as gl

problem = gl.Problem.isotropic({PIXELS})
plan = gl.Plan.replace({MODELS}, {ROWS}, penalty={PENALTY}, noise={NOISE})
risk = gl.predict(problem, plan).risk
print(risk[0].round(2), risk[-1].round(2))  # {printed(light[0], 2)} {printed(light[-1], 2)}
bare = gl.predict(problem, plan.with_penalty(0.0)).risk
print(bare[0].round(2), bare[-1].round(2))  # {printed(bare[0], 2)} {printed(bare[-1], 2)}
```

If you retrain a network on its own labels, three habits carry over because they do not depend on the
model class:

- Score on real labels that no model in the chain was trained on.
- Run several seeds, and report the spread with the mean.
- Repeat the tuning of weight decay at the end of the chain, on real labels. Do not assume that the
  value found at its start still fits; find out.

If a wide network is in fact used as a fixed feature map with a linear last layer, that last layer is
ridge regression. Feed its features to `gl.forecast(features, y)`; that is the supported case.
"""


def theorist() -> str:
    """Formulas and conditions."""
    shrink = predict(Problem.isotropic(PIXELS), plan(PENALTY))
    assert shrink.kappa is not None
    kept = float(np.prod(1 / (1 + shrink.kappa)))
    return f"""
There is no theorem to state. The results of the previous topics use one property: given the inputs,
a fit is **linear in its labels**, ŵ = M w + noise. Composition of generators is then multiplication
of operators, and

```text
E ŵₙ = E[M]ⁿ w₀        (independent designs)
```

follows without knowing anything about the noise. In the linear yardstick of the experiment's size
(Σ = I, d = {PIXELS}, T₀ = {ROWS}, λ = {PENALTY}) the last of {MODELS} models keeps
{fixed(kept)} of w₀ on average.

A trained network is not linear in its labels: features move with them, and initialisation and stopping
rule enter. So neither linear growth in n, nor the value of ρ, nor the effective noise is implied.

**Where the theory does apply.** A frozen feature map with a ridge read-out: Σ is the feature
covariance, and the part of the target outside the span acts as noise. A network trained in the
linearised (kernel) regime: the tangent kernel takes the place of K, in the limit of infinite width and
with an initialisation that is subtracted. Both are the topic *kernels*, with its caveat about Gaussian
features.

**What the experiment can show.** `genloss reproduce networks` compares ridge, kernel ridge and networks
on shared rows, noise and seeds, so differences are paired. It supports statements about these
architectures, this data and this optimiser. Extrapolation in depth, width or data is the reader's.

**Pitfalls.** Weight decay at initialisation scale is no ridge penalty in function space. Early stopping
regularises even at decay 0. Averages over seeds hide chains that fail outright.

Beyond the paper: no network experiment of its authors is known to us.
"""


TOPIC = Topic(
    name="networks",
    title="Networks: a measurement, not a law",
    summary="what the theory does not cover, and how it is measured (an extension)",
    figure="networks",
    newcomer=newcomer,
    engineer=engineer,
    theorist=theorist,
)
