"""Odd arguments to every public function: an answer, or an error that says which argument is wrong."""

# ruff: noqa: ARG005 -- one signature for all generators; any error at all is a finding
from __future__ import annotations

import string
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from odd_values import Random, _short, csv_text, fault, report, strange

import genloss as gl
from genloss import equivalents, filters, keep, labels, losses, pencils, scaling
from genloss.papers.claims import Claim
from genloss.trials.given_inputs import downstream
from genloss.tuning.tune import real_rows_needed

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


def test_the_generators_make_what_they_say():
    r = Random(6)
    assert len(FUNCTIONS) * EACH + 500 + 300 + 12 + 120 >= 3000
    assert {type(strange(r)) for _ in range(2000)} >= {np.matrix, Decimal, gl.Problem, complex}
    assert set(string.ascii_lowercase) & set(csv_text(r).decode("latin-1"))
