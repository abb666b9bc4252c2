"""Theory on spectra, slopes and small calls: processor time against baselines in one run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize
from timing import together

import genloss as gl
from genloss.spectrum import LONG, Spectrum
from genloss.steps import resolve
from genloss.theory.gradients.gradient import along
from genloss.theory.predict import predict
from genloss.tuning.layout import Layout
from genloss.tuning.prices import Prices
from genloss.tuning.slopes import slope_in, slope_of
from genloss.tuning.space import Space


def kept_directions() -> list[str]:
    s = np.arange(1.0, 10**6 + 1) ** -1.5
    plan = gl.Plan.replace(5, 600, penalty=1e-3, noise=0.3)
    problem = gl.Problem(s, s**0.2)
    again, first = together(
        lambda: predict(problem, plan), lambda: predict(gl.Problem(s, s**0.2), plan), repeats=3
    )
    [tuned] = together(lambda: gl.tune(problem, plan), repeats=3)
    return [
        f"| predict of 10^6 eigenvalues, second time | {again * 1e3:.2f} ms | 2 ms "
        f"| {first / again:.0f} x the first time, with checks of the problem |",
        f"| tune of 10^6 eigenvalues, one penalty, 5 generations | {tuned:.2f} s | 0.5 s | |",
    ]


def no_jump() -> list[str]:
    """The length from which a spectrum is compressed, and one below."""
    plan = gl.Plan.replace(5, 600, penalty=1e-3, noise=0.3)
    below, above = (np.arange(1.0, size + 1) ** -1.5 for size in (LONG - 1, LONG + 1))
    short, long = gl.Problem(below, below**0.2), gl.Problem(above, above**0.2)
    np.testing.assert_allclose(predict(long, plan).risk, predict(short, plan).risk, rtol=1e-4)
    whole, few = together(lambda: predict(short, plan), lambda: predict(long, plan), repeats=9)
    first, fresh = together(
        lambda: predict(gl.Problem(below, below**0.2), plan),
        lambda: predict(gl.Problem(above, above**0.2), plan),
    )
    return [
        f"| predict of {LONG + 1:,} eigenvalues, second time | {few * 1e3:.2f} ms | no jump "
        f"| {few / whole:.2f} x that of {LONG - 1:,}; with a new problem {fresh / first:.2f} x |",
    ]


def compressed_pencil() -> list[str]:
    s, truth = np.arange(1.0, 10_001) ** -1.5, np.arange(1.0, 10_001) ** 0.1
    plan = gl.Plan.same_design(10, 600, penalty=1e-3, noise=0.3)
    long = gl.Problem.power_law(10**5, capacity=1.5, source=0.5)
    whole = gl.Problem(s, truth)
    vars(whole)["directions"] = Spectrum.of(s, truth)
    few, all_ = together(lambda: predict(long, plan), lambda: predict(whole, plan), repeats=2)
    return [
        f"| same design with a penalty, 10 generations, 10^5 directions | {few:.2f} s | 0.5 s "
        f"| {all_ * 10 / few:.0f} x all directions (of 10^4, times 10) |"
    ]


def slopes() -> list[str]:
    problem = gl.Problem.power_law(200, capacity=1.5, source=0.5)
    lines = []
    for name, plan in (
        ("a chain of 100", gl.Plan.replace(100, 100, penalty=1e-2, noise=0.3)),
        ("real and synthetic rows, 40", gl.Plan.mix(40, 100, real=0.2, penalty=1e-2, noise=0.3)),
    ):
        steps = resolve(plan)
        penalty = np.geomspace(1e-4, 1e-1, len(steps))
        last = np.eye(len(steps))[-1]
        with_penalty = plan.with_penalty(penalty)
        fast, once = together(
            lambda steps=steps, penalty=penalty, last=last: along(
                problem.directions, steps, penalty, lambda _: last
            ),
            lambda plan=with_penalty: predict(problem, plan),
        )
        lines.append(
            f"| all slopes, {name} | {fast * 1e3:.1f} ms | 3 predictions | {fast / once:.1f} "
            f"predictions; differences take {len(steps) + 1} for penalties alone |"
        )
    chain = gl.Plan.replace(100, 100, penalty=1e-2, noise=0.3)
    tuned, one = together(
        lambda: gl.tune(problem, chain, over="schedule"), lambda: predict(problem, chain), repeats=3
    )
    found = gl.tune(problem, chain, over="schedule")
    lower = 1 - followed(problem, found.plan) / found.value
    return [
        *lines,
        f"| schedule of 100 generations | {tuned:.2f} s | 0.4 s, the optimum to 1e-8 "
        f"| {tuned / one:.0f} predictions; SciPy's L-BFGS ends {max(lower, 0):.0e} of the error lower |",
    ]


def followed(problem: gl.Problem, plan: gl.Plan) -> float:
    """The least error that SciPy finds in log penalties, from the plan's own and from equal ones.

    Slopes are those of the recursion, whose tests compare them with differences.
    """
    steps, last = resolve(plan), np.eye(plan.n_models)[-1]

    def value(logs: np.ndarray) -> tuple[float, np.ndarray]:
        penalty = np.exp(logs)
        there = along(problem.directions, steps, penalty, lambda _: last)
        return float(there.risk[-1]), there.penalty * penalty

    ends = [
        minimize(
            value,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[tuple(np.log([1e-10, 1e2]))] * plan.n_models,  # those of `tune`
            options={"ftol": 1e-15, "gtol": 1e-12, "maxiter": 500, "maxcor": 30},
        ).fun
        for start in (np.log(plan.penalty), np.full(plan.n_models, np.log(1e-2)))
    ]
    return min(ends)


def recursion(problem: gl.Problem, n: int, penalties: np.ndarray, noise: float) -> float:
    """The bare recursion in NumPy."""
    s, truth = problem.spectrum, problem.truth**2
    kept, spread = np.ones_like(s), np.zeros_like(s)
    for lam in penalties:
        k = lam + s.sum() / n
        for _ in range(50):
            shrink = s / (s + k)
            value = k * (1 - shrink.sum() / n) - lam
            if abs(value) < 1e-13 * k:
                break
            k -= value / (1 - (shrink**2).sum() / n)
        shrink = s / (s + k)
        left = n - (shrink**2).sum()
        q = ((s * (1 - shrink) ** 2) @ (truth * kept**2 + spread)) + noise**2
        spread = shrink**2 * spread + q * s / (s + k) ** 2 / left
        kept = shrink * kept
    return float(((1 - kept) ** 2 * truth + spread) @ s)


def small() -> list[str]:
    problem = gl.Problem.power_law(100, capacity=1.5, source=0.5)
    plan = gl.Plan.replace(5, 200, penalty=1e-2, noise=0.3)
    penalties = np.full(5, 1e-2)
    assert np.isclose(
        recursion(problem, 200, penalties, 0.3), predict(problem, plan).risk[-1], rtol=1e-10
    )
    ours, bare = together(
        lambda: predict(problem, plan), lambda: recursion(problem, 200, penalties, 0.3), repeats=50
    )
    long = gl.Problem.power_law(1000, capacity=1.5, source=0.5)
    varying = gl.Plan.replace(100, 400, penalty=np.geomspace(1e-4, 1e-2, 100), noise=0.3)
    each, lean = together(
        lambda: predict(long, varying),
        lambda: recursion(long, 400, varying.penalty, 0.3),
    )
    return [
        f"| one small predict, p = 100, 5 generations | {ours * 1e6:.0f} us | 5 x "
        f"| {ours / bare:.1f} x its bare recursion in NumPy |",
        f"| predict, p = 1,000, a penalty per generation | {each * 1e4:.0f} us per generation "
        f"| 30 us | {each / lean:.2f} x its bare recursion in NumPy |",
    ]


TITLE = "Spectra, slopes, small calls"
WHAT = (
    "Processor time, in turns with what stands beside it. A generation at p = 1,000 with a penalty of its own is some ten "
    "passes over its directions, which take half of its time, Python that looks at its step, a third, and its share of one "
    "search for all fixed points over few nodes (`theory.md` 2.2). Its bare recursion cannot look at all fits together."
)


def by_route() -> list[str]:
    """Errors and their slopes in a penalty for each fit, by route."""
    problem = gl.Problem.power_law(40, capacity=1.2, source=0.5)
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((40, 40)))[0]
    matrix = turn * problem.spectrum @ turn.T

    def stacked(**more: object) -> gl.Plan:
        first = gl.Generation([gl.Source(60, noise=0.5, **more)], 0.1)
        made = gl.Source(60, "previous", 0.5, **more)
        return gl.Plan([first, *[gl.Generation([gl.Source(20, noise=0.5), made], 0.1)] * 7])

    def fitted(plan: gl.Plan | None = None, **more: object) -> gl.Plan:
        return gl.Plan([replace(generation, **more) for generation in plan or stacked()])

    def labelled(plan: gl.Plan, labels: str) -> gl.Plan:
        return gl.Plan(
            [replace(g, sources=tuple(replace(s, labels=labels) for s in g.sources)) for g in plan]
        )

    def kept() -> gl.Plan:
        rule = {"kind": "agrees", "labeler": "real"}
        made = gl.Source(80, "previous", 0.3, labels="hard", keep=rule)
        first = gl.Generation([gl.Source(60, noise=0.5, labels="hard")], 0.1)
        return gl.Plan([first, *[gl.Generation([made], 0.1)] * 7])

    clipped = {"kind": "clipped", "low": -1.0, "high": 1.0}
    rounds, one_pass = {"kind": "iterated_ridge", "rounds": 2}, {"kind": "sgd", "step": 0.05}
    wider = tuple(2 * problem.spectrum)
    chain = gl.Plan.replace(8, 300, noise=0.5)

    tails = replace(problem, tails=(0.25, 0.75, 2.0))
    lines = []
    for name, own, plan in (
        ("lengths that vary, 8 fits", tails, stacked()),
        ("covariance matrices, 8 fits", problem, stacked(covariance=matrix)),
        ("Huber's loss, 8 fits", problem, fitted(loss={"kind": "huber", "delta": 1.0})),
        ("a filter, 8 fits", problem, fitted(filter=rounds)),
        (
            "a filter, rows of two covariances, 8 fits",
            problem,
            fitted(stacked(covariance=wider), filter=rounds),
        ),
        ("a filter, lengths that vary, 8 fits", tails, fitted(filter=rounds)),
        (
            "a filter, clipped labels, 8 fits",
            problem,
            fitted(stacked(labels=clipped), filter=rounds),
        ),
        ("a filter, rows that a rule keeps, 8 fits", problem, fitted(kept(), filter=rounds)),
        (
            "a filter, covariance matrices, 8 fits",
            problem,
            fitted(stacked(covariance=matrix), filter=rounds),
        ),
        ("one pass of `sgd`, 8 fits to 300 rows", problem, fitted(chain, filter=one_pass)),
        ("the same, two sources in turn of 80", problem, fitted(filter=one_pass)),
        (
            "the same, 80 rows of which a rule keeps some",
            problem,
            fitted(kept(), loss="squared", filter=one_pass),
        ),
        (
            "the same, covariance matrices",
            problem,
            fitted(stacked(covariance=matrix), filter=one_pass),
        ),
        ("14 models on one design", problem, gl.Plan.same_design(14, 80, noise=0.5)),
        ("100 models on one design", problem, gl.Plan.same_design(100, 80, noise=0.5)),
        (
            "8 models through a filter on one design",
            problem,
            fitted(gl.Plan.same_design(8, 80, noise=0.5), filter=rounds),
        ),
        ("accumulate, 5 fits", problem, gl.Plan.accumulate(5, 60, design="fresh", noise=0.5)),
        (
            "accumulate, hard labels, 5 fits",
            problem,
            labelled(gl.Plan.accumulate(5, 60, design="fresh", noise=0.5), "hard"),
        ),
    ):
        logs = np.log(np.geomspace(0.02, 0.2, plan.n_models))
        [value] = slope_of(own, plan, "final")
        with_penalty = [plan.with_penalty(np.exp(logs))]
        fast, once = together(
            lambda value=value, logs=logs: value(logs),
            lambda own=own, plans=with_penalty: predict(own, plans),
            repeats=3,
        )
        lines.append(f"| {name} | {fast * 1e3:.1f} ms | {fast / once:.1f} | {plan.n_models + 1} |")
    return lines


def beside() -> list[str]:
    """Errors and their slopes in all that is free at once, where that is more than penalties."""
    rng = np.random.default_rng(0)
    problem = gl.Problem.power_law(100, capacity=1.5, source=0.5)
    columns = gl.Problem(problem.spectrum, problem.truth[:, None] * rng.standard_normal((100, 3)))
    mixed = gl.Plan.mix(8, 160, real=0.5, noise=0.3)
    teacher = gl.External(bias=0.02, variance=1e-3)
    taught = gl.Generation([gl.Source(80, teacher, 0.3), gl.Source(80, "previous", 0.3)], 0.1)
    first = gl.Generation([gl.Source(160, noise=0.3)], 0.1)
    one_pass = {"kind": "sgd", "step": 0.05}
    stochastic = gl.Plan([replace(g, filter=one_pass) for g in mixed.with_penalty(0.1)])
    shared = gl.Plan.mix_labels(8, 60, real=0.5, noise=0.3)
    alike, few = gl.Problem.isotropic(100), shared
    turn = np.linalg.qr(rng.standard_normal((100, 100)))[0]
    matrix = turn * problem.spectrum @ turn.T
    turned = gl.Plan(
        [replace(g, sources=tuple(_of(s, 160, matrix) for s in g.sources)) for g in shared]
    )
    robust = gl.Plan([replace(g, loss={"kind": "huber", "delta": 1.0}) for g in mixed])
    rule = {"kind": "agrees", "labeler": "real"}
    made = gl.Source(80, "previous", 0.3, labels="hard", keep=rule)
    shown = gl.Source(80, noise=0.3, labels="hard")
    judged = gl.Plan([gl.Generation([shown], 0.1), *[gl.Generation([shown, made], 0.1)] * 7])
    judged = gl.Plan([replace(g, filter=one_pass) for g in judged])
    cases = (
        ("chosen penalties", problem, mixed.with_penalty("cv"), ("real",)),
        ("chosen penalties but the last", problem, mixed.with_penalty(["cv"] * 7 + [0.1]), _THREE),
        ("an intercept", problem, mixed.with_penalty(0.1).with_intercept(), ("schedule", "real")),
        ("least squares", problem, mixed, ("real", "n_samples")),
        ("least squares, a covariance matrix", problem, turned, ("real", "n_samples")),
        ("minimum norm along alike directions", alike, few, ("real", "n_samples")),
        ("Huber's loss without a penalty", problem, robust, ("real", "n_samples")),
        ("one pass of `sgd`", problem, stochastic, ("real", "n_samples")),
        (
            "one pass of `sgd`, rows that a rule keeps",
            problem,
            judged,
            ("real", "weight", "n_samples"),
        ),
        (
            "3 columns, a model from outside",
            columns,
            gl.Plan([first, *[taught] * 7]),
            ("schedule",),
        ),
    )
    lines = []
    for name, own, plan, over in cases:
        prices = Prices(1.0, 0.1) if "n_samples" in over else None
        limit = prices.of_plan(plan) if prices else np.inf
        space = Space(Layout(plan, "real" in over), over, np.log([1e-3, 1.0]), prices, limit)
        [value] = slope_in(own, space, "final")
        point = np.clip(space.start() - 0.1, space.low, space.high)
        made = [space.plan(point)]
        fast, once = together(
            lambda value=value, point=point: value(point),
            lambda own=own, made=made: predict(own, made),
            repeats=3,
        )
        free = ", ".join(over)
        lines.append(
            f"| {name} | {free} | {fast * 1e3:.1f} ms | {fast / once:.2g} | {space.size + 1} |"
        )
    return lines


def _of(source: gl.Source, rows: int, covariance: np.ndarray) -> gl.Source:
    return replace(source, n_samples=rows, covariance=covariance)


_THREE = ("last_penalty", "real", "weight")

SLOPES = """
### Slopes

