"""Extension: the paper's chain for any learner, on rows of real images.

The paper treats linear models and kernels; its chain with networks is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss.errors import InvalidInputError
from genloss.papers.images import Images

Array = npt.NDArray[np.float64]
Predictor = Callable[[Array], Array]
Learner = Callable[[Array, Array, float, int], Predictor]
"""Fits inputs (n_rows, dim) and labels (n_rows,) with a penalty per row and a seed."""


def ridge(inputs: Array, labels: Array, penalty: float, _seed: int) -> Predictor:
    """Ridge regression with a free intercept."""
    from sklearn.linear_model import Ridge

    fitted = Ridge(alpha=len(labels) * penalty).fit(inputs, labels)
    return fitted.predict


def kernel_ridge(inputs: Array, labels: Array, penalty: float, _seed: int) -> Predictor:
    """Kernel ridge regression with a Gaussian kernel as wide as two typical images are apart."""
    from sklearn.kernel_ridge import KernelRidge

    model = KernelRidge(alpha=len(labels) * penalty, kernel="rbf", gamma=0.5 / inputs.shape[1])
    return model.fit(inputs, labels).predict


def network(*hidden: int, iterations: int) -> Learner:
    """A network of rectified linear units, initialised afresh and fitted by L-BFGS.

    Parameters
    ----------
    *hidden : int
        Units of each hidden layer.
    iterations : int
        L-BFGS iterations at most; this many, or scikit-learn's tolerance, is the stopping rule.

    Returns
    -------
    Learner
        Minimises the mean squared error plus ``penalty`` times the sum of squares of all weights:
        scikit-learn's ``MLPRegressor(alpha=n_rows * penalty)``.
    """
    from sklearn.neural_network import MLPRegressor

    def fit(inputs: Array, labels: Array, penalty: float, seed: int) -> Predictor:
        model = MLPRegressor(
            hidden_layer_sizes=hidden,
            alpha=len(labels) * penalty,
            solver="lbfgs",
            max_iter=iterations,
            random_state=seed,
        )
        return model.fit(inputs, labels).predict

    return fit


def scaled(learner: Learner, factor: float) -> Learner:
    """The same learner on labels multiplied by a factor, its predictions divided by it."""

    def fit(inputs: Array, labels: Array, penalty: float, seed: int) -> Predictor:
        model = learner(inputs, factor * labels, penalty, seed)
        return lambda rows: model(rows) / factor

    return fit


def equivalent_penalty(penalty: float, *, factor: float, layers: int) -> float:
    """The penalty that does to labels what ``penalty`` does to them multiplied by ``factor``.

    Parameters
    ----------
    penalty : float
        Penalty per row on all weights, none on the offsets.
    factor : float
        Multiplies the labels.
    layers : int
        Layers of weights: one more than hidden layers; 1 is ridge regression.

    Returns
    -------
    float
        ``penalty * factor ** (2 / layers - 2)``.

    Notes
    -----
    Rectified linear units are homogeneous: with all weights times ``factor ** (1 / layers)`` (and
    the offsets of layer k times ``factor ** (k / layers)``) the output is ``factor`` times as
    large. The squared error then has grown by ``factor ** 2``, the penalty by
    ``factor ** (2 / layers)``.
    A linear model has one layer and does not care; a network shrinks small labels harder.

    Examples
    --------
    >>> from genloss.papers.demystified.figures.network_chain import equivalent_penalty
    >>> equivalent_penalty(0.1, factor=0.5, layers=1), equivalent_penalty(0.1, factor=0.5, layers=2)
    (0.1, 0.2)
    """
    return float(penalty * factor ** (2 / layers - 2))


@dataclass(frozen=True, eq=False)
class Task:
    """Digits as numbers: rows to be labelled, and other rows that are only ever scored."""

    name: str
    inputs: Array
    labels: Array
    scored_inputs: Array
    scored_labels: Array

    def error(self, predictor: Predictor) -> float:
        """Squared error against real labels; a constant scores 1."""
        missed = predictor(self.scored_inputs) - self.scored_labels
        return float(np.mean(missed**2) / np.mean(self.scored_labels**2))

    def spread(self, predictor: Predictor) -> float:
        """Variance of the predictions, in units of that of the real labels."""
        return float(np.var(predictor(self.scored_inputs)) / np.mean(self.scored_labels**2))


def task(images: Images, *, scored: int = 2000) -> Task:
    """Regression of the digit on the image, both centred and scaled by the training images.

    Images of 28 x 28 pixels are averaged over blocks of 4 x 4, which is how those of 8 x 8 in
    scikit-learn were made.
    """
    train, test = _coarse(images.train), _coarse(images.test[:scored])
    centre = train.mean(axis=0)
    scale = np.sqrt(np.mean((train - centre) ** 2))
    mean, deviation = images.train_digits.mean(), images.train_digits.std()
    return Task(
        images.name,
        (train - centre) / scale,
        (images.train_digits - mean) / deviation,
        (test - centre) / scale,
        (images.test_digits[:scored] - mean) / deviation,
    )


def _coarse(pixels: npt.NDArray[np.uint8]) -> Array:
    if pixels.shape[1] != 28 * 28:
        return pixels.astype(np.float64)
    return pixels.reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(len(pixels), -1)


@dataclass(frozen=True, eq=False)
class Draw:
    """All that is random in one run: the order of the rows, the label noise, the seeds of fits.

    Every learner and every setting of a run shares it, so that differences are paired.
    """

    order: npt.NDArray[np.intp]
    normals: Array
    seeds: npt.NDArray[np.int64]

    @classmethod
    def of(cls, seed: Sequence[int], *, n_rows: int, models: int) -> Draw:
        """The draw that belongs to a seed."""
        random = np.random.default_rng(seed)
        return cls(
            random.permutation(n_rows),
            random.standard_normal(n_rows),
            random.integers(2**31, size=models),
        )


def successor(
    learner: Learner,
    task: Task,
    draw: Draw,
    earlier: Sequence[Predictor],
    *,
    n_generator: int,
    n_samples: int,
    penalty: float,
    noise: float,
) -> Predictor:
    """The model after ``earlier`` ones, fitted on rows none of them has seen.

    Parameters
    ----------
    learner : callable
        How it is fitted.
    task : Task
        Rows and real labels.
    draw : Draw
        Order of the rows, noise and seeds.
    earlier : sequence of callable
        The models before it; the last labels its rows. Without any the labels are real.
    n_generator : int
        Rows that each earlier model was fitted on.
    n_samples : int
        Rows of this model: the next in the order.
    penalty, noise : float
        Penalty per row; standard deviation of the label noise, in units of that of the labels.

    Raises
    ------
    InvalidInputError
        If there are not enough rows.
    """
    start = len(earlier) * n_generator
    here = slice(start, start + n_samples)
    if here.stop > len(draw.order):
        raise InvalidInputError(
            f"n_samples was {n_samples} after {start} rows; there are {len(draw.order)} in all"
        )
    inputs = task.inputs[draw.order[here]]
    labels = earlier[-1](inputs) if earlier else task.labels[draw.order[here]]
    seed = int(draw.seeds[len(earlier)])
    return learner(inputs, labels + noise * draw.normals[here], penalty, seed)


def chain(
    learner: Learner,
    task: Task,
    draw: Draw,
    *,
    models: int,
    n_samples: int,
    penalty: float,
    noise: float,
) -> list[Predictor]:
    """Models fitted each on fresh rows, labelled by the one before plus noise; the first on real.

    Parameters
    ----------
    learner, task, draw, n_samples, penalty, noise
        As for `successor`.
    models : int
        Number of models.
    """
    made: list[Predictor] = []
    for _ in range(models):
        made.append(
            successor(
                learner,
                task,
                draw,
                made,
                n_generator=n_samples,
                n_samples=n_samples,
                penalty=penalty,
                noise=noise,
            )
        )
    return made
