"""Leave-one-out of the forecast's engine where a row is alone in a direction."""

from __future__ import annotations

import numpy as np

from genloss.outlook.ridge import Design


def test_no_penalty_is_not_best_because_a_row_decides_its_own_fit():
    """Penalty 0 is the limit of small ones, also for the one row of a rare category."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.standard_normal((50, 3)), np.arange(50) == 7])
    y = X[:, 0] + rng.standard_normal(50)
    y[7] += 30
    losses = Design.of(X, None).left_out(y, np.array([0.0, 1e-9, 1e-6])) ** 2
    np.testing.assert_allclose(losses[:, 0], losses[:, 1], rtol=1e-5)
    others = np.delete(np.arange(50), 7)
    alone = Design.of(X[others], None).fit(y[others, None], np.zeros(1))(X[7:8])[0, 0]
    np.testing.assert_allclose(losses[7, 0], (y[7] - alone) ** 2, rtol=1e-9)