`tune` goes down slopes of its objective in all that is free at once. They come from one pass backwards:

| plan | slopes |
|---|---|
| fits to new rows of any sources, weights and covariances, one pull towards a model, models from outside, endless spectra, an intercept | the recursion backwards (`theory.md` 2.2, 2.4, 2.9) |
| the same, or the squared loss on labels by a rule, rows that one keeps, class means, where fits choose their penalties (`"cv"`) and something else is free | the same, through the three errors of rows left out that a choice hangs on |
| least squares on alike rows of several sources or of one covariance matrix, fits of minimum norm along alike directions | the formula at finite size backwards; what rows move in its few numbers is told apart by differences |
| the same where lengths of rows vary (tails), or covariances are matrices | the same; means are vectors there, and covariances matrices |
| any loss, labels, rule that keeps rows, class means | the recursion backwards, through every fit's fixed point by its own derivative (a handful of numbers, told apart by differences: to 1e-8) |
| gradient descent and other spectral filters, on rows of any weights, covariances (matrices, too), tails, labels and rules that keep rows, class means | the same; what a penalty, rows and weights move in the filter is told apart by differences |
| one pass of `sgd`, also over several sources, tails, covariances (matrices, too), labels by a rule, rows that one keeps, class means | the same, row by row; in numbers of rows, too, where a part of a row is a chance that it is there |
| several columns of linear labels, by any of these along the problem's directions | those of one column, to which the errors of columns add; what models from outside are beside the truth is chance there |
| one run of more than 12 models on one design, or of models through filters there, also with intercepts | carried along with the errors, which are quadratic forms in what fits make of some eigenvalues |
| rows or random features that models share, also with tails, matrices, models from outside: up to 12 models | the pencil's adjoint, in penalties, rows, weights and shares |
| the same with labels by a rule | one pass more for every rule, from the slope and the noise that it is to a fit back to the law of its labeler |

