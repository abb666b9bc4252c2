"""Practice: forecast on real data, real labels, penalties and their schedule."""

# ruff: noqa: RUF001 -- Greek letters and true minus signs are meant

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from genloss.explain.numerals import fixed, number, percent, printed, table
from genloss.explain.topic import Topic
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.theory.predict import predict
from genloss.tuning.tune import real_rows_needed, tune

if TYPE_CHECKING:
    from genloss.outlook.forecast import Forecast

GENERATIONS = 10
ROWS = 200
DIM = 200
CAPACITY = 1.5
SOURCE = 0.5
NOISE = 0.3
MODEL_ROWS = 100
TOLERANCE = 0.1


def outlook() -> Forecast:
    """Forecast for scikit-learn's digits, read as numbers."""
    return _outlook(GENERATIONS, ROWS)


@cache
def _outlook(generations: int, rows: int) -> Forecast:
    from genloss.outlook.forecast import forecast
    from genloss.tables.load import example_table

    digits = example_table("digits")
    plan = Plan.replace(generations, rows)
    return forecast(digits.features, digits.target, plan, tune_penalty=True)


def problem() -> Problem:
    """A problem whose truth is known, for questions of principle."""
    return Problem.power_law(DIM, capacity=CAPACITY, source=SOURCE)


def plan() -> Plan:
    """A chain on it without penalties."""
    return Plan.replace(GENERATIONS, MODEL_ROWS, noise=NOISE)


def tuned(over: str) -> float:
    """Error of the last model with the best penalties of a kind."""
    return _tuned(problem(), plan(), over)


@cache
def _tuned(what: Problem, chain: Plan, over: str) -> float:
    return tune(what, chain, over=over).value


