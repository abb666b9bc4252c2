"""Thousands of odd inputs: each gets an answer, or an error of the package that names the argument.

Seeded, so that a failure comes again. Every input is right but for one or two arguments. The
surfaces are apart: functions, plan files, tables, command lines.
"""

# ruff: noqa: ARG005, BLE001 -- one signature for all generators; any error at all is a finding
from __future__ import annotations

import json
import random
import signal
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genloss as gl
from genloss import equivalents, filters, keep, labels, losses, pencils, scaling
from genloss.papers.claims import Claim
from genloss.trials.given_inputs import downstream
from genloss.tuning.tune import real_rows_needed

Random = random.Random
SECONDS = 60  # of the processor: what else runs on the machine does not count


class Slow(Exception):
    """An input that takes longer than any of these should."""


@contextmanager
def in_time() -> Iterator[None]:
    """Raise `Slow` in what runs too long."""

    def stop(*_: object) -> None:
        raise Slow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def fault(build: Callable[[], Any], named: Callable[[str], bool]) -> str | None:
    """What is wrong with the outcome of a call, or None."""
    try:
        with in_time():
            return _unspoken(build())
    except gl.GenlossError as error:
        text = str(error)
        if not named(text):
            return f"does not name the argument: {text[:300]}"
        if len(text) > 1500 or not all(c.isprintable() or c == "\n" for c in text):
            return f"is long or holds control characters: {text[:300]!r}"
    except (Exception, Slow) as error:
        return f"raised {type(error).__name__}: {str(error)[:300]}"
    return None


def _unspoken(answer: Any) -> str | None:
    """NaN in an answer without a word about it."""
    if isinstance(answer, list | tuple):
        return next(filter(None, map(_unspoken, answer)), None)
    if isinstance(answer, gl.Curve):
        return None if answer.warnings else _unspoken(answer.risk)
    if isinstance(answer, gl.Tuned):
        return _unspoken(answer.curve)
    if isinstance(answer, gl.Comparison):
        return _unspoken(answer.difference)
    if isinstance(answer, float | np.ndarray) and np.isnan(answer).any():
        return f"answered NaN: {answer!r}"[:300]
    return None


def report(faults: list[str]) -> None:
    """Fail with the first faults."""
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:40])


# --- values -----------------------------------------------------------------------------------

HUGE = 10**400


def _deep() -> list[Any]:
    nested: list[Any] = []
    for _ in range(5000):
        nested = [nested]
    return nested