A test compares the slopes of every row of the table with differences of predictions. Linear fits to numbers too far from one
to be squared are searched in other units. Searched without slopes, by steps:

- columns of classes, which meet in their labels (below);
- filters and passes of `sgd` on rows that models share, but for one run on one design: which few ridge fits stand for a
  filter is chosen anew as its numbers change, so that a prediction is good to a part in a thousand and has no slope (three
  pooled fits by gradient descent, penalties 1 % apart: second differences of the error up to 1.4e-3 of it, .06e-3 in the middle);
- long runs on one design, or runs through filters there, before or after other fits: a prediction of 14 models takes 5 ms, and
  differences of all penalties 15 of them.

And where theory has none: within one row of as many as directions, where the mean error without a penalty is infinite; where
a loss without a penalty may have no minimum, or several; in weights of rows that a rule keeps for a filter, of which theory
knows one for all; beside losses, rules and filters in units other than labels have.

Slopes of columns of classes would cost more than they save, but for few classes: a source's label moments, measured at
1.1, 3.0 and 8.7 ms for 3, 5 and 10 classes, move with every pair of classes, so that differences ask for them 12, 30 and
110 times a source. In a plan of 8 fits that is the time of 5, 18 and 80 predictions for the labels alone, where differences of
the whole plan take 9 predictions.

Errors and all slopes of a schedule:

| plan | time | predictions | by differences |
|---|---|---|---|
"""

BESIDE = """
The same of 8 fits in all that is free at once (100 directions, 160 rows of two sources). A fit that chooses its penalty takes
four backward passes, and a prediction of it tries 54 penalties at once: for one free number differences are as quick, for
three they are not. Where two or three numbers are free of fits without a penalty, or of passes of `sgd`, slopes take about as
long as differences, but are right to the last digits.

| plan | free | time | predictions | by differences |
|---|---|---|---|---|
"""


def section() -> list[str]:
    """Lines of the page."""
    return [
        "| work | time | goal | against |",
        "|---|---|---|---|",
        *kept_directions(),
        *no_jump(),
        *compressed_pencil(),
        *slopes(),
        *small(),
        *SLOPES.splitlines(),
        *by_route(),
        *BESIDE.splitlines(),
        *beside(),
    ]
