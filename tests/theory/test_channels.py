"""Where fits by any loss exist, and what no theory knows."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

import genloss as gl
from genloss import Generation, Source, keep, labels, losses
from genloss.errors import NoTheoryError
from genloss.theory.channels import separable
from genloss.theory.channels.evolution import Fit
from genloss.theory.channels.rows import Rows

DIM = 300


def problem(dim=DIM, strength=4.0):
    """Eigenvalues i^-1/2 of trace 1, a flat truth."""
    spectrum = np.arange(1, dim + 1) ** -0.5
    spectrum /= spectrum.sum()
    return gl.Problem(spectrum, np.full(dim, np.sqrt(strength)))


def chain(first, *rest):
    return gl.Plan([first, *rest])


def test_simulate_runs_what_predict_knows():
    target = problem(100)
    plan = chain(
        Generation([Source(300, labels="sampled")], 2e-3, loss="logistic"),
        Generation(
            [
                Source(400, "previous", labels="hard", keep=keep.Confident(0.5)),
                Source(100, labels="sampled", weight=2.0),
            ],
            2e-3,
            loss="logistic",
        ),
        Generation(
            [Source(400, "previous", labels="soft", keep=keep.Agrees(0))], 2e-3, loss="logistic"
        ),
    )
    theory, trials = (
        gl.predict(target, plan),
        gl.simulate(target, plan, trials=48, method="literal"),
    )
    room = 0.03 * trials.error + 4 * trials.error_stderr
    assert np.all(np.abs(theory.error - trials.error) < room)
    for name, share in (("norm", 0.05), ("log_loss", 0.03), ("brier", 0.03), ("accepted", 0.02)):
        assert getattr(theory, name) == pytest.approx(getattr(trials, name), rel=share)
    assert theory.disagreement == pytest.approx(trials.disagreement, abs=0.01)
    assert gl.Curve.from_dict(trials.to_dict()) == trials


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["logistic", losses.Huber(1.0)], ids=str)
def test_a_penalty_may_pull_to_an_earlier_model(loss):
    target, kind = problem(100), "linear" if loss != "logistic" else "sampled"
    noise = 1.0 if kind == "linear" else 0.0
    plan = chain(
        Generation([Source(200, labels=kind, noise=noise)], 5e-3, loss=loss),
        Generation([Source(150, labels=kind, noise=noise)], 2e-2, loss=loss, towards="previous"),
        Generation([Source(150, "previous", labels=kind, noise=noise)], 2e-2, loss=loss, towards=0),
    )
    theory, trials = (
        gl.predict(target, plan),
        gl.simulate(target, plan, trials=64, method="literal"),
    )
    assert np.all(np.abs(theory.risk - trials.risk) < 0.03 * trials.risk + 4 * trials.stderr)
    assert theory.norm == pytest.approx(trials.norm, rel=0.03)


def test_training_without_penalty_ends_where_labels_are_separable():
    target = gl.Problem.isotropic(100, signal=4.0)
    plan = chain(
        Generation([Source(1000, labels="sampled")], loss="logistic"),
        *[Generation([Source(1000, "previous", labels="sampled")], loss="logistic")] * 8,
    )
    curve = gl.predict(target, plan)
    assert curve.norm[:6] == pytest.approx([2.53, 3.19, 4.10, 5.49, 8.12, 17.7], rel=4e-3)
    assert np.isinf(curve.risk).tolist() == [False] * 6 + [True] * 3
    assert any("models 6-8: training ends" in text for text in curve.warnings)


@pytest.mark.parametrize(
    ("norm", "ratio"),
    [(1e-9, 2.0), (0.5, 2.08), (1, 2.28), (2, 2.90), (5, 5.40), (8.12, 8.31), (17.65, 17.5)],
)
def test_from_how_many_rows_on_a_fit_without_penalty_exists(norm, ratio):
    one = np.ones((1, 1))
    rows = Rows(ratio, 1.0, losses.Logistic(), labels.Sampled(), None, 0.0, (0,), 0)
    fit = Fit([rows], norm**2 * one[None], one, one[0], 0.0)
    assert separable.least_rows_short(fit) == pytest.approx(1.0, abs=3e-3)


def separates(signed):
    """Whether a hyperplane has all of some rows, times their class, on one side."""
    nothing = np.zeros(signed.shape[1])
    return linprog(nothing, -signed, -np.ones(len(signed)), bounds=(None, None)).status == 0


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "tilt"), [((1.0, 2.0), 0.5), ((3.0, 1.0), -0.3)])
def test_with_two_labelers_classes_are_separable_from_as_many_directions_on(sizes, tilt):
    n, rng = (200, 100), np.random.default_rng(5)
    second = np.outer(sizes, sizes) * [[1, tilt], [tilt, 1]]
    one, rules = np.ones((1, 1)), (labels.Sampled(), labels.Hard())
    rows = [
        Rows(n[k], 1.0, losses.Logistic(), rule, None, 0.3 * k, (k,), 0)
        for k, rule in enumerate(rules)
    ]
    border = separable.least_rows_short(Fit(rows, second[..., None], one, one[0], 0.0))
    found = []
    for dim in (0.8 * border, 1.2 * border):
        X = rng.standard_normal((5, sum(n), round(dim)))
        h = X[..., :2] @ np.linalg.cholesky(second).T
        sampled = rng.random((5, n[0])) < 1 / (1 + np.exp(-h[:, : n[0], 0]))
        hard = h[:, n[0] :, 1] + 0.3 * rng.standard_normal((5, n[1])) > 0
        y = 2.0 * np.concatenate([sampled, hard], axis=1) - 1
        found += [separates(each) for each in X * y[..., None]]
    assert found == 5 * [False] + 5 * [True]


@pytest.mark.slow
def test_training_on_two_labelers_without_penalty_may_end():
    first = Generation([Source(400, labels="sampled")], 1e-3, loss="logistic")
    curves = []
    for n in (60, 300):
        rows = [Source(n, "previous", labels="sampled"), Source(n // 2, labels="sampled")]
        plan = chain(first, *2 * [Generation(rows, loss="logistic")])
        curves.append(gl.predict(problem(60), plan))
        found = gl.limit(problem(60), plan)
        assert found.stable == np.isfinite(curves[-1].risk[-1])
    assert np.isinf(curves[0].risk[1:]).all()
    assert any("training ends" in text for text in curves[0].warnings)


def test_what_no_theory_knows_is_told():
    real = Source(100, labels="hard")
    again = Generation([Source(100, "previous", labels="hard")], 0.1, design="same")
    for plan, reason in (
        (chain(Generation([real], 0.1), again), "rows that another model is fitted to"),
        (
            chain(Generation([real, Source(50, labels="hard", weight=2.0)], "cv")),
            "penalty 'cv' on rows that are not alike, or pulled to another model",
        ),
        (chain(Generation([real], 0.1, features=50)), "random features"),
    ):
        with pytest.raises(
            NoTheoryError, match=f"{reason}: no theory knows it, but genloss.simulate"
        ):
            gl.predict(problem(50), plan)
        trials = gl.simulate(problem(50), plan, trials=2, method="literal")
        assert trials.error.shape == (plan.n_models,)
    with pytest.raises(NoTheoryError, match="use 'auto'"):
        gl.predict(problem(50), chain(Generation([real], 0.1)), method="pencil")


def test_without_a_row_that_is_kept_a_model_is_what_its_penalty_pulls_to():
    none = [Source(100, labels="hard", keep=keep.Confident(50))]
    plan = chain(
        Generation([Source(200, labels="hard")], 0.1),
        Generation(none, 0.1, towards=0),
        Generation(none, 0.1),
    )
    for curve in (gl.predict(problem(50), plan), gl.simulate(problem(50), plan, trials=20)):
        assert curve.risk[1:] == pytest.approx([curve.risk[0], 4.0])
        assert curve.accepted == pytest.approx([1, 0, 0], abs=1e-9)


def test_few_directions_are_warned_of():
    steep = gl.Problem(np.arange(1, 51.0) ** -2, np.ones(50))
    curve = gl.predict(steep, chain(Generation([Source(30, labels="hard")], 0.01)))
    assert any("few effective directions" in text for text in curve.warnings)
    wide = gl.predict(problem(), chain(Generation([Source(900, labels="hard")], 0.01)))
    assert not wide.warnings


def test_the_plan_file_of_the_page_is_its_plan():
    page = (Path(__file__).parents[2] / "docs" / "losses-and-labels.md").read_text("utf-8")
    [toml] = re.findall(r"^```toml\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    [code, *_] = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    names = {}
    exec(compile(code, "page", "exec"), names)  # noqa: S102 -- our own page
    assert gl.Plan.from_dict(tomllib.loads(toml)["plan"]) == names["plan"]
    for name, members in (("labels", labels.Label), ("keep", keep.Keep), ("loss", losses.Loss)):
        rows = re.findall(rf"^\|.*?`{name} = (.*?)` \|", page, flags=re.MULTILINE)
        room = {"labels": labels, "keep": keep, "loss": losses}[name]
        found = {room.find(name, tomllib.loads(f"x = {each}")["x"]).kind for each in rows}
        assert found == {
            k for k, m in members.members.items() if m.__module__.startswith("genloss")
        }
