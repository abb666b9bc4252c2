"""The downstream penalty: four rules, and what to type in."""

# ruff: noqa: RUF001 -- Greek letters and true minus signs are meant

from __future__ import annotations

import numpy as np

from genloss.explain.numerals import fixed, number, percent, printed, table
from genloss.explain.topic import Topic
from genloss.scaling import PowerLaw, best_penalty, scaling_law
from genloss.scaling.exponents import (
    best_error_constant,
    best_penalty_constant,
    bias_constant,
    clean_penalty_exponent,
    clean_rate,
    variance_constant,
)
from genloss.scaling.law import ScalingLaw

DIM = 300
CAPACITY = 1.5
SOURCE = 0.5
ROWS = 600
NOISE = 0.5
GENERATIONS = 10
LAST_ROWS = 1600
GRID_ROWS = (100, 1600, 25_600)
GRID_GENERATIONS = (0, 1, 5, 20)
RULES = ("clean", "exponent", "noise", "best")


def law(n_samples: int = 0, generations: int | None = None) -> ScalingLaw:
    """Every rule's answer to the running example."""
    return scaling_law(
        PowerLaw(CAPACITY, SOURCE, dim=DIM),
        n_samples=n_samples or LAST_ROWS,
        noise=NOISE,
        generations=GENERATIONS if generations is None else generations,
        generator_samples=ROWS,
    )


def worth() -> float:
    """Real rows with which the best penalty does as well as the running example's best."""
    data, goal = PowerLaw(CAPACITY, SOURCE, dim=DIM), law().best.risk
    low, high = 1.0, float(LAST_ROWS)
    for _ in range(40):
        middle = (low * high) ** 0.5
        enough = float(best_penalty(data, middle, noise=NOISE).risk) <= goal
        low, high = (low, middle) if enough else (middle, high)
    return high


def excess(rule: str) -> float:
    """Largest excess of a rule's error over the best one's, on the grid."""
    found = [law(T, n) for T in GRID_ROWS for n in GRID_GENERATIONS]
    return max(each.recommendation(rule).risk / each.best.risk - 1 for each in found)


def newcomer() -> str:
    """Text without formulas."""
    here, clean = law(), law(generations=0)
    data = PowerLaw(CAPACITY, SOURCE, dim=DIM)
    misplaced = float(data.risk(LAST_ROWS, penalty=here.best.penalty, noise=NOISE).total)
    names = {
        "clean": "as for real labels",
        "exponent": "count the chain, ignore the noise",
        "noise": "count the chain and the noise",
        "best": "best possible",
    }
    rows = [
        (
            names[rule],
            number(here.recommendation(rule).penalty),
            fixed(here.recommendation(rule).risk, 3),
        )
        for rule in RULES
    ]
    return f"""
A brake must suit the road. The brake of a model (its *penalty*, see the topic *ridge*) must suit the
labels: the fewer and the noisier they are, the firmer it should be. With real labels there is an old
recipe that sets it from the number of rows. With made labels the recipe fails, because the rows are
not what they seem.

So ask a better question: **how many real rows are my made rows worth?** Take our example. A model has
{LAST_ROWS:,} rows, labelled at the end of a chain of {GENERATIONS} generators with {ROWS} rows each.
At its very best it does as well as a model with about **{number(worth())} real rows**. The other
rows add next to nothing, because they repeat the same mistakes.

Once you know that, the recipe is easy. Set the brake as if you had so few rows. Firmly.

Here is what several recipes give (always answering the average scores {number(here.null_risk)}):

{table(("recipe", "dial", "error"), rows)}

The first recipe believes that {LAST_ROWS:,} rows are {LAST_ROWS:,} rows. It brakes too little, and
its error is {number(here.recommendation("clean").risk / here.best.risk)} times the best one. The
second knows about the chain and not about how noisy the labels are. The third knows both, and comes
so close to the best that nothing is left to gain from a better one.

The recipe does not undo the chain. It makes the best of what the chain has left. And it is no
reason to brake hard everywhere: the dial that is best here, used on {LAST_ROWS:,} rows with *real*
labels, gives {number(misplaced / clean.best.risk)} times the error of the right one. No single setting suits both.
"""