STRANGE: list[Callable[[Random], Any]] = [
    lambda r: None,
    lambda r: r.choice([True, False, np.True_]),
    lambda r: r.choice(["", "1", "real", "x\x1b[31m\x07", "a" * 5000, "\0", "nan", "..", "é漢\u202e"]),
    lambda r: r.choice([0, -1, 1, 2, 3, 7, 10**9, 10**18, 2**63, -HUGE, HUGE]),
    lambda r: r.choice([0.0, -0.0, 0.5, 1.5, -2.5, 1e-308, 5e-324, 1e-200, 1e200, 1e308]),
    lambda r: r.choice([float("nan"), float("inf"), -float("inf")]),
    lambda r: r.choice([Decimal("1.5"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e5000")]),
    lambda r: r.choice([Fraction(1, 3), Fraction(HUGE, 7), Fraction(4)]),
    lambda r: r.choice([1 + 2j, complex("nan"), 3 + 0j, np.complex64(2)]),
    lambda r: r.choice([date(2020, 1, 1), datetime(2020, 1, 1), np.datetime64("2020-01-01")]),
    lambda r: r.choice([b"1", b"", bytearray(b"abc"), memoryview(b"1")]),
    lambda r: r.choice([[], (), {}, set(), range(0), np.empty(0), np.empty((0, 3)), iter([])]),
    lambda r: r.choice([[1], [1.0, 2.0], (1, 2, 3), [[1.0, 2.0], [3.0]], [None], [1, "2"], [[[]]]]),
    lambda r: r.choice([["1", "2"], [True, False], [1j], [np.nan, 1], [HUGE, 1], [Decimal(1), 2]]),
    lambda r: r.choice([{"real": 1}, {"previous": "x"}, {1: 2}, {"real": np.inf}, {None: None}]),
    lambda r: r.choice([{1, 2}, frozenset("ab"), range(3), (x for x in (1, 2)), object(), print]),
    lambda r: r.choice([int, gl.Plan, gl, Path("x"), Path(), NotImplemented, ..., slice(3)]),
    lambda r: np.ma.masked_array([1.0, 2.0, 3.0], [0, 0, 1]),
    lambda r: r.choice([np.ma.masked, [np.ma.masked_array([1.0, 2.0], [1, 0])]]),
    lambda r: np.array([[1.0, 2.0, 3.0]]).view(np.matrix),
    lambda r: np.array(r.choice([5, 5.5, "a", None, 1 + 1j, True])),
    lambda r: np.array([1, 2, 3], dtype=r.choice(["?", "i1", "u8", "f2", "g", "c8", "U3", "S3"])),
    lambda r: np.array(["2020-01-01", "2020-01-02"], dtype=r.choice(["M8[D]", "U", "O"])),
    lambda r: np.array([1.0, r.choice([None, HUGE, "x", 1e308, Decimal(2)])], dtype=object),
    lambda r: np.full(r.choice([1, 3, 4, (3, 3), (1, 1, 1)]), r.choice([0, 1.0, -1, 1e308, 1e-308])),
    lambda r: np.longdouble(r.choice(["1e4000", "1e-4000", "1"])),
    lambda r: _deep(),
    lambda r: gl.Problem.isotropic(3),
    lambda r: gl.Plan.replace(2, 9),
    lambda r: [gl.Plan.replace(2, 9), 3],
    lambda r: gl.Source(4),
    lambda r: gl.Generation([gl.Source(4)]),
    lambda r: pencils.Space("rows", 3),
]  # fmt: skip


def strange(r: Random) -> Any:
    return r.choice(STRANGE)(r)


DIM = 3


def numbers(*options: Any) -> Callable[[Random], Any]:
    return lambda r: r.choice(options)


def vector(r: Random) -> Any:
    return [r.uniform(0.1, 3) for _ in range(DIM)]


def pair(r: Random) -> Any:
    X = np.array([[r.gauss(0, 1) for _ in range(2)] for _ in range(40)])
    return X, X[:, 0]


def problem(r: Random) -> Any:
    return r.choice(
        [
            lambda: gl.Problem.isotropic(DIM),
            lambda: gl.Problem.power_law(DIM, capacity=1.5, source=0.5),
            lambda: gl.Problem(vector(r), vector(r)),
        ]
    )()


def plan(r: Random) -> Any:
    return r.choice(
        [
            lambda: gl.Plan.replace(2, 9, noise=0.5, penalty=r.choice([0, 0.1])),
            lambda: gl.Plan.mix(3, 8, real=0.5, penalty=0.1),
            lambda: gl.Plan.mix_labels(2, 7, real=0.5, noise=1),
            lambda: gl.Plan.accumulate(2, 8, design="fresh", noise=0.1),
        ]
    )()


SPACE, ROWS = pencils.Space.features(DIM), pencils.Space("rows", 7)
Z = pencils.gaussian(ROWS, SPACE)
RIDGE = (Z.T @ Z + 2 * pencils.identity(SPACE)).inv()
ERROR = RIDGE @ Z.T @ pencils.noise(ROWS)

count, real, seed = numbers(1, 2, 3), numbers(0, 0.5, 1.0), numbers(0, 1, 2)
rows, share = numbers(7, 9, [9, 8]), numbers(0.2, 0.5)
positive = numbers(0.5, 2.0, 7)
labeler = numbers("real", "previous", {"real": 0.5, "previous": 0.5})
design, flag = numbers("fresh", "same"), numbers(True, False)


def call(method: str) -> Callable[..., Any]:
    return lambda self, **given: getattr(self, method)(**given)


FUNCTIONS: dict[str, tuple[Callable[..., Any], dict[str, Callable[[Random], Any]]]] = {
    "Problem": (gl.Problem, {"spectrum": vector, "truth": vector, "gaussian": flag}),
    "isotropic": (gl.Problem.isotropic, {"dim": count, "signal": real}),
    "power_law": (gl.Problem.power_law, {"dim": count, "capacity": positive, "source": real}),
    "from_spectrum": (gl.Problem.from_spectrum, {"spectrum": vector, "signal": real}),
    "from_mercer": (gl.Problem.from_mercer, {"eigenvalues": vector, "coefficients": vector}),
    "Problem.from_dict": (
        lambda **plain: gl.Problem.from_dict(plain), {"spectrum": vector, "truth": vector},
    ),
    "Problem.from_dict of anything": (gl.Problem.from_dict, {"plain": numbers({})}),
    "from_data": (
        gl.Problem.from_data,
        {"X": lambda r: np.arange(90.0).reshape(30, 3) % 7, "y": lambda r: np.arange(30.0)},
    ),
    "Source": (
        gl.Source,
        {"n_samples": count, "labeler": labeler, "noise": real, "real_noise": real,
         "weight": positive, "covariance": vector},
    ),
    "Generation": (
        gl.Generation,
        {"sources": lambda r: [gl.Source(4)], "penalty": real, "design": design, "pooled": flag,
         "features": count, "feature_map": design, "subsample": count},
    ),
    "Generation.of": (gl.Generation.of, {"n_samples": count, "labeler": labeler, "penalty": real}),
    "Generation.from_dict": (
        gl.Generation.from_dict, {"plain": lambda r: {"n_samples": 4, "penalty": strange(r)}},
    ),
    "Plan": (gl.Plan, {"generations": lambda r: [gl.Generation([gl.Source(4)])]}),
    "replace": (
        gl.Plan.replace, {"generations": numbers(2), "n_samples": rows, "penalty": real,
                          "noise": real},
    ),
    "mix": (
        gl.Plan.mix, {"generations": numbers(2), "n_samples": rows, "real": share, "noise": real},
    ),
    "mix_labels": (
        gl.Plan.mix_labels,
        {"generations": numbers(2), "n_samples": rows, "real": share, "real_noise": real,
         "design": numbers("fresh")},
    ),
    "accumulate": (
        gl.Plan.accumulate,
        {"generations": numbers(2), "n_samples": rows, "design": numbers("fresh"), "penalty": real},
    ),
    "subsample": (
        gl.Plan.subsample, {"generations": numbers(2), "n_samples": rows, "design": numbers("fresh")},
    ),
    "same_design": (gl.Plan.same_design, {"generations": count, "n_samples": count}),
    "anchored": (
        gl.Plan.anchored,
        {"generations": numbers(2), "n_samples": rows, "n_real": count, "penalty": real,
         "noise": real, "weight": positive},
    ),
    "distill": (
        gl.Plan.distill, {"rounds": numbers(2), "n_samples": numbers(9), "mixing": share,
                          "penalty": real, "noise": real},
    ),
    "edit": (
        gl.Plan.edit, {"generations": numbers(2), "n_samples": numbers(9), "edited": share,
                       "penalty": real, "noise": real},
    ),
    "network": (
        gl.Plan.network,
        {"labels_from": numbers([[0.5, 0.5], [0.5, 0.5]]), "rounds": numbers(2), "n_samples": count,
         "real": share, "penalty": real, "noise": real},
    ),
    "ppi": (
        gl.Plan.ppi, {"generations": numbers(2), "n_samples": numbers(9), "n_real": count,
                      "weight": positive, "penalty": real, "noise": real},
    ),
    "self_train": (
        gl.Plan.self_train,
        {"generations": numbers(2), "n_samples": numbers(9), "n_real": numbers(4),
         "loss": numbers("logistic", "squared"), "labels": numbers("hard", "soft"),
         "real_labels": numbers(None, "hard"), "keep": numbers(None), "penalty": numbers(0.1),
         "noise": real},
    ),
    "weighted": (
        gl.Plan.weighted, {"weights": numbers([[1, 0], [0.5, 1]]), "n_samples": rows,
                           "penalty": real, "noise": real},
    ),
    "window": (
        gl.Plan.window, {"generations": numbers(2), "n_samples": rows, "last": count,
                         "penalty": real, "noise": real},
    ),
    "Clipped": (labels.Clipped, {"low": numbers(-1.0), "high": numbers(1.0)}),
    "Rounded": (labels.Rounded, {"step": positive}),
    "Huber": (losses.Huber, {"delta": positive}),
    "Agrees": (keep.Agrees, {"labeler": labeler}),
    "Confident": (keep.Confident, {"threshold": positive, "labeler": numbers(None, 0)}),
    "Near": (keep.Near, {"labeler": labeler, "within": positive}),
    "GradientDescent": (filters.GradientDescent, {"steps": count, "step": positive}),
    "GradientFlow": (filters.GradientFlow, {"time": positive}),
    "HeavyBall": (filters.HeavyBall, {"steps": count, "step": positive, "momentum": share}),
    "IteratedRidge": (filters.IteratedRidge, {"rounds": count}),
    "SGD": (filters.SGD, {"step": positive}),
    "then": (call("then"), {"self": plan, "n_samples": count, "labeler": labeler, "penalty": real}),
    "with_penalty": (call("with_penalty"), {"self": plan, "penalty": real}),
    "with_features": (call("with_features"), {"self": plan, "features": count, "shared": flag}),
    "Plan.from_dict": (
        lambda **plain: gl.Plan.from_dict(plain), {"preset": numbers("replace"),
                                                   "generations": count, "n_samples": count},
    ),
    "Plan.from_dict of anything": (gl.Plan.from_dict, {"plain": numbers({})}),
    "predict": (
        gl.predict, {"problem": problem, "plan": plan, "method": numbers("auto", "closed")},
    ),
    "simulate": (
        gl.simulate,
        {"problem": problem, "plan": plan, "trials": numbers(2, 9), "seed": seed,
         "method": numbers("auto", "literal"), "relative_stderr": numbers(None, 0.5),
         "dtype": numbers("float64", "float32"), "workers": numbers(1, 2),
         "progress": numbers(False), "on_round": numbers(None, len)},
    ),
    "compare": (
        gl.compare,
        {"problem": problem, "plan": numbers(gl.Plan.replace(2, 9)),
         "other": numbers(gl.Plan.replace(2, 9, penalty=0.1)), "trials": numbers(2, 9),
         "seed": seed, "workers": numbers(1)},
    ),
    "limit": (gl.limit, {"problem": problem, "plan": plan, "block": numbers(None, 1)}),
    "phases": (
        gl.phases,
        {"problem": problem, "plan": numbers("replace", {"preset": "mix", "generations": 3, "noise": 1}),
         "x": numbers(("n_samples", [7, 9])), "y": numbers(("penalty", [0.1, 0.2])),
         "value": numbers("limit", "growth")},
    ),
    "weigh": (
        gl.weigh,
        {"real": pair, "synthetic": pair, "target": numbers(None),
         "made_from": numbers("unknown", "elsewhere"), "kernel": numbers(None), "seed": seed,
         "missing": numbers("error", "drop"), "classes": numbers(None)},
    ),
    "tune": (
        gl.tune,
        {"problem": numbers(gl.Problem.isotropic(3)), "plan": numbers(gl.Plan.replace(2, 9, noise=1)),
         "over": numbers("penalty", "last_penalty", ["real", "n_samples"]),
         "objective": numbers("final", "mean"), "penalties": numbers(None, (0.1, 1.0)),
         "cost": numbers(None, {"real": 1, "synthetic": 0.1}), "limit": numbers(None, 9.0)},
    ),
    "budget": (
        gl.budget,
        {"real": numbers(gl.Problem.isotropic(3)), "cost": numbers({"real": 1, "synthetic": 0.1}),
         "money": numbers(9.0), "noise": numbers(1.0), "labeler_noise": numbers(None, 1.0),
         "labeler_error": numbers(None, 0.1), "most": numbers(None, 5)},
    ),
    "real_rows_needed": (
        real_rows_needed,
        {"plan": plan, "error": numbers(lambda p: np.ones(p.n_models)), "real_noise": real,
         "tolerance": real},
    ),
    "downstream": (
        downstream,
        {"problem": problem, "n_samples": count, "penalties": vector, "trials": numbers(2),
         "seed": seed, "workers": numbers(1)},
    ),
    "first_above": (
        call("first_above"),
        {"self": numbers(gl.Curve(np.array([1.0, 2.0]))), "factor": positive},
    ),
    "to_frame": (
        call("to_frame"), {"self": numbers(gl.Curve(np.array([1.0]))), "backend": numbers("pandas")},
    ),
    "Curve": (gl.Curve, {"risk": vector, "bias": vector, "stderr": vector, "trials": count}),
    "Curve.from_dict": (
        lambda **plain: gl.Curve.from_dict(plain),
        {"risk": vector, "bias": vector, "trials": count, "method": numbers("x"),
         "warnings": numbers([])},
    ),
    "Curve.from_dict of anything": (gl.Curve.from_dict, {"plain": numbers({})}),
    "to_python": (gl.to_python, {"problem": problem, "plan": plan}),
    "to_toml": (gl.to_toml, {"plan": plan, "problem": problem}),
    "to_json": (gl.to_json, {"plan": plan, "problem": problem}),
    "load": (gl.load, {"path": numbers("absent.toml")}),
    "load_plan": (gl.load_plan, {"path": numbers("absent.json")}),
    "save": (gl.save, {"path": numbers("absent/plan.toml"), "plan": plan, "problem": problem}),
    "kappa": (equivalents.kappa, {"spectrum": vector, "penalty": real, "n_samples": positive}),
    "degrees_of_freedom": (equivalents.degrees_of_freedom, {"spectrum": vector, "kappa": real}),
    "effective_penalty": (
        equivalents.effective_penalty, {"spectrum": vector, "penalty": real, "n_samples": positive},
    ),
    "PowerLaw": (
        scaling.PowerLaw, {"capacity": numbers(1.5, 2.0), "source": share, "dim": numbers(None, 5)},
    ),
    "PowerLaw.kappa": (
        call("kappa"),
        {"self": numbers(scaling.PowerLaw(2.0, 0.5, dim=5)), "penalty": real, "n_samples": positive},
    ),
    "PowerLaw.degrees_of_freedom": (
        call("degrees_of_freedom"),
        {"self": numbers(scaling.PowerLaw(2.0, 0.5, dim=5)), "kappa": real},
    ),
    "PowerLaw.risk": (
        call("risk"),
        {"self": numbers(scaling.PowerLaw(2.0, 0.5, dim=5)), "n_samples": positive, "penalty": real,
         "noise": real, "generations": numbers(2), "generator_samples": numbers(50, 3),
         "generator_noise": real, "generator_penalty": real},
    ),
    "PowerLaw.risk_after": (
        call("risk_after"),
        {"self": numbers(scaling.PowerLaw(2.0, 0.5, dim=5)), "generators": numbers([(9, 0.1, 1)]),
         "n_samples": positive, "penalty": real, "noise": real},
    ),
    "scaling_law": (
        gl.scaling_law,
        {"what": numbers(scaling.PowerLaw(2.0, 0.5, dim=5), (2.0, 0.5)), "n_samples": numbers(100),
         "noise": real, "generations": numbers(2), "generator_samples": numbers(1000),
         "generator_noise": real},
    ),
    "exponent_rule": (
        scaling.exponent_rule,
        {"n_samples": positive, "capacity": numbers(2.0), "source": share, "generations": real,
         "generator_samples": positive},
    ),
    "Kernel": (
        gl.Kernel,
        {"name": numbers("rbf", "poly"), "gamma": positive, "degree": count, "coef0": real},
    ),
    "Claim": (
        Claim, {"claim": numbers("c"), "where": numbers("w"), "predicted": real, "measured": real,
                "stderr": real, "kind": numbers("exact"), "tolerance": real},
    ),
    "Space": (pencils.Space, {"name": numbers("rows"), "size": positive}),
    "Space.features": (
        pencils.Space.features, {"dim": count, "multiplicities": vector, "name": numbers("features")},
    ),
    "gaussian": (
        pencils.gaussian, {"rows": numbers(ROWS), "cols": numbers(SPACE), "name": numbers("Z")},
    ),
    "diagonal": (
        pencils.diagonal, {"space": numbers(SPACE), "values": vector, "name": numbers("D")},
    ),
    "vector": (pencils.vector, {"space": numbers(SPACE), "values": vector, "name": numbers("w")}),
    "noise": (pencils.noise, {"space": numbers(ROWS), "deviation": real, "name": numbers("e")}),
    "identity": (pencils.identity, {"space": numbers(SPACE)}),
    "Parameter": (pencils.Parameter, {"name": numbers("a"), "value": real}),
    "trace": (pencils.trace, {"expression": numbers(RIDGE), "start": numbers(None)}),
    "quadratic": (pencils.quadratic, {"expression": numbers(RIDGE), "values": vector}),
    "risk": (pencils.risk, {"error": numbers(ERROR), "metric": numbers(None), "start": numbers(None)}),
    "overlap": (pencils.overlap, {"one": numbers(ERROR), "other": numbers(ERROR)}),
    "risk_derivative": (
        pencils.risk_derivative, {"error": numbers(ERROR), "leaf": numbers(RIDGE)},
    ),
    "Chain": (lambda vectors: pencils.Chain(vectors), {"vectors": numbers(ERROR)}),
    "Pencil": (lambda vectors: pencils.Pencil(vectors), {"vectors": numbers(ERROR)}),
    "describe": (pencils.describe, {"pencil": numbers(pencils.Pencil(ERROR))}),
    "latex": (pencils.latex, {"pencil": numbers(pencils.Pencil(ERROR))}),
    "risks": (pencils.risks, {"problem": problem, "plan": numbers(gl.Plan.replace(1, 9))}),
    "solve": (pencils.solve, {"pencil": numbers(pencils.Pencil(ERROR)), "start": numbers(None)}),
}  # fmt: skip
EACH = 25

OTHER_WORDS = {
    # what a message may call an argument
    "from_spectrum": ("signal",),
    "power_law": ("spectrum", "truth"),
    "from_mercer": ("spectrum", "truth"),
    "then": ("n_samples",),
    "save": ("path", "plan", "problem"),
    "load": ("plan file",),
    "load_plan": ("plan file",),
    "Generation.from_dict": ("generation", "penalty"),
    "Problem.from_dict of anything": ("problem",),
    "Plan.from_dict of anything": ("plan",),
    "Curve.from_dict of anything": ("curve",),
    "Kernel": ("kernel",),
    "weigh": ("data",),
    "identity": ("space",),
    "scaling_law": ("directions",),
    **dict.fromkeys(("overlap", "risk", "risk_derivative"), ("vectors",)),
}


@pytest.mark.parametrize("part", range(4))
def test_functions_answer_or_say_which_argument_is_wrong(part: int, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    faults = []
    for name, (function, arguments) in [*FUNCTIONS.items()][part::4]:
        r = Random(f"{name} 1")
        for _ in range(EACH):
            given = {key: make(r) for key, make in arguments.items()}
            changed = r.sample(
                sorted(given.keys() - {"self"}), k=r.choice([1, 1, 2]) if len(given) > 2 else 1
            )
            given |= {key: strange(r) for key in changed}
            words = (*given, *OTHER_WORDS.get(name, ()))
            found = fault(
                lambda: function(**given),  # noqa: B023 -- called at once
                lambda text: any(word in text for word in words),  # noqa: B023
            )
            if found:
                odd = {key: str(_short(given[key])) for key in changed}
                faults.append(f"{name}({odd}) {found}")
    report(faults)


def _short(value: Any) -> str:
    try:
        return repr(value)[:80]
    except Exception:
        return f"<{type(value).__name__}>"


# --- plan files -------------------------------------------------------------------------------

PLAIN = {
    "problem": {"preset": "power_law", "dim": 5, "capacity": 1.5, "source": 0.5},
    "plan": {
        "preset": "mix", "generations": 3, "n_samples": 20, "real": 0.2, "noise": 0.5,
        "then": [{"n_samples": 30, "penalty": 0.1},
                 {"sources": [{"n_samples": 3, "labeler": {"real": 0.5, "previous": 0.5}}]}],
    },
}  # fmt: skip

ODD_JSON = [
    None, True, False, 0, -1, 1.5, 1e308, 10**400, 10**18, "", "real", "x\x1b[2J", "a" * 3000, [],
    [1, 2], [[]], {}, {"real": 1}, {"a": {"b": []}}, float("nan"), float("inf"), [{}], [None],
]  # fmt: skip


def changed_tree(plain: Any, r: Random) -> Any:
    """The same with one entry replaced, renamed, added or left out."""
    if isinstance(plain, dict) and plain and r.random() < 0.8:
        key = r.choice(sorted(plain))
        rest = {k: v for k, v in plain.items() if k != key}
        action = r.random()
        if action < 0.1:
            return rest
        if action < 0.2:
            return {**rest, r.choice(["Key", "", "é", "a" * 500, "x\x07"]): plain[key]}
        if action < 0.3:
            return {**plain, "repeat": r.choice(ODD_JSON)}
        return {**plain, key: changed_tree(plain[key], r)}
    if isinstance(plain, list) and plain and r.random() < 0.8:
        place = r.randrange(len(plain))
        return [*plain[:place], changed_tree(plain[place], r), *plain[place + 1 :]]
    return r.choice(ODD_JSON)


def changed_text(text: str, r: Random) -> bytes:
    """Bytes in which something is missing, doubled or put in."""
    data = bytearray(text.encode())
    for _ in range(r.choice([1, 1, 2, 5])):
        place = r.randrange(len(data) + 1)
        action = r.random()
        if action < 0.3:
            del data[place : place + r.choice([1, 1, 9])]
        elif action < 0.6:
            data[place:place] = r.choice(
                [b"[", b"]", b'"', b"=", b"{", b"\xff", b"\0", b"1e9", b",", b"#"]
            )
        elif action < 0.8:
            data[place:place] = data[place : place + 20]
        else:
            data[place:place] = r.choice(
                [b"[" * 3000, b"{a=" * 2000, b"\xef\xbb\xbf", b"'''", b"\r", b"-"]
            )
    return bytes(data)


def test_plan_files_are_read_or_say_what_is_wrong(tmp_path):
    r, faults = Random(2), []
    texts = {
        ".json": json.dumps(PLAIN),
        ".toml": gl.to_toml(
            plan=gl.Plan.from_dict(PLAIN["plan"]), problem=gl.Problem.from_dict(PLAIN["problem"])
        ),
    }
    for number in range(500):
        ending = r.choice([".json", ".toml"])
        if number % 2 == 0:
            ending, content = ".json", json.dumps(changed_tree(PLAIN, r)).encode()
        else:
            content = changed_text(texts[ending], r)
        path = tmp_path / f"plan{ending}"
        path.write_bytes(content)

        def run(path: Path = path) -> Any:
            plan, problem = gl.load(path)
            if plan is None or problem is None or plan.n_models > 20 or problem.dim > 50:
                return None
            if plan.n_samples.max() > 1e6:
                return None
            return gl.predict(problem, plan)

        found = fault(run, lambda text: any(word in text for word in ("plan", "problem", *WORDS)))
        if found:
            faults.append(f"{content[:200]!r} {found}")
    report(faults)


WORDS = (
    "spectrum", "truth", "dim", "capacity", "source", "generations", "n_samples", "real", "noise",
    "penalty", "labeler", "repeat", "weight", "covariance",
)  # fmt: skip


# --- tables -----------------------------------------------------------------------------------

CELLS = [
    "1", "2.5", "-3", "1e3", "1,5", "1.234,5", "1,234", "NA", "", "-", "nan", "inf", "-inf", "x", "é",
    "2020-01-01", "2020-01-01T10:00:00Z", "12%", "$3", "TRUE", "false", '"a b"', '"un', "1e400", "9" * 30,
    "0x10", "a" * 300, "\x07", "?", "null", " 5 ", "\u2212 4", "1 000",
]  # fmt: skip


def csv_text(r: Random) -> bytes:
    """A table with a target "y" and some odd cells, lines or bytes."""
    columns, rows = r.choice([1, 2, 3]), r.choice([0, 1, 3, 12, 45])
    delimiter = r.choice([",", ",", ";", "\t"])
    names = [f"c{i}" for i in range(columns)] + ["y"]
    if r.random() < 0.1:
        names[0] = r.choice(["", "y", "é", '"', "a" * 200])
    lines = [delimiter.join(names)]
    for _ in range(rows):
        cells = [f"{r.gauss(0, 1):.4f}" for _ in names]
        if r.random() < 0.15:
            cells[r.randrange(len(cells))] = r.choice(CELLS)
        if r.random() < 0.02:
            cells = cells[:-1] if r.random() < 0.5 else [*cells, "1"]
        lines.append(delimiter.join(cells))
    if r.random() < 0.1:
        lines.insert(r.randrange(len(lines) + 1), r.choice(["", "#", ",,,,", '"']))
    encoding = r.choice(["utf-8", "utf-8", "utf-8-sig", "latin-1", "utf-16"])
    data = r.choice(["\n", "\n", "\r\n", "\r"]).join(lines).encode(encoding, "replace")
    return (
        data if r.random() < 0.9 else data[: r.randrange(len(data) + 1)] + bytes([r.randrange(256)])
    )


def odd_array(r: Random) -> Any:
    """Something like a matrix, or a pair with a target."""
    features = np.array([[r.gauss(0, 1) for _ in range(3)] for _ in range(12)])
    answers: Any = np.array([r.gauss(0, 1) for _ in range(12)])
    action = r.randrange(10)
    if action == 0:
        return features.view(np.matrix), answers
    if action == 1:
        return np.ma.masked_array(features, features > 1), answers
    if action == 2:
        return features.astype(r.choice(["f2", "c16", "O", "U", "i8", "?"])), answers
    if action == 3:
        return features, r.choice([answers[:5], answers > 0, answers.astype("U"), 1j * answers])
    if action == 4:
        features[r.randrange(12), 0] = r.choice([np.nan, np.inf, 1e308])
        return features, answers
    if action == 5:
        return r.choice([features, features.tolist(), [features, answers], (features,)])
    if action == 6:
        return {"data": features, "target": answers}
    if action == 7:
        return features, strange(r)
    return strange(r), answers


def odd_frame(r: Random) -> Any:
    """A frame with one odd column."""
    import pandas as pd

    frame = pd.DataFrame(
        {"a": np.arange(12.0), "b": [r.gauss(0, 1) for _ in range(12)], "y": np.arange(12.0) % 5}
    )
    frame[r.choice(["b", "b", "y"])] = r.choice(
        [
            pd.array([1, None] * 6, dtype="Int64"), pd.Categorical(list("abc") * 4), [2**60 + 1] * 12,
            pd.date_range("2020", periods=12), pd.date_range("2020", periods=12, tz="UTC"), [1j] * 12,
            [None] * 12, [[1]] * 12, ["1,5", "2"] * 6, [Decimal("1.5"), Decimal(2)] * 6, [True, False] * 6,
            [1e308, -1e308] * 6, pd.timedelta_range("1D", periods=12), [date(2020, 1, 1)] * 12,
            [np.inf, 1] * 6, ["\x1b[31m", "x"] * 6, np.arange(12) * 1e-320,
        ]
    )  # fmt: skip
    return frame


def test_tables_are_read_or_say_what_is_wrong(tmp_path):
    r, faults = Random(3), []
    for number in range(300):
        data: Any
        target: Any = None
        kind = number % 3
        if kind == 0:
            data = tmp_path / r.choice(["table.csv", "table.csv", "table.tsv"])
            data.write_bytes(csv_text(r))
            target, what = "y", data.read_bytes()[:300]
        elif kind == 1:
            data = odd_array(r)
            what = _short(data)
        else:
            data, target = odd_frame(r), "y"
            what = _short(data.iloc[:2])
            if r.random() < 0.3:
                path = tmp_path / "table.parquet"
                with suppress(Exception):  # no Parquet file can hold it
                    data.to_parquet(path)
                    data = path
        missing = r.choice(["error", "drop", "mean"])

        def run(data: Any = data, target: Any = target, missing: str = missing) -> Any:
            table = gl.load_table(data, target, missing=missing)
            return [table.features, table.target]

        if found := fault(run, lambda text: len(text) > 15):
            faults.append(f"load_table({what!r}, {target!r}, missing={missing!r}) {found}")
    report(faults)


@pytest.mark.slow
def test_forecasts_answer_or_say_what_is_wrong():
    r, faults = Random(4), []
    for _ in range(12):
        X = np.array([[r.gauss(0, 1) for _ in range(3)] for _ in range(60)])
        X[:, 2] = X[:, 0] + r.choice([0, 1e-9, 1]) * X[:, 1]
        y = (X[:, 0] > r.choice([-3, 0, 2])) * r.choice([1.0, 1e-100, 1e100]) + r.choice([0, 1e-3])
        arguments = {"trials": 2, "seed": r.choice([0, 1]), "kernel": None}
        if r.random() < 0.5:
            arguments[r.choice(sorted(arguments))] = strange(r)
        plan = gl.Plan.replace(2, r.choice([4, 5, 10]), penalty=r.choice([0, 0.1]))
        found = fault(
            lambda: gl.forecast(X, y, plan, **arguments).predicted,  # noqa: B023
            lambda text: len(text) > 15,
        )
        if found:
            faults.append(f"forecast({ {k: _short(v) for k, v in arguments.items()} }) {found}")
    report(faults)


# --- command lines ----------------------------------------------------------------------------

OPTIONS = [
    "--json", "--trials", "--seed", "--method", "--relative-stderr", "--workers", "--plot", "--target",
    "--kernel", "--generations", "--n-samples", "--penalty", "--noise", "--missing", "--stream", "--help",
    "--level", "--quick", "--store", "--nonsense", "-x", "--", "--=", "--trials=3", "--seed=1",
]  # fmt: skip
WORDS_TYPED = [
    "3", "2", "0", "-1", "1.5", "nan", "1e400", "x", "", "é", "\x1b[31m", "a" * 2000, "literal", "auto",
    "plan.toml", "plan.json", "table.csv", "absent.csv", "y", "rbf", "drop", ".", "plan.xml", "[1]", "{}",
]  # fmt: skip
COMMANDS = [
    "predict", "simulate", "example", "forecast", "explain", "sweep", "reproduce", "nonsense", "", "compare",
    "completion", "limit", "phases", "scaling-law", "schema", "tune", "weigh", "budget",
]  # fmt: skip


def command_line(r: Random) -> list[str]:
    command = r.choice(COMMANDS)
    line = [command] if command else []
    plans = {"predict": 1, "simulate": 1, "tune": 1, "limit": 1, "compare": 2}.get(command, 0)
    if r.random() < 0.7:
        line += [r.choice(["plan.toml", "plan.json", "bad.toml"]) for _ in range(plans)]
    if command == "weigh":
        line += ["table.csv", r.choice(["table.csv", "absent.csv"]), "--target", r.choice("yz")]
    if command == "simulate":
        line += ["--trials", "2"]
    if command == "forecast":
        line += [r.choice(["table.csv", "absent.csv"]), "--target", r.choice("yz"), "--trials", "2"]
        line += ["--generations", "2"]
    for _ in range(r.choice([0, 1, 1, 2, 3])):
        line.append(r.choice(OPTIONS))
        if r.random() < 0.7:
            line.append(r.choice(WORDS_TYPED))
    if command == "reproduce":  # what a figure costs is not asked here
        line += ["nonsense"]
    return line


def test_command_lines_answer_or_say_what_is_wrong(tmp_path, monkeypatch, capsys):
    from genloss.cli import main

    monkeypatch.chdir(tmp_path)
    gl.save("plan.toml", plan=gl.Plan.replace(2, 9, noise=0.5), problem=gl.Problem.isotropic(3))
    gl.save("plan.json", plan=gl.Plan.mix(2, 9, real=0.5), problem=gl.Problem.isotropic(3))
    Path("bad.toml").write_text("plan = 3\n")
    numbers = np.random.default_rng(0).normal(size=(60, 3)).round(4)
    lines = [",".join(map(str, row)) for row in numbers]
    Path("table.csv").write_text("\n".join(["a,b,y", *lines]))
    r, faults = Random(5), []
    for _ in range(120):
        line = command_line(r)
        try:
            with in_time():
                main(line)
            found = "did not exit"
        except SystemExit as left:
            said = capsys.readouterr()
            found = None
            if left.code not in (0, 2):
                found = f"left with {left.code}"
            elif left.code == 2 and not said.err.strip():
                found = "left with 2 without a word"
            elif "Traceback" in said.err or "\x1b[31m" in said.err:
                found = f"said {said.err[-300:]!r}"
            elif left.code == 2 and len(said.err) > 2000:
                found = f"said {len(said.err)} characters: {said.err[:200]!r}"
            elif left.code == 0 and " nan" in said.out.lower():
                found = f"printed NaN: {said.out[-300:]!r}"
        except (Exception, Slow) as error:
            capsys.readouterr()
            found = f"raised {type(error).__name__}: {str(error)[:300]}"
        if found:
            faults.append(f"genloss {' '.join(line)[:300]} {found}")
    report(faults)


def test_the_generators_make_what_they_say():
    r = Random(6)
    assert len(FUNCTIONS) * EACH + 500 + 300 + 12 + 120 >= 3000
    assert {type(strange(r)) for _ in range(2000)} >= {np.matrix, Decimal, gl.Problem, complex}
    assert set(string.ascii_lowercase) & set(csv_text(r).decode("latin-1"))
