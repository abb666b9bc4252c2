"""The founding paper as a value."""

from __future__ import annotations

from genloss.papers.demystified.figures import (
    chain,
    circle,
    interpolation,
    isotropic,
    mnist,
    networks,
    penalty_rules,
    power_law,
    scaling_laws,
)
from genloss.papers.demystified.statements import statements
from genloss.papers.paper import Paper

PAPER = Paper(
    key="demystified",
    title="Model Collapse Demystified: The Case of Regression",
    reference="Dohmatob, Feng, Kempe, arXiv 2402.07712",
    presets=("replace", "same_design"),
    statements=statements,
    seconds=(20, 207),
    experiments=tuple(
        module.STUDY
        for module in (
            chain,
            isotropic,
            power_law,
            interpolation,
            scaling_laws,
            penalty_rules,
            circle,
            mnist,
            networks,
        )
    ),
)
