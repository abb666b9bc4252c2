"""The chain: what is retrained on what, and what is measured."""

# ruff: noqa: RUF001 -- Greek letters and true minus signs are meant

from __future__ import annotations

from genloss.curve import Curve
from genloss.explain.numerals import fixed, number, printed, table
from genloss.explain.topic import Topic
from genloss.papers.demystified import Setting, ridge
from genloss.problem import Problem
from genloss.theory.predict import predict
from genloss.trials.simulate import simulate

DIM = 300
ROWS = 600
NOISE = 0.5
GENERATORS = 5
LAST_ROWS = 1000
PENALTY = 0.1
TRIALS = 4


def setting() -> Setting:
    """The running example."""
    return Setting(
        problem=Problem.isotropic(DIM),
        n_samples=LAST_ROWS,
        penalty=PENALTY,
        noise=NOISE,
        generations=GENERATORS,
        generator_samples=ROWS,
        generator_noise=NOISE,
    )


def curve() -> Curve:
    """Errors of all its models."""
    example = setting()
    return predict(example.problem, example.plan())


def newcomer() -> str:
    """Text without formulas."""
    errors = curve().risk
    rows = [("model 0", "the truth", fixed(errors[0]))]
    rows += [(f"model {k}", f"model {k - 1}", fixed(errors[k])) for k in range(1, GENERATORS)]
    rows.append(("last model", f"model {GENERATORS - 1}", fixed(errors[-1])))
    return f"""
A model learns from examples. Each example has an input, say {DIM} measurements of a house, and a
label, say its price. Labels cost work. So somebody lets a trained model label new inputs, and
trains the next model on those labels. Then somebody does it again. This is the **chain**.

Two things about it matter. The inputs stay real: new houses, honestly measured. Only the labels are
copies, and each copy adds a little noise, as a scribe makes slips. And nobody keeps the old labels:
a model sees only what the model before it wrote.

Does the last model still know the truth? We show it new houses, compare its answers with the true
relation, and average the squares of the differences. That average is the **error**. Zero is perfect.
Always giving the average answer scores {number(setting().problem.signal, 1)} here. A model that scores
more is worse than no model.

In our example every model has {ROWS} labelled inputs. True labels spread by 1 around their average,
and every labelling adds noise that spreads by {NOISE}.

{table(("model", "learns from", "error"), rows)}

The models in the middle are called **generators**, because they generate labels. The last one,
which somebody means to use, is the **downstream model**. Ours has more rows ({LAST_ROWS:,}) and a
brake on how far it trusts its labels, and so it does better than its teacher. Why the error grows at
all is the next topic; what the brake does is the one after it.
"""


def engineer() -> str:
    """What to call."""
    example = setting()
    theory = curve()
    trials = simulate(example.problem, example.plan(), trials=TRIALS, seed=0)
    return f"""
Write down what there is to learn, and who labels what. Then ask.

```python
import genloss as gl

problem = gl.Problem.isotropic({DIM})
plan = gl.Plan.replace({GENERATORS}, {ROWS}, noise={NOISE})
plan = plan.then(n_samples={LAST_ROWS}, penalty={PENALTY}, noise={NOISE})
theory = gl.predict(problem, plan)
print(theory.risk.round(2))  # {theory.risk.round(2)}
trials = gl.simulate(problem, plan, trials={TRIALS}, seed=0)
print(trials.risk.round(1))  # {trials.risk.round(1)}
```

- **Look at `risk[-1]`**: the downstream model. `risk[0]` is the first model, which saw real labels.
- `risk` is *excess* error: noise that nobody can predict is not in it. Your test error on noisy
  labels is `risk + noise**2`, here {printed(theory.risk[-1] + NOISE**2, 2)} instead of
  {printed(theory.risk[-1], 2)}.
- Compare it with `problem.signal`, the error of always predicting the mean:
  {printed(example.problem.signal, 2)}.
- `penalty` is per row. scikit-learn's `Ridge` wants `alpha = n_samples * penalty`, here
  {number(LAST_ROWS * PENALTY, 3)}.
- `theory.exact` says which entries hold at any size, and `theory.warnings` where to be careful.

`predict` takes milliseconds and has no randomness. `simulate` draws every row of the plan and refits
every model; it is there so that you need not believe `predict`. Even {TRIALS} runs come close here.

The same from the shell, on a plan you can edit:

```sh
genloss example > plan.toml
genloss predict plan.toml
genloss simulate plan.toml --trials 20
```

For the founding paper's own terms, `genloss.papers.demystified.Setting` takes generators and
downstream model apart, and its `.plan()` is the plan above.
"""


def theorist() -> str:
    """Formulas and conditions."""
    example = setting()
    parts = ridge(example)
    signal = example.problem.signal
    spread = float(curve().risk[GENERATORS - 1])
    # ŵₙ has squared norm |w0|² + N on average; only the bias sees it
    to_teacher = parts.bias * (signal + spread) / signal + parts.variance
    return f"""
```text
real labels    x ~ N(0, Σ) in ℝᵈ,  y = xᵀw₀ + ε
generators     ŵ₀ = w₀,  ŵₘ₊₁ = Xₘ⁺ (Xₘ ŵₘ + Eₘ),  Eₘ ~ N(0, σ₀² I),  m < n
downstream     ŵ = argmin |Xw − Y|²/T + λ|w|²,  Y = X ŵₙ + E,  E ~ N(0, σ² I)
error          E |ŵ − w₀|²_Σ,  where |v|²_Σ = vᵀΣv
```

Xₘ has T₀ rows and X has T, all with law N(0, Σ). For T₀ ≥ d a generator is least squares, below it
the minimum-norm interpolator. With n = 0 the downstream model sees real labels. The null predictor
scores |w₀|²_Σ. Gaussian designs are rotation invariant, so only the eigenvalues λᵢ of Σ and the
squared coordinates cᵢ² of w₀ enter: that pair is a `genloss.Problem`.

**What follows at once.** For T₀ ≥ d, X⁺X = I and

```text
ŵₙ = w₀ + Σₘ Xₘ⁺ Eₘ
```

The generators perform a random walk around the truth: no drift, uncorrelated steps. The downstream
fit is then one ridge regression whose teacher is random. Its error splits exactly into bias, variance
and inherited noise, here {fixed(parts.bias, 3)} + {fixed(parts.variance, 3)} + {fixed(parts.inherited, 3)} =
{fixed(parts.risk, 3)} (`genloss.papers.demystified.ridge`).

**Scope.** One Σ at every stage, labels replaced and never accumulated, noise independent of inputs.
`genloss.Plan` writes the wider family (mixtures, accumulation, several covariances).

**Pitfalls.** Subtract σ²: the error is excess risk. Measure against w₀ and not against ŵₙ: held
against its own teacher the same model scores {fixed(to_teacher)} instead of {fixed(parts.risk)}, and
collapse stays out of sight. λ multiplies T in the normal equations.

Paper: section 3 (setup). General formulation: `genloss.papers.demystified.master_recursion`.
"""


TOPIC = Topic(
    name="chain",
    title="The chain: models that learn from models",
    summary="what is retrained on what, and what is measured",
    figure="chain",
    newcomer=newcomer,
    engineer=engineer,
    theorist=theorist,
)
