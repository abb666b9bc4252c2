"""The running example of the chain, and its errors."""

from __future__ import annotations

from typing import Any

from genloss.curve import Curve
from genloss.explain.numerals import fixed, table
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


def newcomer() -> dict[str, Any]:
    """Errors of all models."""
    errors = curve().risk
    rows = [("model 0", "the truth", fixed(errors[0]))]
    rows += [(f"model {k}", f"model {k - 1}", fixed(errors[k])) for k in range(1, GENERATORS)]
    rows.append(("last model", f"model {GENERATORS - 1}", fixed(errors[-1])))
    return {
        "signal": setting().problem.signal,
        "errors": table(("model", "learns from", "error"), rows),
    }


def engineer() -> dict[str, Any]:
    """What the snippet prints."""
    example, theory = setting(), curve()
    trials = simulate(example.problem, example.plan(), trials=TRIALS, seed=0)
    return {
        "signal": example.problem.signal,
        "risks": theory.risk.round(2),
        "simulated": trials.risk.round(1),
        "last": theory.risk[-1],
        "on_noisy_labels": theory.risk[-1] + NOISE**2,
        "alpha": LAST_ROWS * PENALTY,
    }


def theorist() -> dict[str, Any]:
    """Bias, variance and inherited noise; and the error as its own teacher sees it."""
    example = setting()
    parts, signal = ridge(example), example.problem.signal
    spread = float(curve().risk[GENERATORS - 1])
    # ŵₙ has squared norm |w0|² + N on average; only the bias sees it
    to_teacher = parts.bias * (signal + spread) / signal + parts.variance
    return {"parts": parts, "to_teacher": to_teacher}
