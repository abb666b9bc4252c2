"""Kernel ridge regression figures: the circle, images, and the continued spectrum behind them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

import genloss as gl
from genloss.errors import DataError
from genloss.papers import images
from genloss.papers.demystified.figures import circle, continuation, mnist, mnist_chains
from genloss.papers.demystified.figures.continuation import continued
from genloss.papers.effort import Effort

# ---- circle


def test_circle_kernel_is_its_mercer_sum(rng: np.random.Generator) -> None:
    x, z = rng.uniform(-7, 7, 5), rng.uniform(-7, 7, 4)
    j = np.arange(1, 200_001)
    sums = [[2 * np.sum(np.cos(j * (a - b)) / j**2) for b in z] for a in x]
    np.testing.assert_allclose(circle.kernel(x, z), sums, atol=1e-5)  # what is left: 2 / 200,000


def test_circle_target_has_the_energy_of_the_problem() -> None:
    grid = (np.arange(50_000) + 0.5) * 2 * np.pi / 50_000
    values, mercer = circle.target(grid), circle.problem(50)
    j = np.arange(1, 51)
    sines = np.sqrt(2) * np.sin(np.outer(j, grid)) @ values / grid.size
    cosines = np.sqrt(2) * np.cos(np.outer(j, grid)) @ values / grid.size
    pairs = (mercer.spectrum * mercer.truth**2).reshape(-1, 2).sum(axis=1)
    np.testing.assert_allclose(sines**2 + cosines**2, pairs, rtol=1e-3)
    assert np.mean(values**2) == pytest.approx(circle.SIGNAL, rel=1e-6)
    assert circle.problem().signal == pytest.approx(circle.SIGNAL, rel=1e-4)


def test_circle_risk_is_the_integral(rng: np.random.Generator) -> None:
    x, dual = rng.uniform(-7, 7, 6), rng.standard_normal((6, 3))
    grid = (np.arange(50_000) + 0.5) * 2 * np.pi / 50_000
    errors = circle.kernel(grid, x) @ dual - circle.target(grid)[:, None]
    np.testing.assert_allclose(circle.Waves(x, dual).risk(), np.mean(errors**2, axis=0), rtol=1e-6)


@pytest.mark.slow
def test_circle_predictions_hold_for_literal_chains() -> None:
    """Generator penalties 0.1 and 0.01, after 0, 2 and 8 generators."""
    streams = np.random.SeedSequence(1).spawn(50)
    errors = np.array([circle.literal(stream, ((120, 0.02),))[0] for stream in streams])
    mercer = circle.problem(4_000)
    for n, column in itertools.product((0, 2, 8), (0, 1)):
        runs, lam = errors[:, :, column], circle.PENALTIES[column]
        generators = gl.Plan.replace(max(n, 1), 100, penalty=lam, noise=circle.NOISE)
        fit = {"n_samples": 120, "penalty": 0.02, "noise": circle.NOISE}
        plan = generators.then(**fit) if n else gl.Plan.replace(1, 120, penalty=0.02, noise=0.3)
        theory = gl.predict(mercer, plan).risk[-1]
        spread = 4 * runs[:, n].std(ddof=1) / 50**0.5
        assert abs(runs[:, n].mean() - theory) < 0.03 * theory + spread


# ---- the continued spectrum


@pytest.mark.slow
def test_continuation_finds_the_risk_of_a_known_problem(rng: np.random.Generator) -> None:
    """From 600 rows of a power law: the risk with twice as many rows, and after ten generators."""
    known = gl.Problem.power_law(6_000, capacity=1.3, source=0.3)
    rows = rng.standard_normal((600, 6_000)) * np.sqrt(known.spectrum)
    found = continued(rows @ rows.T, rows @ known.truth)
    assert found.exponent == pytest.approx(1.3, abs=0.1)
    first = gl.Plan.replace(1, 1200, penalty=1e-3, noise=0.3)
    late = gl.Plan.replace(10, 300, penalty=1e-3, noise=0.3).then(
        n_samples=1200, penalty=1e-2, noise=0.3
    )
    for plan, tolerance in ((first, 0.15), (late, 0.1)):
        true = gl.predict(known, plan).risk[-1]
        error = gl.predict(found.problem, plan).risk[-1] + found.noise**2
        cut = gl.predict(found.plug_in, plan).risk[-1]
        assert error == pytest.approx(true, rel=tolerance)
        assert abs(cut - true) > abs(error - true)


def test_continuation_needs_rows_and_a_tail() -> None:
    with pytest.raises(DataError, match="at least 80"):
        continued(np.eye(20), np.ones(20))
    rows = np.random.default_rng(0).standard_normal((100, 4))
    with pytest.raises(DataError, match="ends within 10 directions"):
        continued(rows @ rows.T, rows[:, 0])


# ---- images


def _tiny(file: Path, **changed: np.ndarray) -> Path:
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (12, 4, 4), dtype=np.uint8),
        "y_train": np.arange(12) % 10,
        "x_test": rng.integers(0, 256, (5, 4, 4), dtype=np.uint8),
        "y_test": np.arange(5),
    }
    np.savez(file, **(arrays | changed))
    return file


def test_mnist_file_is_read(tmp_path: Path) -> None:
    found = images.load_mnist(_tiny(tmp_path / "tiny.npz"))
    assert (found.name, found.brightest) == ("MNIST", 255)
    assert found.train.shape == (12, 16)
    assert found.test_digits.tolist() == [0, 1, 2, 3, 4]
    with np.load(tmp_path / "tiny.npz") as stored:
        assert np.array_equal(found.test, stored["x_test"].reshape(5, 16))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x_train": np.full((12, 4, 4), 0.5)}, "x_train has other values"),
        ({"x_test": np.zeros((5, 9))}, "must agree"),
        ({"y_train": np.zeros(11)}, "one number for each of the 12"),
        ({"y_test": np.full(5, 11)}, "digits from 0 to 9"),
        ({"x_train": np.zeros(12)}, "must hold numbers"),
    ],
)
def test_mnist_file_with_wrong_arrays(
    tmp_path: Path, changed: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        images.load_mnist(_tiny(tmp_path / "tiny.npz", **changed))


def test_mnist_file_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        images.load_mnist(tmp_path / "absent.npz")
    np.savez(tmp_path / "keys.npz", x_train=np.zeros(2))
    with pytest.raises(DataError, match="no y_train, x_test, y_test"):
        images.load_mnist(tmp_path / "keys.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(DataError, match="one array"):
        images.load_mnist(tmp_path / "one.npy")
    (tmp_path / "text.npz").write_text("nothing")
    with pytest.raises(DataError, match="cannot be read"):
        images.load_mnist(tmp_path / "text.npz")
    with pytest.raises(DataError, match="no such file"):
        mnist.STUDY.run(Effort(quick=True, options={"mnist": str(tmp_path / "absent.npz")}))
    with pytest.raises(DataError, match="has 17 images"):
        mnist.STUDY.run(Effort(quick=True, options={"mnist": str(_tiny(tmp_path / "tiny.npz"))}))


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "home"))
    return tmp_path / "home"


def test_mnist_is_fetched_once_and_kept(data_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(name: str, **_: object) -> tuple[np.ndarray, np.ndarray]:
        asked.append(name)
        return np.arange(7 * 4).reshape(7, 4) % 256, np.array(list("0123456"))

    monkeypatch.setattr(images, "_MNIST_TRAIN", 5)
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    with pytest.raises(DataError, match="--mnist FILE"):
        images.load_mnist(download=False)
    first, second = images.load_mnist(), images.load_mnist(download=False)
    assert asked == ["mnist_784"]
    assert np.array_equal(first.train, second.train)
    assert second.test_digits.tolist() == [5.0, 6.0]
    # what scikit-learn itself has kept counts as kept
    (data_home / "genloss" / "mnist.npz").unlink()
    (data_home / "openml" / "data").mkdir(parents=True)
    (data_home / "openml" / "data" / "52667.gz").touch()
    images.load_mnist(download=False)
    assert len(asked) == 2


def test_digits_stand_in_when_mnist_cannot_be_had(
    data_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(name: str, **_: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    with pytest.raises(DataError, match=r"no network.*--mnist FILE"):
        images.load_mnist()
    for quick, words in ((True, "quick runs do not download"), (False, "could not be downloaded")):
        found, reason = images.load_images(quick=quick)
        assert found.name == "scikit-learn digits"
        assert words in reason


# ---- chains on images


@pytest.fixture
def small(data_home: Path, monkeypatch: pytest.MonkeyPatch) -> mnist_chains.Sizes:
    sizes = mnist_chains.Sizes(15.0, 40, 1e-3, (40, 80), 300, 300, 200, 6)
    monkeypatch.setattr(mnist, "_sizes", lambda *_: sizes)
    monkeypatch.setattr(continuation, "DIRECTIONS", 2000)  # a tenth of the directions and the time
    return sizes


@pytest.mark.slow
def test_small_run_on_digits(small: mnist_chains.Sizes) -> None:
    made = mnist.STUDY.run(Effort(quick=True))
    assert "scikit-learn digits" in made.title
    assert "MNIST is not kept on this machine" in made.caption
    assert "Kernel ridge regression on scikit-learn digits" in made.caption
    assert all("digits" in ax.get_title(loc="left") for ax in made.figure.axes)
    assert len(made.table) == 2 * 4 * 3 * 2
    for row in made.table:
        assert row["data"] == "scikit-learn digits"
        numbers = [row[name] for name in ("penalty", "measured", "stderr", "theory", "plug_in")]
        assert np.isfinite(numbers).all()
        assert row["measured"] > 0
    assert all(np.isfinite([claim.measured, claim.predicted]).all() for claim in made.claims)


@pytest.mark.slow
def test_the_run_on_digits_belongs_to_the_seed_whatever_the_workers(
    small: mnist_chains.Sizes,
) -> None:
    one, two = (mnist.STUDY.run(Effort(quick=True, workers=n)).table for n in (1, 2))
    assert one == two


def test_adaptive_rule_stops_at_the_rows_that_a_chain_is_worth() -> None:
    rule = mnist_chains.Rule(0.5, 1000)
    assert rule("clean", 400, 10) == pytest.approx(0.2 / 20)
    assert rule("adaptive", 400, 10) == pytest.approx(0.2 / 10)
    assert rule("adaptive", 400, 1) == rule("adaptive", 400, 0) == rule("clean", 400, 3)
    assert rule("tiny", 400, 3) == 1e-6


def test_literal_chain_is_kernel_ridge_of_scikit_learn(small: mnist_chains.Sizes) -> None:
    """Without generators and with one block, a run is `KernelRidge` on the same rows and noise."""
    from sklearn.kernel_ridge import KernelRidge

    sizes = mnist_chains.Sizes(15.0, 40, 1e-3, (80,), 300, 300, 200, 6)
    split = mnist_chains.Split.of(images.digits(), sizes, seed=0)
    rule, kernel = mnist_chains.Rule(0.7, 40), sizes.kernels()["polynomial"]
    (stream,) = np.random.SeedSequence(3).spawn(1)
    errors = mnist_chains._literal(stream, kernel, split, sizes, rule)

    rng = np.random.default_rng(stream)
    rows = rng.permutation(split.chain)[: sizes.chain]
    test = rng.permutation(split.test)[: sizes.scored]
    labels, X = split.labels, split.images.astype(np.float64)
    learner = {"kernel": "poly", "degree": 5, "gamma": 1 / 30, "coef0": 0.5}
    given = labels[rows[80:120]]
    models = []
    for block in np.split(rows[80:], 10):
        given = labels[block] if not models else models[-1].predict(X[block])
        noisy = given + 3 * rng.standard_normal(40)
        models.append(KernelRidge(alpha=40 * 1e-3, **learner).fit(X[block], noisy))
    noise = 3 * rng.standard_normal(80)
    down = rows[:80]
    for i, n in enumerate(mnist_chains.GENERATIONS):
        target = labels[down] if n == 0 else models[n - 1].predict(X[down])
        for j, name in enumerate(mnist_chains.RULES):
            model = KernelRidge(alpha=80 * rule(name, 80, n), **learner)
            answer = model.fit(X[down], target + noise).predict(X[test])
            expected = np.mean((answer - labels[test]) ** 2)
            assert errors[i, j, 0] == pytest.approx(expected, rel=1e-5)
