"""One generation on fresh rows as an affine map of its labelers' moments (`theory.md` 2.2-2.4).

Per direction the mean of the fit is a sum of its labelers' means, and its covariances are sums of theirs
plus a few scalars, each spread over all directions in one way: the errors ``tau**2`` of its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genloss.spectrum import Spectrum
from genloss.steps import Step
from genloss.theory import pulled
from genloss.theory.closed import is_even
from genloss.theory.fit import Stage, regime
from genloss.theory.labelers import Group, average
from genloss.theory.stacking import pair_constants
from genloss.theory.weighted import Constant, Rows, resolvent

Array = npt.NDArray[np.float64]


class Link(NamedTuple):
    """What a fit takes from its labelers k, l; arrays over plans b and directions p.

    Attributes
    ----------
    labelers : tuple of int
        Their numbers, `REAL` for the truth.
    pull : ndarray of shape (k, b, p)
        The mean fit is ``sum_k pull_k theta_k``.
    square : ndarray of shape (k, l, b, p)
        How covariances of labelers go over into the variance of the fit.
    heard : ndarray of shape (j, k, l, b, p)
        How much of ``E theta_k theta_l`` each scalar j is made of.
    gain : ndarray of shape (j, b, p)
        Variance per unit of each scalar.
    noise : ndarray of shape (j, b)
        What each scalar is without any labeler's error.
    coupling : ndarray of shape (b, j, j)
        What each scalar takes from the others.
    spread : ndarray of shape (b, p)
        Variance that no scalar carries.
    """

    labelers: tuple[int, ...]
    pull: Array
    square: Array
    heard: Array
    gain: Array
    noise: Array
    coupling: Array
    spread: Array


def even(
    directions: Spectrum, stage: Stage, members: Sequence[Group], towards: int | None = None
) -> Link:
    """Rows of one covariance and weight, from one or several labelers; the penalty pulls ``towards``."""
    if towards is not None and stage.gap is not None:
        link = even(directions, stage, pulled.left(members, towards))
        own = np.array([u == towards for u in link.labelers], dtype=float)
        pull = link.pull + own[:, None, None]
        return link._replace(pull=pull, square=pull[:, None] * pull)
    s, whole = directions.eigenvalues, average(members)
    shape = len(stage.n_samples), s.size
    labelers = tuple(whole.labeler)
    share = np.array([[m.labeler.get(k, 0.0) for k in labelers] for m in members])  # (S, k)
    bar = np.array([np.broadcast_to(whole.labeler[k], (shape[0], 1)) for k in labelers])
    pull = np.broadcast_to(stage.shrunk(bar), (len(labelers), *shape))
    square = pull[:, None] * pull
    gain, noise = stage.gain, whole.variance
    spread = np.zeros(shape)
    if len(members) == 1:
        heard = np.zeros(shape) if stage.gap is None else stage.gap
        heard = bar[:, None] * bar * heard
        if whole.noisy:
            spread = whole.variance * stage.label_gain
        noise = np.zeros_like(noise)
    elif stage.gap is None:
        same, apart = (
            np.array(c) for c in pair_constants(members, stage.n_samples, directions.dim)
        )
        mixed = np.einsum("uk,vl,uvbo->klbo", share, share, same)
        square = np.broadcast_to(mixed, square.shape)
        heard = np.einsum("uk,vl,uvbo->klbo", share, share, apart) * s
        gain = np.broadcast_to(directions.multiplicity / s, shape)
        if whole.noisy:
            spread = whole.variance * stage.label_gain
        noise = np.zeros_like(noise)
    else:
        heard = np.zeros(square.shape)
        for rows, own in zip((m.rows for m in members), share, strict=True):
            away = own[:, None, None] - pull
            heard = heard + (rows / whole.rows) * s * away[:, None] * away
        if directions.constant:  # as `fresh` has it
            contrast = heard[..., -1] / (stage.n_samples[:, 0] - 1)
            square = np.array(square)
            square[..., -1] -= contrast / s[-1]
            heard[..., -1] += contrast
    zero = np.zeros((shape[0], 1, 1))
    own = np.broadcast_to(noise, (shape[0], 1)).T
    return Link(labelers, pull, square, heard[None], gain[None], own, zero, spread + zero[0])


def is_affine(step: Step) -> bool:
    """Whether a fit is ridge regression on new rows, an affine map of its labelers' moments with few scalars."""
    plain = step.features is None and not step.retuned and not step.turned
    alike = step.towards is None or is_even(step)
    return step.is_ridge and step.is_new and not step.is_pooled and plain and alike


def is_exact(step: Step, directions: Spectrum) -> bool:
    """Whether a fit is known at any size: least squares on rows alike, of one labeler where not of the problem's kind."""
    least_squares = regime(step.rows, step.penalty, directions.dim) == "least squares"
    if not least_squares or is_even(step):
        return least_squares
    one = all(block.shares == step.blocks[0].shares for block in step.blocks)
    return one and Rows.of(step, directions).alike


def weighted(directions: Spectrum, step: Step, lam: float) -> Link:
    """Rows of several covariances or weights; ``lam`` is the penalty."""
    rows = Rows.of(step, directions)
    sigma, count, number, weight = rows
    thetas = [block.shares for block in step.blocks]
    labelers = tuple(dict.fromkeys(number for theta in thetas for number in theta))
    share = np.array([[theta.get(k, 0.0) for k in labelers] for theta in thetas])
    if lam == 0 and is_exact(step, directions):
        return _least_squares(step, rows, labelers, share[0], directions)
    e, q = resolvent(sigma, count, number, weight, number.sum() * lam)
    by_source = q * (number * weight * e)[:, None] * sigma  # (S, p)
    pull = share.T @ by_source  # (k, p)
    v = number * (weight * e) ** 2
    gain = v[:, None] * sigma * q**2 * count
    if directions.constant:
        about = Constant.of(by_source[:, -1], number)
        pull[:, -1] = about.heard @ share
        gain[:, -1] = about.gain() / sigma[0, -1]
    away = share[:, :, None] - pull  # theta_s - w_bar, (S, k, p)
    heard = sigma[:, None, None] * away[:, :, None] * away[:, None]
    square = pull[:, None] * pull
    if directions.constant:
        added = about.added(heard[..., -1].T)  # (k, k, S), symmetric in the labelers
        heard[..., -1] = added.T
        square[..., -1] -= added @ about.own / sigma[0, -1]
    coupling = (sigma * q * count) @ (sigma * q).T * v
    return Link(
        labelers,
        pull[:, None],
        square[:, :, None],
        heard[:, :, :, None],
        gain[:, None],
        np.array([[block.noise**2] for block in step.blocks]),
        coupling[None],
        np.zeros((1, sigma.shape[1])),
    )


def _least_squares(
    step: Step, rows: Rows, labelers: tuple[int, ...], share: Array, directions: Spectrum
) -> Link:
    """Rows of one covariance and labeler: it is found but for the noise of its labels."""
    p = rows.sigma.shape[1]
    pull = np.broadcast_to(share[:, None, None], (share.size, 1, p))
    noise = sum(block.rows * block.noise**2 for block in step.blocks) / step.rows
    return Link(
        labelers,
        pull,
        pull[:, None] * pull,
        np.zeros((1, share.size, share.size, 1, p)),
        rows.inverse(directions)[None, None],
        np.array([[noise]]),
        np.zeros((1, 1, 1)),
        np.zeros((1, p)),
    )
