"""Chains of kernel ridge models on images of digits, run literally and predicted (`paper.md` 7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genloss import _linalg
from genloss.errors import DataError
from genloss.estimate.kernels import Kernel
from genloss.generation import REAL
from genloss.papers.demystified.figures.continuation import Continued, continued
from genloss.papers.effort import Array, Effort
from genloss.papers.images import Images
from genloss.plan import Plan
from genloss.problem import Problem
from genloss.steps import Step, resolve
from genloss.theory.predict import predict
from genloss.trials import loop

Rows = npt.NDArray[np.intp]
Labeler = Callable[[Rows], Array]

NOISE = 3.0  # about the standard deviation of the digits
GENERATIONS = (0, 1, 3, 10)
FACTOR = 0.2  # penalty of the clean rule at one row
TINY = 1e-6
RULES = ("clean", "adaptive", "tiny")
MOST_FITS = 8  # downstream models of one size and run


@dataclass(frozen=True)
class Sizes:
    """How many images play which part."""

    reach: float  # typical squared norm of an image, which sets the kernels' scales
    generator_samples: int  # T_0
    generator_penalty: float  # about a tenth of the clean rule's at T_0
    downstream: tuple[int, ...]  # T, increasing
    seen: int  # from which the theory's spectrum is estimated
    test: int
    scored: int  # test images of one run
    runs: int

    @property
    def chain(self) -> int:
        """Images that one run needs for its fits."""
        return GENERATIONS[-1] * self.generator_samples + self.downstream[-1]

    def kernels(self) -> dict[str, Kernel]:
        """RBF and polynomial kernel."""
        # (x'z / reach + 1)**5 / 2**5
        polynomial = Kernel("polynomial", gamma=0.5 / self.reach, degree=5, coef0=0.5)
        return {"RBF": Kernel("rbf", gamma=1 / self.reach), "polynomial": polynomial}


@dataclass(frozen=True)
class Rule:
    """Penalties of the downstream model, ``FACTOR * rows**-exponent``."""

    exponent: float
    generator_samples: int

    def __call__(self, rule: str, rows: int, generations: int) -> float:
        """Penalty for a model of ``rows`` images behind so many generators."""
        if rule == "tiny":
            return TINY
        if rule == "adaptive" and generations:
            return float(FACTOR * min(rows, self.generator_samples / generations) ** -self.exponent)
        return float(FACTOR * rows**-self.exponent)


@dataclass(frozen=True)
class Panel:
    """Errors of one kernel, each of shape (GENERATIONS, RULES, sizes); ``runs`` per run."""

    rule: Rule
    estimate: Continued
    runs: Array
    theory: Array
    plug_in: Array

    @property
    def measured(self) -> Array:
        """Mean over runs."""
        return np.asarray(self.runs.mean(axis=0))

    @property
    def stderr(self) -> Array:
        """Standard error over runs."""
        return np.asarray(self.runs.std(axis=0, ddof=1) / np.sqrt(len(self.runs)))


@dataclass(frozen=True)
class Split:
    """All images, scaled to [0, 1] and shuffled, with centred labels, and who uses which."""

    images: npt.NDArray[np.float32]
    labels: Array
    seen: Rows
    chain: Rows
    test: Rows

    @classmethod
    def of(cls, images: Images, sizes: Sizes, seed: int) -> Split:
        """Pool both parts of a data set and split them anew."""
        labels = np.concatenate([images.train_digits, images.test_digits])
        needed = sizes.seen + sizes.chain + sizes.test
        if labels.size < needed:
            raise DataError(f"{images.name} has {labels.size} images; the figure needs {needed}")
        most = sizes.seen + sizes.runs * sizes.chain + sizes.test
        order = np.random.default_rng(seed).permutation(labels.size)[:most]
        pixels = np.concatenate([images.train, images.test])[order]
        labels = labels[order] - labels[order[sizes.test :]].mean()
        test, seen, chain = np.split(np.arange(labels.size), [sizes.test, sizes.test + sizes.seen])
        return cls(
            pixels.astype(np.float32) / np.float32(images.brightest), labels, seen, chain, test
        )


def panel(kernel: Kernel, split: Split, sizes: Sizes, effort: Effort) -> Panel:
    """Literal chains of one kernel, and both theories, estimated on other images."""
    gram = kernel(split.images[split.seen], split.images[split.seen])
    target = split.labels[split.seen]
    estimate = continued(gram, target)
    rule = Rule(clean_exponent(estimate.plug_in), sizes.generator_samples)
    runs = effort.each(sizes.runs, lambda stream: _literal(stream, kernel, split, sizes, rule))
    return Panel(
        rule=rule,
        estimate=estimate,
        runs=np.stack(runs),
        theory=_theory(estimate.problem, estimate.noise, sizes, rule),
        plug_in=_theory(estimate.plug_in, 0.0, sizes, rule),
    )


def clean_exponent(sample: Problem) -> float:
    """Best exponent of the penalty on real labels, ``beta / (2 beta r + 1)`` (`paper.md` 6).

    beta and 2 beta r are fitted to ranks between 1/150 and 2/15 of the sample's size: to the
    eigenvalues, which fall, and to the energy beyond a rank.

    Examples
    --------
    >>> import genloss as gl
    >>> from genloss.papers.demystified.figures.mnist_chains import clean_exponent
    >>> round(clean_exponent(gl.Problem.power_law(30_000, capacity=1.5, source=0.5)), 1)
    0.6
    """
    first, last = max(sample.dim // 150, 3), sample.dim * 2 // 15
    rank = np.log(np.arange(first, last))
    energy = np.cumsum((sample.spectrum * sample.truth**2)[::-1])[::-1]
    decay, left = (
        -float(np.polyfit(rank, np.log(values[first:last]), 1)[0])
        for values in (sample.spectrum, energy)
    )
    return decay / (left + 1)


def _theory(problem: Problem, unlearnable: float, sizes: Sizes, rule: Rule) -> Array:
    """Predicted errors on clean labels, of which ``unlearnable`` is noise to any kernel model."""
    found = np.empty((len(GENERATIONS), len(RULES), len(sizes.downstream)))
    real = float(np.hypot(NOISE, unlearnable))
    for at in np.ndindex(found.shape):
        n, name, rows = GENERATIONS[at[0]], RULES[at[1]], sizes.downstream[at[2]]
        plan = Plan.replace(
            n + 1,
            [sizes.generator_samples] * n + [rows],
            penalty=[sizes.generator_penalty] * n + [rule(name, rows, n)],
            noise=[real] + [NOISE] * n,
        )
        found[at] = predict(problem, plan).risk[-1] + unlearnable**2
    return found


def _literal(
    stream: np.random.SeedSequence, kernel: Kernel, split: Split, sizes: Sizes, rule: Rule
) -> Array:
    """Errors of one run, (GENERATIONS, RULES, sizes); small models are fitted several times."""
    rng = np.random.default_rng(stream)
    rows = rng.permutation(split.chain)[: sizes.chain]
    test = rng.permutation(split.test)[: sizes.scored]
    down = rows[: sizes.downstream[-1]]
    labels = _labels(kernel, split, sizes, down, rows[down.size :], rng)
    labels += NOISE * rng.standard_normal((down.size, 1))
    inputs = split.images[down]
    gram, outward = kernel(inputs, inputs), kernel(split.images[test], inputs)
    errors = np.empty((len(GENERATIONS), len(RULES), len(sizes.downstream)))
    for column, size in enumerate(sizes.downstream):
        blocks = [slice(first, first + size) for first in range(0, down.size - size + 1, size)]
        fits = [
            _downstream(gram[b, b], outward[:, b], labels[b], split.labels[test], rule)
            for b in blocks[:MOST_FITS]
        ]
        errors[:, :, column] = np.mean(fits, axis=0)
    return errors


def _labels(
    kernel: Kernel,
    split: Split,
    sizes: Sizes,
    down: Rows,
    rows: Rows,
    rng: np.random.Generator,
) -> Array:
    """Labels of the downstream images by every labeler of GENERATIONS, without their noise."""
    blocks = np.split(rows, GENERATIONS[-1])
    plan = Plan.replace(
        len(blocks), sizes.generator_samples, penalty=sizes.generator_penalty, noise=NOISE
    )

    def real(rows: Rows) -> Array:
        return split.labels[rows, None]

    def learn(step: Step, given: loop.Rows, _towards: Labeler | None) -> Labeler:
        inputs = split.images[given.X]
        dual = _ridge(kernel(inputs, inputs), given.y, step.penalty)
        return lambda rows: kernel(split.images[rows], inputs) @ dual

    world = loop.Plain(rng, lambda step: blocks[step.model])
    made = [real, *loop.models(resolve(plan), world, learn, {REAL: real})]
    return np.concatenate([made[n](down) for n in GENERATIONS], axis=1)


def _downstream(gram: Array, outward: Array, labels: Array, truth: Array, rule: Rule) -> Array:
    """Errors of one downstream model for every labeler and rule, shape (GENERATIONS, RULES)."""
    errors = np.empty((len(GENERATIONS), len(RULES)))
    for penalty, places in _by_penalty(rule, len(gram)):
        dual = _ridge(gram, labels[:, [labeler for labeler, _ in places]], penalty)
        squares = (outward @ dual - truth[:, None]) ** 2
        for place, error in zip(places, squares.mean(axis=0), strict=True):
            errors[place] = error
    return errors


def _by_penalty(rule: Rule, rows: int) -> Iterator[tuple[float, list[tuple[int, int]]]]:
    """Different penalties, and the labelers and rules they serve."""
    places: dict[float, list[tuple[int, int]]] = defaultdict(list)
    for labeler, n in enumerate(GENERATIONS):
        for number, name in enumerate(RULES):
            places[rule(name, rows, n)].append((labeler, number))
    yield from places.items()


def _ridge(gram: Array, labels: Array, penalty: float) -> Array:
    """Coefficients of the rows in kernel ridge regression without intercept."""
    matrix = gram.copy()
    matrix.flat[:: len(gram) + 1] += len(gram) * penalty
    factor = _linalg.cholesky(matrix)
    assert factor is not None, "the penalty keeps the matrix positive"
    return np.asarray(_linalg.solve(factor, labels))
