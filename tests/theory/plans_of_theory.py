"""Plans and problems that tests of theory share."""

from __future__ import annotations

import dataclasses

import genloss as gl


def final(problem, plan):
    return gl.predict(problem, plan).risk[-1]


def one(*sources, **fit):
    return gl.Plan([gl.Generation(sources, **fit)])


# --- invariances over random plans -----------------------------------------------------------


def with_covariance(plan, covariance):
    return gl.Plan(
        [
            dataclasses.replace(
                g, sources=tuple(dataclasses.replace(s, covariance=covariance) for s in g.sources)
            )
            for g in plan
        ]
    )
