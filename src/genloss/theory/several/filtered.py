"""One filter for several classes: what is known of a linear map of the labels, for every pair of columns.

Labels of classes are a slope times what the labeler says, and noise that no direction explains (Bussgang).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genloss.steps import Step
from genloss.theory.filters.fresh import filtered
from genloss.theory.several.fit import Used, source_of, spread_of, used_by
from genloss.theory.several.models import Models, Part

Array = npt.NDArray[np.float64]


def fit(models: Models, step: Step) -> Used:
    """Add the model of a step on new rows of one covariance and weight, about zero, all of them kept."""
    assert step.filter is not None
    directions, s = models.directions, models.directions.eigenvalues
    found = filtered(directions, step.rows, step.filter, step.penalty, step.blocks[0].weight)
    sources = [source_of(models, block, s) for block in step.blocks]
    shares = [block.rows / step.rows for block in step.blocks]
    slopes = [source.inverse @ source.targets.cross for source in sources]
    told = [
        Part(source.asked[0], np.ones(s.size), slope)
        for source, slope in zip(sources, slopes, strict=True)
    ]
    whole = [
        part._replace(profile=share * part.profile)
        for part, share in zip(told, shares, strict=True)
    ]
    mean, spread = _mean(models, whole), spread_of(models, whole)
    noise = np.zeros((models.classes, models.classes))
    for share, source, slope, part in zip(shares, sources, slopes, told, strict=True):
        own = source.targets.square - slope.T @ source.covariance @ slope
        # what labelers disagree by is noise, too
        away = [part, *(each._replace(profile=-each.profile) for each in whole)]
        off = _mean(models, away)
        noise += share * (own + (s[:, None] * off).T @ off)
        noise += share * np.einsum("p,pkl->kl", s, spread_of(models, away))
    energy = mean[:, :, None] * mean[:, None] + spread
    covariance = np.empty_like(energy)
    for k in range(models.classes):
        for j in range(k + 1):
            pair = energy[:, k, j], spread[:, k, j], float(noise[k, j])
            covariance[:, k, j] = covariance[:, j, k] = found.variance(*pair)
    parts = [part._replace(profile=found.shrink * part.profile) for part in whole]
    models.record(step.model, found.shrink[:, None] * mean, covariance, parts)
    gain = covariance - (found.shrink**2)[:, None, None] * spread
    used = used_by(step, s, found.shrink, np.einsum("pkk->p", gain), 1.0)
    return used._replace(kappa=np.nan, df1=np.nan, df2=np.nan)


def _mean(models: Models, parts: list[Part]) -> Array:
    """Mean coefficients of what parts bring, (p, classes)."""
    return sum(
        (part.profile[:, None] * (models.mean(part.shares) @ part.matrix) for part in parts),
        np.zeros((models.directions.eigenvalues.size, models.classes)),
    )
