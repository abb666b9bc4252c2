"""Plans that tests of limits share."""

from __future__ import annotations

import numpy as np

import genloss as gl

DECAY = gl.Problem(np.arange(1, 201) ** -0.8, np.arange(1, 201) ** -0.1)


def stacked(n, real, problem=DECAY, generations=4, **fit):
    return gl.Plan.mix(generations, n, real=real, noise=0.5, **fit)


def network(labels_from, rounds, n, real=(), noise=1.0):
    """Agents that label for each other; ``real[k]`` rows of agent k are real."""
    size = len(labels_from)
    real = real or [0] * size
    generations = [gl.Generation([gl.Source(n, noise=noise)]) for _ in range(size)]
    for turn in range(1, rounds):
        for k, others in enumerate(labels_from):
            sources = [gl.Source(real[k], noise=noise)] if real[k] else []
            for j in others:
                rows = (n - real[k]) // len(others)
                sources.append(gl.Source(rows, (turn - 1) * size + j, noise))
            generations.append(gl.Generation(sources))
    return gl.Plan(generations)


COMPLETE = [[0, 1, 2]] * 3
