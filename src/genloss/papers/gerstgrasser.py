"""Is Model Collapse Inevitable? Breaking the Curse of Recursion by Accumulating Real and Synthetic Data.

Gerstgrasser and others, arXiv 2404.01413. Least squares on Gaussian inputs in d directions, T rows and
label noise of variance 1 a round, every model labelled by the one before. Where rows are replaced the
error grows without end; where they are kept it stays below ``pi**2 / 6`` times that of the first model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genloss.papers.claims import Claim
from genloss.papers.drawing import colour, legend, log_axes, panels
from genloss.papers.effort import Array, Effort
from genloss.papers.lines import Line, draw, table
from genloss.papers.paper import Paper
from genloss.papers.study import Study
from genloss.plan import Plan
from genloss.problem import Problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DIM, ROWS, ROUNDS = 100, 316, 100
PROBLEM = Problem.isotropic(DIM)


def replaced(rounds: int, *, dim: int = DIM, n_samples: int = ROWS) -> float:
    """Error of the last of so many models, each on new rows only: ``rounds d / (T - d - 1)``.

    Examples
    --------
    >>> round(replaced(100), 2)
    46.51
    """
    return rounds * dim / (n_samples - dim - 1)


def kept_same_inputs(rounds: int, *, dim: int = DIM, n_samples: int = ROWS) -> float:
    """The same where all labels are kept, every round on the inputs of the first.

    The mean of i labels has the noise of all, ``d / (T - d - 1) sum_i 1 / i**2``.

    Examples
    --------
    >>> round(kept_same_inputs(100), 4)
    0.7605
    """
    return replaced(1, dim=dim, n_samples=n_samples) * math.fsum(
        1 / i**2 for i in range(1, rounds + 1)
    )


def kept_fresh_inputs(rounds: int, *, dim: int = DIM, n_samples: int = ROWS) -> float:
    """The same where all rows are kept and every round has inputs of its own.

    The newest of i blocks adds its share of the noise of i T rows, ``d / (i (i T - d - 1))``.

    Examples
    --------
    >>> round(kept_fresh_inputs(100), 4)
    0.6896
    """
    return math.fsum(dim / (i * (i * n_samples - dim - 1)) for i in range(1, rounds + 1))


@dataclass(frozen=True)
class Policy:
    """What is done with old rows: its plan, and the error of the model after so many rounds."""

    name: str
    plan: Plan
    error: Callable[[int], float]


POLICIES = (
    Policy("replace", Plan.replace(ROUNDS, ROWS, noise=1.0), replaced),
    Policy(
        "accumulate, same inputs",
        Plan.accumulate(ROUNDS, ROWS, design="same", noise=1.0),
        kept_same_inputs,
    ),
    Policy(
        "accumulate, fresh inputs",
        Plan.accumulate(ROUNDS, ROWS, design="fresh", noise=1.0),
        kept_fresh_inputs,
    ),
)
BOUND = math.pi**2 / 6 * replaced(1)


def statements(effort: Effort) -> Iterator[Claim]:
    """Errors after 1, 10 and 100 rounds, and the bound."""
    for policy in POLICIES:
        risk, stderr = _runs(policy, effort)
        for n in (1, 10, ROUNDS):
            text, where = f"{policy.name}: error at round {n}", "section 3"
            yield Claim.exact(text, where, policy.error(n), risk[n - 1], stderr[n - 1])
    text = f"{text}, against pi^2/6 d/(T - d - 1)"
    yield Claim(text, where, BOUND, float(risk[-1]), float(stderr[-1]), "at most")


def _runs(policy: Policy, effort: Effort, *, shift: int = 0) -> tuple[Array, Array]:
    trials = effort.pick(40, 400)
    return effort.risks(PROBLEM, policy.plan, trials, method="auto", shift=shift)


@dataclass(frozen=True)
class Found:
    """Runs of every policy."""

    trials: int
    lines: tuple[Line, ...]
    last: tuple[tuple[float, float], ...]


def _measure(effort: Effort) -> Found:
    rounds = np.arange(1.0, ROUNDS + 1)
    some = (0, 1, 2, 4, 9, 19, 49, 99)
    lines: list[Line] = []
    last: list[tuple[float, float]] = []
    for number, policy in enumerate(POLICIES):
        theory = np.array([policy.error(int(n)) for n in rounds])
        risk, stderr = _runs(policy, effort, shift=1)
        look = {"color": colour(number), "lw": 1.4, "label": policy.name}
        lines.append(Line("a", policy.name, rounds, theory, look, source="theory"))
        ink = {"color": colour(number)}
        lines.append(Line("a", policy.name, rounds, risk, ink, stderr, "runs", some))
        last.append(_slope(rounds, risk, stderr))
    return Found(effort.pick(40, 400), tuple(lines), tuple(last))


def _slope(rounds: Array, risk: Array, stderr: Array) -> tuple[float, float]:
    """Growth of the error over the last half of the rounds, and twice its standard error."""
    half = rounds.size // 2
    spread = 2 * float(np.hypot(stderr[-1], stderr[half - 1])) / half
    return float(risk[-1] - risk[half - 1]) / half, spread


def _claims(found: Found) -> Iterator[Claim]:
    for policy, (slope, spread) in zip(POLICIES, found.last, strict=True):
        growth = (policy.error(ROUNDS) - policy.error(ROUNDS // 2)) / (ROUNDS // 2)
        text = f"{policy.name}: growth of the error a round, rounds {ROUNDS // 2} to {ROUNDS}"
        yield Claim(text, "figure 3", growth, slope, spread)


def _draw(found: Found) -> Figure:
    words = f"d = {DIM}, T = {ROWS} a round", "round"
    figure, [ax] = panels([words], width=5.6, height=3.8)
    draw(found.lines, {"a": ax})
    ax.axhline(BOUND, color="#888888", lw=0.9, ls="--", label="bound where rows are kept")
    log_axes(ax, subs=(1, 2, 5), x_subs=(1, 2, 5))
    legend(ax)
    return figure


PAPER = Paper(
    key="gerstgrasser",
    title="Is Model Collapse Inevitable? Breaking the Curse of Recursion by Accumulating Data",
    reference="Gerstgrasser and others, arXiv 2404.01413",
    presets=("replace", "accumulate"),
    statements=statements,
    seconds=(3, 25),
    experiments=(
        Study(
            name="accumulate",
            seconds=(4, 26),
            shows="rows replaced against rows kept",
            title="Replacing rows against keeping them",
            measure=_measure,
            table=lambda found: table(found.lines),
            claims=_claims,
            draw=_draw,
            caption=lambda found: (
                f"Least squares in {DIM} directions, {ROWS} rows and label noise 1 a round. Lines: "
                f"exact expected errors. Points: means of {found.trials:,} runs, ± 2 standard "
                "errors. Where old rows go the error grows by the same amount a round; where they "
                "stay it stays below the broken line, pi^2/6 times the error of the first model."
            ),
        ),
    ),
)
