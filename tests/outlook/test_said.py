"""What a forecast says to type, and to how many digits."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

import genloss as gl
from genloss.estimate.kernels import Kernel
from genloss.outlook.ridge import Design
from genloss.report.forecast import print_forecast


@pytest.mark.parametrize("kernel", [Kernel("rbf"), Kernel("polynomial", gamma=0.2, degree=2)])
def test_kernel_ridge_is_written_with_what_it_takes(kernel):
    """The arguments that are printed give scikit-learn's model nearly the package's predictions."""
    from sklearn.kernel_ridge import KernelRidge

    rng = np.random.default_rng(0)
    X, new = rng.standard_normal((2, 80, 4))
    y = np.sin(X[:, 0]) + X[:, 1] + 0.1 * rng.standard_normal(80)
    theirs = eval(
        f"KernelRidge({kernel.arguments(4)}, alpha=80 * 1e-2)", {"KernelRidge": KernelRidge}
    )
    said = theirs.fit(X, y - y.mean()).predict(new) + y.mean()
    ours = Design.of(X, kernel).fit(y[:, None], np.array([1e-2]))(new)[:, 0]
    assert np.std(said - ours) < 0.05 * np.std(ours)


@pytest.mark.slow
def test_kernel_ridge_sentence_and_r2_of_a_target_that_is_nearly_determined():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((120, 3))
    y = X @ [1.0, 2.0, -1.0] + 1e-4 * rng.standard_normal(120)
    outlook = gl.forecast(X, y, gl.Plan.replace(3, 15, penalty=1e-6), trials=2)
    share = outlook.own.error[[0, -1]] / outlook.baseline
    assert share.max() < 1e-5
    out = io.StringIO()
    print_forecast(outlook, Console(file=out, width=200), unit="r2")
    first, last = (
        out.getvalue().replace("\n", " ").split("R2 from ")[1].split(". Check")[0].split(" to ")
    )
    np.testing.assert_allclose(
        1 - np.array([float(first), float(last.rstrip("."))]), share, rtol=0.1
    )
    kernel = gl.forecast(X, y, gl.Plan.replace(3, 15, penalty=0.1), kernel="rbf", trials=2)
    assert "KernelRidge(kernel='rbf', gamma=0.3333, alpha=" in " ".join(kernel.advice.sentences)


@pytest.mark.slow
def test_no_more_rows_than_columns_is_noted():
    rng = np.random.default_rng(2)
    factors = rng.standard_normal((48, 6))
    X = factors @ rng.standard_normal((6, 60)) + 0.1 * rng.standard_normal((48, 60))
    y = factors[:, 0] + 0.3 * rng.standard_normal(48)
    plan = gl.Plan.replace(2, 10, penalty=1e-3)
    wide, tall = (gl.forecast(X[:, :k], y, plan, trials=2).notes for k in (60, 20))
    assert any("no more rows than columns" in note for note in wide)
    assert not any("no more rows than columns" in note for note in tall)
