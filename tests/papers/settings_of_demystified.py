"""Problems, settings and literal runs of the founding paper, for tests."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

import genloss as gl
from genloss.papers.demystified import (
    Setting,
)

alter = dataclasses.replace


# --- problems and settings ---------------------------------------------------------------------


def flat(dim, *, eigenvalue=1.0, signal=1.0):
    """An isotropic problem in any units, with an uneven truth."""
    truth = np.arange(1.0, dim + 1)
    truth *= math.sqrt(signal / eigenvalue) / np.linalg.norm(truth)
    return gl.Problem(np.full(dim, eigenvalue), truth)


def power(dim, capacity=1.0, source=0.5):
    return gl.Problem.power_law(dim, capacity=capacity, source=source)


def spiked(dim, top, *, height=100.0, signal_in_tail=1.0):
    """Directions of two kinds; all signal among the smaller ones."""
    tail = np.arange(dim) >= top
    truth = np.sqrt(signal_in_tail / tail.sum()) * tail
    return gl.Problem(np.where(tail, 1.0, height), truth)


def without_signal(problem):
    return gl.Problem(problem.spectrum, np.zeros(problem.dim))


def only(setting, part):
    """The setting with all but one source of error removed."""
    noise = setting.noise if part == "variance" else 0.0
    generator_noise = setting.generator_noise if part == "inherited" else 0.0
    problem = setting.problem if part == "bias" else without_signal(setting.problem)
    return alter(setting, problem=problem, noise=noise, generator_noise=generator_noise)


PARTS = ("bias", "variance", "inherited")


# --- literal runs, which share no code with the package ------------------------------------------


def fit(inputs, labels, penalty):
    """Ridge or minimum-norm coefficients of a stack of data sets."""
    _, rows, dim = inputs.shape
    turned = inputs.transpose(0, 2, 1)
    if rows >= dim:
        gram = turned @ inputs + rows * penalty * np.eye(dim)
        return np.linalg.solve(gram, turned @ labels)
    return turned @ np.linalg.solve(inputs @ turned + rows * penalty * np.eye(rows), labels)


def last_generators(rng, setting, count):
    """Coefficients of the last generator, of shape (count, dim, 1)."""
    root, truth = np.sqrt(setting.problem.spectrum), setting.problem.truth
    weights = np.broadcast_to(truth[:, None], (count, setting.dim, 1))
    inputs = None
    for rows, noise in zip(setting.sizes, setting.noises, strict=True):
        if inputs is None or setting.design == "independent":
            inputs = rng.standard_normal((count, rows, setting.dim)) * root
        labels = inputs @ weights + noise * rng.standard_normal((count, rows, 1))
        weights = fit(inputs, labels, setting.generator_penalty)
    return weights


def errors_of(weights, problem):
    return ((weights[..., 0] - problem.truth) ** 2) @ problem.spectrum


def literal_runs(setting, trials, *, seed):
    """Test errors of ``trials`` chains, every row drawn and every model fitted."""
    rng = np.random.default_rng(seed)
    root = np.sqrt(setting.problem.spectrum)
    found = []
    for start in range(0, trials, 100):
        count = min(100, trials - start)
        weights = last_generators(rng, setting, count)
        inputs = rng.standard_normal((count, setting.n_samples, setting.dim)) * root
        noise = setting.noise * rng.standard_normal((count, setting.n_samples, 1))
        weights = fit(inputs, inputs @ weights + noise, setting.penalty)
        found.append(errors_of(weights, setting.problem))
    return np.concatenate(found)


def parts_given_inputs(problem, n_samples, penalty, *, draws, seed):
    """Bias, variance per noise variance and tr(Sigma^-1 M Sigma M) of ``draws`` designs."""
    rng = np.random.default_rng(seed)
    spectrum, dim = problem.spectrum, problem.dim
    found = []
    for _ in range(draws):
        inputs = rng.standard_normal((n_samples, dim)) * np.sqrt(spectrum)
        covariance = inputs.T @ inputs / n_samples
        shrink = np.linalg.solve(covariance + penalty * np.eye(dim), covariance)
        to_model = np.linalg.solve(covariance + penalty * np.eye(dim), inputs.T / n_samples)
        bias = spectrum @ (shrink @ problem.truth - problem.truth) ** 2
        amplification = (spectrum[:, None] * shrink**2 / spectrum).sum()
        found.append((bias, spectrum @ (to_model**2).sum(axis=1), amplification))
    return np.array(found)


def mean_and_error(values):
    return values.mean(axis=0), values.std(axis=0, ddof=1) / math.sqrt(len(values))


def agree(theory, runs, *, slack=0.0, precision=0.01):
    """|z| < 4, after ``slack`` of relative error; ``precision`` makes an error of 5 % visible."""
    mean, error = mean_and_error(runs)
    assert error < precision * theory, (theory, mean, error)
    assert abs(mean - theory) < 4 * error + slack * theory, (theory, mean, error)


# --- exact formulas against literal runs ---------------------------------------------------------

# few rows to spare, so that T - d in place of T - d - 1 is an error of 5 % or more
LEAST_SQUARES = {
    "real labels": Setting(problem=power(12, 1.3), n_samples=28, noise=0.7),
    "uneven generators": Setting(
        problem=power(12, 1.3),
        n_samples=32,
        noise=0.4,
        generations=3,
        generator_samples=(30, 27, 40),
        generator_noise=(0.3, 0.8, 0.5),
    ),
    "same design": Setting(
        problem=flat(10, eigenvalue=3.0, signal=2.0),
        n_samples=40,
        noise=0.2,
        generations=4,
        generator_samples=26,
        generator_noise=(0.3, 0.0, 0.5, 0.4),
        design="same",
    ),
    "noiseless downstream": Setting(
        problem=power(12, 0.7),
        n_samples=20,
        generations=2,
        generator_samples=28,
        generator_noise=0.6,
    ),
}

MINIMUM_NORM = {
    "real labels": Setting(problem=flat(24, eigenvalue=2.5, signal=1.7), n_samples=12, noise=0.6),
    "uneven generators": Setting(
        problem=flat(24, eigenvalue=0.4, signal=0.5),
        n_samples=10,
        noise=0.3,
        generations=3,
        generator_samples=(40, 36, 60),
        generator_noise=(0.6, 0.4, 0.9),
    ),
    "same design": Setting(
        problem=flat(24, eigenvalue=2.5, signal=0.3),
        n_samples=14,
        noise=0.2,
        generations=4,
        generator_samples=38,
        generator_noise=0.5,
        design="same",
    ),
}

OVERPARAMETRISED = {
    "noiseless": Setting(
        problem=flat(24, eigenvalue=2.0, signal=1.7),
        n_samples=40,
        generations=4,
        generator_samples=18,
    ),
    "noiseless, same design": Setting(
        problem=flat(24, eigenvalue=2.0, signal=1.7),
        n_samples=40,
        generations=4,
        generator_samples=15,
        design="same",
    ),
    "uneven generators": Setting(
        problem=flat(24, eigenvalue=0.5, signal=1.3),
        n_samples=44,
        noise=0.5,
        generations=3,
        generator_samples=(12, 18, 8),
        generator_noise=(0.4, 0.5, 0.9),
    ),
    "noisy, same design": Setting(
        problem=flat(24, eigenvalue=2.0, signal=1.7),
        n_samples=44,
        noise=0.5,
        generations=4,
        generator_samples=14,
        generator_noise=(0.5, 0.4, 0.0, 0.6),
        design="same",
    ),
    "minimum norm downstream": Setting(
        problem=flat(24, eigenvalue=0.5, signal=1.3),
        n_samples=13,
        noise=0.5,
        generations=3,
        generator_samples=(17, 15, 18),
        generator_noise=(0.4, 0.5, 0.6),
    ),
    "minimum norm downstream, same design": Setting(
        problem=flat(24, signal=0.5),
        n_samples=13,
        noise=0.3,
        generations=3,
        generator_samples=16,
        generator_noise=0.5,
        design="same",
    ),
}


# --- deterministic equivalents against literal runs, dim >= 100 -----------------------------------


def asymptotic(**changed):
    base = {
        "problem": power(120, 1.0),
        "n_samples": 200,
        "penalty": 0.02,
        "noise": 0.3,
        "generations": 3,
        "generator_samples": (160, 200, 180),
        "generator_noise": (0.3, 0.2, 0.4),
    }
    return Setting(**(base | changed))


FLAT = flat(120, eigenvalue=2.0, signal=1.7)

RIDGE = {
    "power law": asymptotic(),
    "power law, fewer rows": asymptotic(n_samples=70, penalty=0.05),
    "isotropic": asymptotic(problem=FLAT, penalty=0.6),
    "isotropic, fewer rows": asymptotic(problem=FLAT, n_samples=70, penalty=0.3),
    "isotropic, same design": asymptotic(
        problem=FLAT, penalty=0.6, generator_samples=170, design="same"
    ),
}


OVERPARAMETRISED_RIDGE = {
    "independent": asymptotic(problem=FLAT, penalty=0.5, generator_samples=(60, 80, 50)),
    "same design": asymptotic(problem=FLAT, penalty=0.5, generator_samples=70, design="same"),
    "fewer rows": asymptotic(
        problem=FLAT, n_samples=70, penalty=0.5, generator_samples=(60, 80, 90)
    ),
}


def chained(problem, count, rows, sigma, /, **rest):
    """``count`` generators of ``rows`` rows and label noise ``sigma``, then the model in ``rest``."""
    return Setting(
        problem=problem,
        generations=count,
        generator_samples=rows,
        generator_noise=sigma,
        **rest,
    )
