"""A plan looked up once."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import genloss as gl
from genloss import plan as plans
from genloss.generation import REAL
from genloss.pencils import risks
from genloss.steps import resolve
from genloss.theory.segments import segment_starts

WIDE = (1.0, 2.0, 3.0)
DIVIDED = gl.Plan(
    [
        gl.Generation([gl.Source(20, noise=0.5), gl.Source(10, noise=0.1, covariance=WIDE)], 0.1),
        gl.Generation(
            [gl.Source(5, "previous"), gl.Source(25, {"real": 0.3, 0: 0.7}, 1.0)], 0.1, "same"
        ),
        gl.Generation([gl.Source(8, 0)], features=4),
        gl.Generation([gl.Source(8, 2)], features=4, feature_map="same", pooled=True, subsample=9),
    ]
)


def test_blocks_say_which_rows_and_who_labels_them():
    first, again, _, last = resolve(DIVIDED)
    assert [(b.design, b.start, b.stop, b.covariance) for b in again.blocks] == [
        (0, 0, 5, None),
        (0, 5, 20, None),  # cut where the covariance changes
        (0, 20, 30, WIDE),
    ]
    assert [dict(b.shares) for b in again.blocks] == [
        {0: 1.0},
        {REAL: 0.3, 0: 0.7},
        {REAL: 0.3, 0: 0.7},
    ]
    assert again.blocks[1].noise == pytest.approx(np.hypot(0.3, 0.7))
    assert again.blocks[1].model_noise == pytest.approx(0.7)
    assert (first.last_use, first.last_inputs, first.last_fit) == (2, 1, 3)
    assert (last.map, last.features, last.drawn, last.fitted) == (2, 4, 9, range(4))
    assert (last.rows, last.inputs) == (76, 46)


def test_steps_are_looked_up_once_and_do_not_travel_with_the_plan():
    assert resolve(DIVIDED) is resolve(DIVIDED)
    copied = pickle.loads(pickle.dumps(DIVIDED))
    assert copied == DIVIDED
    assert "_steps" not in vars(copied)


@st.composite
def some_plans(draw):
    """Fresh, same and pooled designs, own and shared features, in any order."""
    built = [gl.Generation([gl.Source(9)], features=3)]
    for _ in range(draw(st.integers(0, 9))):
        how = draw(st.sampled_from(["fresh", "same", "pooled", "same features", "both"]))
        design = "same" if how in ("same", "both") else "fresh"
        map_ = "same" if how in ("same features", "both") else "fresh"
        built.append(
            gl.Generation([gl.Source(9, "previous")], 0.1, design, how == "pooled", 3, map_)
        )
    return gl.Plan(built)


@given(plan=some_plans(), penalty=st.sampled_from([0.0, 0.3, "cv"]))
def test_steps_with_another_penalty_are_those_of_the_plan_written_anew(plan, penalty):
    each = [penalty, *[0.5] * (plan.n_models - 1)]
    for changed in (plan.with_penalty(penalty), plan.with_penalty(0.7).with_penalty(each)):
        assert resolve(changed) == resolve(gl.Plan(changed.generations))


@given(plan=some_plans())
def test_from_the_start_of_a_stretch_no_fit_uses_what_was_drawn_before(plan):
    steps = resolve(plan)
    for model, found in enumerate(segment_starts(steps)):
        start = model
        while True:  # the definition, followed back until nothing changes
            used = [
                min(step.fitted.start, step.map, *(block.design for block in step.blocks))
                for step in steps[start : model + 1]
            ]
            if min(used) >= start:
                break
            start = min(used)
        assert found == start


def test_loops_that_theory_and_engines_are_held_against_do_not_read_steps():
    """A mistake in steps would be in both, and invisible."""
    written = re.compile(r"^def (?:loop|literal)\(.*?(?=^\S(?!->))", re.DOTALL | re.MULTILINE)
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].rglob("*.py")]
    oracles = [oracle for text in texts for oracle in written.findall(text)]
    assert len(oracles) > 7
    for oracle in oracles:
        assert not {"resolve", "simulate"} & set(re.findall(r"\w+", oracle)), oracle


def test_longer_plans_check_what_is_new_only(monkeypatch):
    checked = []
    check = plans.check_generation
    monkeypatch.setattr(
        plans, "check_generation", lambda all_, model: checked.append(model) or check(all_, model)
    )
    plan = gl.Plan.replace(2, 100)
    for _ in range(3):
        plan = plan.then(n_samples=50)
    assert checked == [2, 3, 4]
    with pytest.raises(gl.InvalidInputError, match="labeler of model 5 was model 9"):
        plan.then(n_samples=50, labeler=9)
    with pytest.raises(gl.InvalidInputError, match="generation was"):
        plan.then("more")


def test_a_model_that_labels_nobody_is_no_obstacle_to_the_next_stretch():
    """Models 0 to 2 share a design; only model 1 labels on."""
    plan = gl.Plan(
        [
            gl.Generation([gl.Source(40, noise=0.5)], 0.1),
            gl.Generation([gl.Source(40, "previous", 0.5)], 0.1, "same"),
            gl.Generation([gl.Source(40, "previous", 0.5)], 0.05, "same"),
            gl.Generation([gl.Source(30, 1, 0.5)], 0.05),
        ]
    )
    problem = gl.Problem.power_law(12, capacity=1.0, source=0.5)
    together = np.sum(risks(problem, plan), axis=0)
    np.testing.assert_allclose(gl.predict(problem, plan, method="pencil").risk, together, rtol=1e-9)
