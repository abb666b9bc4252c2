"""Entries that share few matrices: as the whole matrix that they make."""

import numpy as np
import pytest

from genloss.pencils.few import Few

N, WIDTH = 4, 60


def made(rng):
    """Entries below the diagonal, and the matrix of all of them."""
    few, whole = Few(N, WIDTH), np.zeros((N, WIDTH, N, WIDTH))
    root = rng.standard_normal((WIDTH, WIDTH))
    shared = [2.0, rng.uniform(1, 2, WIDTH), root @ root.T / WIDTH]
    for row in range(N):
        for column in range(row + 1):
            for value in shared if row == column else shared[1:]:
                by = rng.standard_normal()
                few.add(row, column, value, by)
                matrix = value if np.ndim(value) == 2 else np.diag(np.broadcast_to(value, WIDTH))
                whole[row, :, column] += by * matrix
    return few, whole


def test_products_and_sizes_are_those_of_the_whole():
    rng = np.random.default_rng(1)
    few, whole = made(rng)
    flat = whole.reshape(N * WIDTH, N * WIDTH)
    G = rng.standard_normal((2 * WIDTH, 7))
    np.testing.assert_allclose(
        few.behind(slice(3, 4), slice(1, 3), G), flat[3 * WIDTH :, WIDTH : 3 * WIDTH] @ G
    )
    np.testing.assert_allclose(few.sizes() ** 2, (whole**2).sum(axis=(1, 3)) / WIDTH)
    inverse = np.linalg.inv(flat)
    size, away = few.against(inverse)
    assert away.max() < 1e-9
    exact = np.sqrt((inverse.reshape(whole.shape) ** 2).sum(axis=(1, 3)) / WIDTH)
    np.testing.assert_allclose(size, exact, rtol=0.5, atol=1e-12)


@pytest.mark.parametrize("share", [1e-6, 1e-3])
def test_random_signs_see_what_is_missing_of_an_inverse(share):
    rng = np.random.default_rng(2)
    few, whole = made(rng)
    flat = whole.reshape(N * WIDTH, N * WIDTH)
    off = np.linalg.inv(flat)
    off[2 * WIDTH : 3 * WIDTH, :WIDTH] += share * rng.standard_normal((WIDTH, WIDTH))
    missed = (flat @ off - np.eye(len(off))).reshape(whole.shape)
    exact = np.sqrt((missed**2).sum(axis=(1, 3)) / WIDTH)
    seen = few.against(off)[1]
    assert seen[2, 0] == pytest.approx(exact[2, 0], rel=0.3)
    assert seen[3, 0] == pytest.approx(exact[3, 0], rel=0.3)