def newcomer() -> str:
    """Text without formulas."""
    found = outlook()
    first, last = found.predicted.risk[0], found.predicted.risk[-1]
    advice = found.advice
    rows = [
        (f"model {k}", fixed(found.predicted.risk[k], 1), fixed(found.measured.risk[k], 1))
        for k in (0, GENERATIONS // 2, GENERATIONS - 1)
    ]
    return f"""
Suppose that you run such a chain, because labels are dear. What should you do? Four things, in order.

**1. Look before you leap.** Let `genloss forecast` work on your table. It reads some of your rows,
forecasts the error of every model in the chain, and then runs the chain on rows it has not read, so
that you can see how good the forecast was. The example is a set of small images of handwritten digits.
A model reads an image and guesses the digit as a number. {GENERATIONS} models, {ROWS} images each:

{table(("", "forecast", "measured"), rows)}

Always guessing the average digit scores {number(found.baseline)}. The first model is well below that.
The last one has lost {percent((last - first) / (found.baseline - first))} of the lead.

**2. Set the brake anew for every model.** Here most of the loss is an artefact: every model brakes as
hard as the first, the labels have no noise, and the braking adds up. From all images the last error is
{number(advice.error)}. If each model chooses its own brake, it is {number(found.retuned.error[-1])}, as
good as the first. One brake for all, the best there is, gives {number(advice.best_error)}. Labels with
noise are another matter: there setting the brake anew helps little.

**3. Keep some real labels.** You need fewer than you may think, and you need them in **every**
generation. The forecast says that {_real_rows(found)} hold the error within {percent(TOLERANCE)} of the
first model's, if the brake stays as it is. Take the range seriously: a sample does not say more.

**4. Give the teachers more, not the pupil.** Rows spent on the generators reduce what everybody
inherits. Rows spent on the last model teach it the mistakes more exactly.

And measure against real labels, always. A model that agrees with its teacher looks perfect, whatever
the teacher has forgotten. Put a few hundred real labels aside and let no model train on them.
"""


def engineer() -> str:
    """What to call."""
    found = outlook()
    advice = found.advice
    typical = float(np.median(np.abs(found.relative_error)))
    needed = _needed()
    wanted = f"{printed(advice.best_penalty, 2)} {printed(advice.best_error, 1)}"
    return f"""
```python
import genloss as gl
from sklearn.datasets import load_digits

X, y = load_digits(return_X_y=True)  # or a CSV, a data frame, a path
outlook = gl.forecast(X, y, gl.Plan.replace({GENERATIONS}, {ROWS}), tune_penalty=True)
for curve in (outlook.predicted, outlook.measured):
    print(curve.risk[0].round(1), curve.risk[-1].round(1))
# {printed(found.predicted.risk[0], 1)} {printed(found.predicted.risk[-1], 1)}
# {printed(found.measured.risk[0], 1)} {printed(found.measured.risk[-1], 1)}
advice = outlook.advice
print(round(outlook.plan.penalty[0], 2))  # {printed(found.plan.penalty[0], 2)}
print(round(advice.best_penalty, 2), round(advice.best_error, 1))  # {wanted}
print(outlook.retuned.error[[0, -1]].round(2))  # {_ends(found)}
print(advice.real_rows, advice.real_rows_range)  # {advice.real_rows} {advice.real_rows_range}
```

**Look at `outlook.relative_error` first.** If forecast and measurement agree, believe the advice. Here
they differ by {percent(typical, 1)} in the median, on {found.rows["seen"]} rows seen. Then read
`.advice`. The plan has the penalty that is best for model 0, {printed(found.plan.penalty[0], 2)}. The chain wants
{printed(advice.best_penalty, 2)}, because shrinkage compounds.

**Is the growth an artefact?** Compare `.own` with `.retuned`: the same plan with the penalty chosen anew at
every generation, as `RidgeCV` does. Noiseless labels of a linear model with more rows than columns, refitted
without a penalty, lose nothing. Label noise (`noise=`) stays. `penalty="cv"` makes it the plan itself.

The same questions on a `Problem`:

```python
import genloss as gl
from genloss.tuning.tune import real_rows_needed

problem = gl.Problem.power_law({DIM}, capacity={CAPACITY}, source={SOURCE})
plan = gl.Plan.replace({GENERATIONS}, {MODEL_ROWS}, noise={NOISE})
for over in ("last_penalty", "penalty", "schedule"):
    print(round(gl.tune(problem, plan, over=over).value, 3))
# {printed(tuned("last_penalty"), 3)}
# {printed(tuned("penalty"), 3)}
# {printed(tuned("schedule"), 3)}
braked = gl.tune(problem, plan).plan
error = lambda plan: gl.predict(problem, plan).risk + {NOISE}**2
print(real_rows_needed(braked, error))  # {needed}
```

- Without any penalty the last model scores {fixed(predict(problem(), plan()).risk[-1], 2)}. A penalty on the
  last model alone does much, one for all does more, a schedule most.
- A schedule for the last model is weak early and strong late. If models in between are shipped too, use
  `objective="worst"`.
- Ask for real rows *after* setting a penalty: stacking real and made rows without one can hurt
  (`genloss explain few-rows`).
- `.low` and `.high` bound a single run. A wide band means rare rows decide.

```sh
genloss forecast --generations {GENERATIONS} --n-samples {ROWS}
genloss forecast houses.csv --target price --real 0.2 --plot out.png
```
"""


def theorist() -> str:
    """Formulas and conditions."""
    found = outlook()
    schedule = tune(problem(), plan(), over="schedule").plan.penalty
    ratio = schedule[-1] / schedule[1]
    return f"""
**Forecast.** From the rows seen, at every penalty, k rows give

```text
κ = kλ/(k − 1 − df₁)                          (sample df₁)
df₁(κ) = Σⱼ mⱼ sⱼ/(sⱼ+κ)
LOO · (1 − df₂/k) = Σⱼ eⱼ κ²/(sⱼ+κ)² + σ²    (exact leave-one-out error)
```

Both are linear in the unknown masses mⱼ and signal energies eⱼ on a grid of eigenvalues. Two nonnegative
least-squares fits give the `Problem`. State evolution of the plan is the theory:

```text
mₜ = Sₜ mₜ₋₁,     Cₜ = Sₜ² Cₜ₋₁ + τₜ² s Rₜ²/nₜ
τₜ² = (κₜ² Σ s Rₜ² Cₜ₋₁ + σₜ²)/(1 − df₂/nₜ)
S = s/(s+κ),  R = 1/(s+κ),  risk = Σ s (C − 2 w* m + w*²)
```

The answer rests on rehearsals of the plan on all rows, scored on rows left out. Theory is one voice among
them, carries them to sizes that the rows do not allow, and looks beyond the plan. The measured chain never
enters. On the digits the median difference is {percent(float(np.median(np.abs(found.relative_error))), 1)}.

**A fixed penalty without noise.** With σ = 0 and λ > 0 the mean map multiplies every direction by s/(s+κ) at
each generation: repeated shrinkage is all there is. Leave-one-out at each generation sees labels that its
own class fits exactly, chooses λ near 0, and S = 1 where n exceeds the rank.

**What is not identifiable.** Label noise and a tail of the truth that no model of this size learns enter
only as a sum: `.noise` is that sum, here {number(found.noise)}.

**Schedules.** The risk is smooth in log λₜ, so `tune(over="schedule")` takes quasi-Newton steps from the
best constant. It finds a local optimum of the *last* model: penalties weak early, strong late, here
{number(ratio)} times as strong for model {GENERATIONS - 1} as for model 1. Early shrinkage is paid by all
successors; noise is cheapest to remove at the end. Errors: {fixed(tuned("last_penalty"), 3)} (last only),
{fixed(tuned("penalty"), 3)} (constant), {fixed(tuned("schedule"), 3)} (schedule).

**Real rows.** For several labelers s with shares pₛ of the rows, θ̄ = Σ pₛθₛ and

```text
τ² = Σₛ pₛ (|θₛ − Sθ̄|²_Σ + σₛ²)/(1 − df₂/n)
```

disagreement between labelers acts as noise. A near-interpolating fit amplifies it from one generation to
the next, and mixing then hurts.

**Pitfalls.** Features are not Gaussian; rehearsals repair tens of percent at small λ, and no more. One row
in which a rare feature is not zero can decide a chain. Beyond the paper: sections 3–5 cover replacement
only. Functions: `genloss.forecast`, `genloss.tune`, `genloss.predict`.
"""


def _real_rows(found: Forecast) -> str:
    """Answer to how many real labels are needed, in words."""
    wanted = found.advice.real_rows
    low, high = found.advice.real_rows_range
    if wanted is None or wanted >= ROWS:
        return "only real labels throughout"
    between = f"between {low or 0} and {ROWS if high is None else high}"
    return f"about {wanted} real labels out of {ROWS} ({between})"


def _ends(found: Forecast) -> str:
    """Errors of the first and the last model with penalties chosen anew, as NumPy prints them."""
    return str(found.retuned.error[[0, -1]].round(2))


def _needed() -> int | None:
    """Real rows per generation with one tuned penalty."""
    return real_rows_needed(
        tune(problem(), plan()).plan,
        lambda candidate: predict(problem(), candidate).risk + NOISE**2,
        tolerance=TOLERANCE,
    )


TOPIC = Topic(
    name="practice",
    title="Practice: what to do on Monday",
    summary="forecast your own data, keep real labels, set penalties",
    figure="mnist",
    newcomer=newcomer,
    engineer=engineer,
    theorist=theorist,
)
