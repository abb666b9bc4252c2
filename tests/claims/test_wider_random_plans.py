"""Random plans of what the language has beside families: intercepts, random features, shared rows, filters of them.

Rows of any generation before, with the labels they have, edited or new ones; lengths and covariance matrices
of rows that stay; filters on pools, windows, drawn and weighted rows. Literal runs against theory.
"""

from dataclasses import replace

import numpy as np
import pytest

import genloss as gl
from genloss import filters

from .test_fresh_random_plans import Gen, Src, Writer, allowed


class Wider(Writer):
    """Writes one random plan of a kind, which is the name of a method."""

    inside = False  # whether nobody from outside labels

    def number(self, kind):
        return 100 + KINDS.index(kind)

    def who(self, model):
        if not self.inside:
            return super().who(model)
        share = float(self.rng.normal(0.4, 0.4))
        some = ["previous", 0, {"real": share, "previous": 1 - share}]
        return self.pick(some) if model else "real"

    def reused(self, drawn):
        """Rows of before with the labels they have, some edited, or others in part."""
        share = float(self.rng.uniform(0.2, 1.4))
        who = self.pick(["kept", "previous", {"kept": 1 - share, "previous": share}])
        edited = self.pick([None, None, float(self.rng.uniform(0.1, 0.9))])
        if who == "kept":
            edited = None
        inputs = int(self.pick(drawn))
        return Src(
            None, who, 0.0 if who == "kept" else 0.3, inputs=inputs, edited=edited, weight=1.0
        )

    def shared(self, **rest):
        """Three or four ridge fits to new rows and to those of before."""
        made = [Gen([self.new(0, **rest)], self.penalty())]
        for model in range(1, int(self.rng.integers(3, 5))):
            drawn = [t for t, fit in enumerate(made) if fit.n_samples]
            blocks = [self.reused(drawn)]
            if self.rng.random() < 0.7:
                blocks.append(self.new(model, **rest))
            towards = self.pick([None, None, "previous"])
            made.append(Gen(blocks, self.penalty(), towards=towards))
        return gl.Plan(made)

    def policy(self):
        """A policy whose fits share rows."""
        rest = {"noise": self.between(0.2, 1), "penalty": 0.0}
        n = self.rows(0.6, 1.5)
        weights = np.tril(self.rng.uniform(0.3, 2, (3, 3)))
        return self.pick(
            [
                gl.Plan.accumulate(3, n, design=self.pick(["same", "fresh"]), **rest),
                gl.Plan.subsample(3, n, design="fresh", **rest),
                gl.Plan.window(3, n, last=2, **rest),
                gl.Plan.anchored(3, n, n_real=self.rows(0.6, 1.5), **rest),
                gl.Plan.edit(3, n, edited=0.4, **rest),
                gl.Plan.distill(3, n, mixing=0.6, **rest),
                gl.Plan.weighted(weights.tolist(), n, **rest),
            ]
        )

    def lengths(self):
        """Lengths of rows, of a problem that had none."""
        rho = np.sort(3 / self.rng.chisquare(6, 5))
        self.problem = gl.Problem(self.problem.spectrum, self.problem.truth, tails=rho)

    def matrix(self):
        turn, _ = np.linalg.qr(self.rng.standard_normal((self.dim, self.dim)))
        return (turn * self.rng.permutation(self.problem.spectrum)) @ turn.T

    def stopping(self):
        top = self.problem.spectrum.max()
        return self.pick(
            [
                filters.GradientDescent(int(self.rng.integers(3, 40)), 0.15 / top),
                filters.GradientFlow(self.between(0.5, 6) / top),
                filters.IteratedRidge(int(self.rng.integers(1, 4))),
            ]
        )

    def through(self, plan, chance=1.0):
        """Some fits of a plan by a filter."""

        def fit(generation):
            if self.rng.random() > chance:
                return replace(generation, penalty=self.penalty())
            return replace(generation, penalty=self.penalty(), filter=self.stopping())

        return gl.Plan([fit(each) for each in plan])

    # --- kinds ---------------------------------------------------------------------------------

    def centred(self):
        self.inside = True
        return self.pick([self.labelers, self.shared, self.pulled])().with_intercept()

    def featured(self):
        plain = {"own": 0, "weight": 1.0}
        made = [Gen([self.new(0, **plain)], self.penalty())]
        made += [Gen(self.several(t, 2, **plain), self.penalty()) for t in (1, 2)]
        shared = bool(self.rng.random() < 0.5)
        return gl.Plan(made).with_features(self.rows(0.5, 3), shared=shared)

    def steep(self):
        """Any loss where few directions carry the noise of a fit, which predictions say."""
        self.dim = int(self.rng.integers(40, 150))
        spectrum = np.arange(1.0, self.dim + 1) ** -self.rng.uniform(0, 2)
        truth = self.rng.standard_normal(self.dim)
        self.problem = gl.Problem(spectrum / spectrum.sum(), truth)
        self.size = 1.0
        off = truth + 0.4 * self.rng.standard_normal((3, self.dim))
        self.outside = [gl.External(each) for each in off]
        return self.pick([self.classes, self.robust])()

    def shared_rows(self):
        return self.shared()

    def long_and_short(self):
        self.lengths()
        return self.shared(own=0.2)

    def shared_matrices(self):
        plan = self.shared(own=0)
        turned = [self.matrix(), None]

        def source(each):
            own = self.pick(turned) if each.inputs == "new" else None
            return replace(each, covariance=own)

        return gl.Plan([replace(each, sources=tuple(map(source, each.sources))) for each in plan])

    def stopped_pools(self):
        if self.rng.random() < 0.4:
            self.lengths()
        return self.through(self.policy())

    def stopped_rows(self):
        if self.rng.random() < 0.4:
            self.lengths()
        return self.through(self.labelers(), 0.7)


KINDS = ["centred", "featured", "shared_rows", "long_and_short", "shared_matrices"]
KINDS += ["stopped_pools", "stopped_rows", "steep"]


def known(seed, kind):
    """The first of some random plans whose theory is known, and what it says."""
    for attempt in range(6):
        made = Wider(10 * seed + attempt, kind)
        try:
            return made, gl.predict(made.problem, made.plan)
        except gl.NoTheoryError:
            continue
    raise AssertionError(f"no theory knows {kind}")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_wider_random_plans_are_as_literal_runs_find_them(seed, kind):
    made, theory = known(seed, kind)
    runs = gl.simulate(made.problem, made.plan, trials=40, seed=seed, method="literal", workers=1)
    risk, error = allowed(theory.warnings)
    room = risk * runs.risk + 4 * runs.stderr
    assert (np.abs(theory.risk - runs.risk) < room).all(), (made.plan, theory, runs)
    if theory.error is not None:
        room = error * runs.error + 4 * runs.error_stderr
        assert (np.abs(theory.error - runs.error) < room).all(), (made.plan, theory, runs)
