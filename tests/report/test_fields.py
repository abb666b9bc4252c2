"""Numbers over a grid as colours."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from genloss import plots


@pytest.mark.parametrize(
    ("places", "scale"),
    [
        (np.geomspace(1e-4, 1, 7), "log"),
        (np.geomspace(100, 3000, 24).astype(int), "log"),
        (np.linspace(100, 300, 9).astype(int), "linear"),
        (np.linspace(0, 1, 5), "linear"),
    ],
)
def test_an_axis_is_logarithmic_where_its_places_are_spaced_so(places, scale):
    figure, ax = plt.subplots()
    plots.field(ax, places, np.array([1.0, 2.0]), np.ones((2, places.size)), label="risk")
    assert (ax.get_xscale(), ax.get_yscale()) == (scale, "linear")
    plt.close(figure)
