"""Laws of every rule for labels, and of every rule that keeps rows."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

import genloss as gl
from genloss import keep, labels
from genloss.errors import InvalidInputError

RULES = [labels.find("labels", each) for each in ("linear", "hard", "sampled", "soft")]
RULES += [labels.Clipped(-1, 0.5), labels.Rounded(0.7)]
KEEPS = [keep.Confident(1.5), keep.Near("real", 0.5), keep.Agrees({"real": 0.5, "previous": 0.5})]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_labels_are_drawn_by_their_law(rule):
    h = np.repeat(np.linspace(-2, 2, 9), 20_000)
    drawn = rule.draw(h, np.random.default_rng(0)).reshape(9, -1)
    values, chances = rule.law(h[::20_000])
    assert chances.sum(axis=0) == pytest.approx(1)
    assert drawn.mean(axis=1) == pytest.approx((values * chances).sum(axis=0), abs=0.03)
    if rule.makes != "numbers":
        assert np.abs(drawn).max() <= 1
    if rule.makes == "classes":
        assert set(np.unique(drawn)) == {-1.0, 1.0}


@given(h=st.floats(-30, 30))
def test_sampled_classes_are_a_mixture_of_noisy_signs(h):
    weights, widths = labels.Sampled().noises()
    [yes, _] = labels.Sampled().law(np.array(h))[1]
    assert weights @ norm.cdf(h / widths) == pytest.approx(yes, abs=5e-9)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_laws_are_smooth_between_their_breaks(rule):
    inner = rule.breaks(-3.0, 3.0)
    edges = [-3.0, *inner, 3.0]
    for low, high in pairwise(edges):
        h = np.linspace(low, high, 501)[1:-1]
        values, chances = rule.law(h)
        second = np.diff((values * chances).sum(axis=0), 2)
        assert np.abs(second).max() < 1e-3


@pytest.mark.parametrize("rule", KEEPS, ids=str)
@given(y=st.sampled_from([-1.0, 1.0]), v=st.floats(-5, 5))
def test_a_row_is_kept_where_the_judge_is_in_an_interval(rule, y, v):
    inside = any(low < v < high for low, high in rule.intervals(np.array(y)))
    assert rule.accepts(np.array([y]), np.array([v])) == [inside]
    known = {
        "confident": lambda: abs(v) > 1.5,
        "near": lambda: abs(y - v) < 0.5,
        "agrees": lambda: y * v > 0,
    }
    assert inside == known[rule.kind]()


@pytest.mark.parametrize("rule", [*RULES, *KEEPS], ids=str)
def test_rules_are_found_again_from_what_they_write(rule):
    room = keep if isinstance(rule, keep.Keep) else labels
    assert room.find("rule", rule.to_dict()) == rule


def test_judges_are_labelers():
    outside = gl.External(bias=0.1, variance=0.01)
    for judge in ("real", 0, {"real": 0.5, "0": 0.5}, outside, ((outside, 0.5), ("real", 0.5))):
        source = gl.Source(100, "previous", keep=keep.Near(judge, within=1))
        assert gl.Source(**source.to_dict()) == source
        assert hash(source.keep) == hash(gl.Source(**source.to_dict()).keep)
    with pytest.raises(InvalidInputError, match="labeler was 'nobody'"):
        gl.Source(100, keep=keep.Agrees("nobody"))
    with pytest.raises(InvalidInputError, match="keep: labeler of model 0 was 'previous'"):
        gl.Plan([gl.Generation([gl.Source(100, keep=keep.Agrees("previous"))])])


def test_what_is_no_rule_is_told():
    with pytest.raises(InvalidInputError, match=r"low was 1; it must be below high, 0"):
        labels.Clipped(1, 0)
    with pytest.raises(InvalidInputError, match="step was 0; it must be > 0"):
        labels.Rounded(0)
    with pytest.raises(InvalidInputError, match="labels was 3; it must be one of clipped"):
        labels.find("labels", 3)
    with pytest.raises(InvalidInputError, match="keep lacks 'threshold'"):
        keep.find("keep", "confident")