def engineer() -> str:
    """What to call."""
    here = law()
    said = {
        rule: f"{printed(each.penalty, 3)} {printed(each.risk, 3)}"
        for rule, each in ((rule, here.recommendation(rule)) for rule in ("clean", "noise", "best"))
    }
    rule_of_noise = printed(here.recommendation("noise").penalty, 3)
    rows, generations = GRID_ROWS, GRID_GENERATIONS
    worst = [
        ("clean", "`rows^−ℓ`", percent(excess("clean"))),
        ("exponent", "`min(rows, generator rows / n)^−ℓ`", percent(excess("exponent"))),
        ("effective noise", "`N^ℓ`", percent(excess("noise"))),
        ("with constants", "`(a N)^ℓ`", percent(excess("noise with constants"))),
    ]
    exponent = number(clean_penalty_exponent(CAPACITY, SOURCE))
    return f"""
What to type in, from best to quickest:

1. You have data: `genloss.forecast(X, y, plan)`. Its `.advice.best_penalty` is one penalty for all
   generations.
2. You have a `Problem` and a `Plan`: `genloss.tune(problem, plan, over="last_penalty")`.
3. You know capacity and source: `scaling_law`, which solves for the optimum and lists every rule.
4. You have a pocket calculator: the effective-noise rule.

```python
from genloss.scaling import PowerLaw, scaling_law
from genloss.scaling import effective_noise, noise_rule

data = PowerLaw(capacity={CAPACITY}, source={SOURCE}, dim={DIM})
chain = dict(noise={NOISE}, generations={GENERATIONS}, generator_samples={ROWS})
law = scaling_law(data, n_samples={LAST_ROWS}, **chain)
for rule in ("clean", "noise", "best"):
    found = law.recommendation(rule)
    print(rule, round(found.penalty, 3), round(found.risk, 3))
# clean {said["clean"]}
# noise {said["noise"]}
# best {said["best"]}
N = effective_noise({LAST_ROWS}, dim={DIM}, **chain)
print(round(float(noise_rule(N, capacity={CAPACITY}, source={SOURCE})), 3))  # {rule_of_noise}
```

**Look at `noise**2 / N`.** It is the number of real rows your rows are worth, to leading order: here
{number(NOISE**2 / here.effective_noise)} of {LAST_ROWS:,}. (By the exact formula, {number(worth())}.)

How good the rules are, as the largest excess of error over the best penalty for {rows[0]} to
{rows[-1]:,} rows and {generations[0]} to {generations[-1]} generators:

{table(("rule", "penalty", "worst excess"), worst)}

Here ℓ = capacity / (2 · capacity · source + 1), which is {exponent}, and a = C_v/(2βr C_b) is a constant
near 1 (`--level theorist`).
The exponent rule is blind to the size of the noise. All rules take eigenvalues that start at 1;
`scaling_law` rescales for a fitted `Problem`.

```sh
genloss reproduce penalty-rules --quick
```
"""


def theorist() -> str:
    """Formulas and conditions."""
    beta, r = CAPACITY, SOURCE
    here = law()
    leading = best_error_constant(beta, r) * here.effective_noise ** clean_rate(beta, r)
    endless = PowerLaw(beta, r)
    rows = np.array([1e2, 1e4, 1e6])
    exact = best_penalty(endless, rows, noise=1.0).risk
    ratio = exact / (best_error_constant(beta, r) * rows ** -clean_rate(beta, r))
    return f"""
Under power laws (0 < r < 1, λ₁ = 1) and T₀ ≥ d+2 the error depends on the chain through one number:

```text
E ≃ C_b κ^(2r) + C_v κ^(−1/β) N
N = (σ² + n σ₀² d/(T₀−d−1))/T + n σ₀²/(T₀−d−1)        effective noise
C_b = B(2−2r, 2r)/β        C_v = (1−1/β) (π/β)/sin(π/β)
```

**Derivation.** df₂ ≃ C_v κ^(−1/β) and Bias ≃ C_b κ^(2r) are integrals over ranks. In ρ, learned
directions give df₂(κ)/(T₀−d−1). The other ≈ d directions give u Σ κ²/(λᵢ+κ)² ≈ d·df₂/T: tail modes act
as label noise. Collect the factor of df₂.

**Optimum.** κ ≃ λ, and ∂E/∂κ = 0 gives

```text
λ* = (C_v N/(2βr C_b))^(ℓ_clean)
E* = C_b k^(2r) (1+2βr) N^c,     k = λ*/N^(ℓ_clean)
```

Here N = {number(here.effective_noise)}, of which own noise {number(here.own)}, tail {number(here.tail)},
learned {number(here.learned)}. k = {number(best_penalty_constant(beta, r), 3)}
(C_b = {number(bias_constant(beta, r), 3)}, C_v = {number(variance_constant(beta), 3)}), so that plain
λ = N^(ℓ_clean) is off by little, and the valley is flat.

**Relation to exponents.** To leading order N = σ²/T + nσ₀²/T₀. For σ = σ₀ = 1 that is 1/min(T, T₀/n) up
to a factor of 2: the adapted rule λ = min(T, T₀/n)^(−ℓ_clean), alias ℓ = min(b−a, 1) ℓ_clean. Clean
rule: N = 1/T. Neither knows σ.

**Limits.** Leading order in N. On clean labels with σ = 1 and an endless spectrum the exact best error
is {number(ratio[0], 3)}, {number(ratio[1], 3)}, {number(ratio[2], 3)} times E* at T = 10², 10⁴, 10⁶. In
the example, with d = {DIM}, E* = {fixed(leading, 3)} and the exact best is {fixed(here.best.risk, 3)}.

**Pitfalls.** N carries units of labels²: σ² belongs inside. 1/N is the sample size at unit noise;
the matching number of rows with noise σ is σ²/N = {number(NOISE**2 / here.effective_noise)}. At r ≥ 1 put
r = 1 in exponents; at r = 1 exactly C_b carries a logarithm.

Paper: section 5; adaptive regularisation. Functions: `genloss.scaling.effective_noise`,
`genloss.scaling.noise_rule`, `genloss.scaling.best_penalty`.
"""


TOPIC = Topic(
    name="penalty",
    title="Penalty: what to type in",
    summary="the clean rule, the adapted exponent, the effective noise and the exact optimum",
    figure="penalty-rules",
    newcomer=newcomer,
    engineer=engineer,
    theorist=theorist,
)
