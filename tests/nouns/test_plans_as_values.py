"""Plans: what is refused, presets, values."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

import genloss as gl

Gen, Src, Plan, Problem = gl.Generation, gl.Source, gl.Plan, gl.Problem


def refused(build, *words, error=gl.InvalidInputError):
    with pytest.raises(error) as caught:
        build()
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, f"{missing} not in {caught.value}"


# --- Plan -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Plan([]), ["generations was []", "at least one Generation"]),
        (lambda: Plan([Src(5)]), ["generations was", "at least one Generation"]),
        (lambda: Plan(7), ["generations was 7", "at least one Generation"]),
        (lambda: Plan([Gen.of(5)]), ["labeler of model 0 was 'previous'", "must be 'real'"]),
        (lambda: Plan([Gen.of(5, labeler=0)]), ["labeler of model 0 was 0", "must be 'real'"]),
        (
            lambda: Plan([Gen.of(5, labeler={"real": 0.5, "previous": 0.5})]),
            ["labeler of model 0", "must be 'real'"],
        ),
        (
            lambda: Plan([Gen.of(5, labeler="real"), Gen.of(5, labeler=1)]),
            ["labeler of model 1 was model 1", "models 0 to 0"],
        ),
        (
            lambda: Plan.replace(3, 5).then(n_samples=5, labeler={"real": 0.5, 7: 0.5}),
            ["labeler of model 3 was model 7", "models 0 to 2"],
        ),
        (
            lambda: Plan([Gen([Src(5)], design="same")]),
            ["design of model 0 was 'same'", "no earlier design"],
        ),
        (
            lambda: Plan.replace(2, 5).then(n_samples=6, design="same"),
            ["design of model 2 was 'same'", "n_samples 6", "model 1 has 5"],
        ),
        (lambda: Plan.replace(0, 5), ["generations was 0", ">= 1"]),
        (lambda: Plan.replace(2.5, 5), ["generations was 2.5", "whole number"]),
        (lambda: Plan.replace(2, 0), ["n_samples was 0", ">= 1"]),
        (lambda: Plan.replace(2, [5, 6, 7]), ["n_samples had 3", "one number or 2"]),
        (lambda: Plan.replace(2, 5, penalty=[0.1]), ["penalty had 1", "one number or 2"]),
        (lambda: Plan.replace(2, 5, noise=[1, -1]), ["noise was -1", ">= 0"]),
        (lambda: Plan.mix(2, 5, real=1.5), ["real was 1.5", "between 0 and 1"]),
        (lambda: Plan.mix(2, 5, real=[0, -0.1]), ["real was -0.1", "between 0 and 1"]),
        (lambda: Plan.mix_labels(2, 5, real=np.nan), ["real was nan", "finite"]),
        (
            lambda: Plan.mix_labels(2, 5, real=0.5, design="x"),
            ["design was 'x'", "'fresh', 'same'"],
        ),
        (lambda: Plan.accumulate(2, 5, design="old"), ["design was 'old'", "'fresh', 'same'"]),
        (lambda: Plan.same_design(2, [5, 6]), ["n_samples 6", "model 0 has 5"]),
        (lambda: Plan.replace(1, 5).then(n_sample=3), ["then", "n_sample", "mean 'n_samples'"]),
        (lambda: Plan.replace(1, 5).then(), ["then lacks 'n_samples'"]),
        (
            lambda: Plan.replace(1, 5).then(Gen.of(5), noise=1),
            ["then()", "noise", "one or the other"],
        ),
        (lambda: Plan.replace(2, 5).with_penalty([1]), ["penalty had 1", "one number or 2"]),
        (lambda: Plan.replace(2, 5).with_penalty(-1), ["penalty was -1", ">= 0"]),
        (
            lambda: Plan([Gen([Src(5, covariance=[1.0, 2.0])])]).check_fits(3),
            ["model 0", "2 entries", "dim 3"],
        ),
    ],
)
def test_plan_names_what_is_wrong(build, words):
    refused(build, *words)


def test_accumulate_has_no_default_design():
    with pytest.raises(TypeError, match="design"):
        Plan.accumulate(2, 5)


def test_plan_presets_are_the_plans_they_are_named_for():
    chain = [Gen.of(5, labeler="real", noise=0.1), Gen.of(6, penalty=0.2, noise=0.3)]
    assert Plan.replace(2, [5, 6], penalty=[0, 0.2], noise=[0.1, 0.3]) == Plan(chain)
    assert Plan.mix(2, 10, real=0.3, noise=1.0) == Plan(
        [
            Gen([Src(10, "real", 1.0)]),
            Gen([Src(3, "real", 1.0), Src(7, "previous", 1.0)]),
        ]
    )
    assert Plan.mix(3, 10, real=[0, 0, 1]) == Plan(
        [Gen([Src(10)]), Gen([Src(10, "previous")]), Gen([Src(10)])]
    )
    mixture = {"real": 0.25, "previous": 0.75}
    assert Plan.mix_labels(2, 10, real=0.25, noise=1.0, real_noise=2.0) == Plan(
        [Gen([Src(10, "real", 1.0, 2.0)]), Gen([Src(10, mixture, 1.0, 2.0)])]
    )
    assert Plan.accumulate(2, 10, design="same", penalty=0.1) == Plan(
        [
            Gen([Src(10)], 0.1, pooled=True),
            Gen([Src(10, "previous")], 0.1, "same", pooled=True),
        ]
    )
    assert Plan.same_design(2, 10, noise=1.0) == Plan(
        [Gen([Src(10, "real", 1.0)]), Gen([Src(10, "previous", 1.0)], design="same")]
    )


def test_plan_reads_like_a_sequence_and_knows_its_columns():
    plan = Plan.replace(2, [5, 6], penalty=[0.0, 0.2]).then(n_samples=7, labeler=0)
    assert len(plan) == plan.n_models == 3
    assert [g.n_samples for g in plan] == plan.n_samples.tolist() == [5, 6, 7]
    assert plan.penalty.tolist() == [0.0, 0.2, 0.0]
    assert plan.with_penalty(0.3).penalty.tolist() == [0.3, 0.3, 0.3]
    assert plan.with_penalty([1, 2, 3]).penalty.tolist() == [1, 2, 3]
    assert plan.with_penalty(plan.penalty) == plan


def test_then_adds_one_generation_labelled_by_the_last_model():
    plan = Plan.replace(2, 5)
    longer = plan.then(n_samples=9, noise=0.5)
    assert longer.generations[:2] == plan.generations
    assert longer.generations[2] == Gen([Src(9, "previous", 0.5)])
    assert plan.then(Gen.of(9, noise=0.5)) == longer
    assert plan.n_models == 2


def test_plans_are_values():
    one, other = (Plan.mix(4, 10, real=0.3) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Plan.mix(4, 10, real=0.4)
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.generations = ()


@pytest.mark.parametrize(
    ("plan", "lines"),
    [
        (Plan.replace(1, 5), ["Plan(1 model)", "  model 0: 5 real"]),
        (
            Plan.mix(3, 10, real=0.3, noise=0.5),
            [
                "Plan(3 models)",
                "  model 0: 10 real, noise 0.5",
                "  models 1-2: 3 real, noise 0.5 + 7 labelled by previous, noise 0.5",
            ],
        ),
        (
            Plan.replace(2, 5).then(n_samples=6, labeler={"real": 0.5, 0: 0.5}, penalty=0.1),
            [
                "Plan(3 models)",
                "  model 0: 5 real",
                "  model 1: 5 labelled by previous",
                "  model 2: 6 labelled by 0.5 real + 0.5 model 0, penalty 0.1",
            ],
        ),
        (
            Plan(
                [Gen([Src(5, weight=2.0, covariance=[1.0]), Src(4, real_noise=0.2)], pooled=True)]
            ),
            [
                "Plan(1 model)",
                "  model 0: 5 real, weight 2.0, own covariance + 4 real, real noise 0.2, pooled",
            ],
        ),
        (
            Plan.same_design(2, 5),
            [
                "Plan(2 models)",
                "  model 0: 5 real",
                "  model 1: 5 labelled by previous, same inputs",
            ],
        ),
    ],
)
def test_plan_repr(plan, lines):
    assert repr(plan) == "\n".join(lines)
