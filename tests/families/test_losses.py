"""Laws of every loss: slope and curvature are derivatives, it is convex, its envelope a minimum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloss import losses
from genloss.errors import InvalidInputError

EVERY = [losses.find("loss", kind) for kind in sorted(losses.Loss.members) if kind != "huber"]
EVERY = [loss for loss in EVERY if not loss.columns]
EVERY += [losses.Huber(0.7)]
VALUES = st.floats(-30, 30)


def _label(loss: losses.Loss, y: float) -> float:
    """A label that the loss is for."""
    if "numbers" in loss.labels:
        return y
    return float(np.tanh(y)) if "chances" in loss.labels else float(np.copysign(1.0, y))


@pytest.mark.parametrize("loss", EVERY, ids=str)
@given(y=VALUES, z=VALUES, far=st.floats(-5, 5), gamma=st.floats(1e-3, 1e3))
def test_every_loss_keeps_its_laws(loss, y, z, far, gamma):
    y = np.array(_label(loss, y))
    z = np.array(z)
    other = z + far
    slope = loss.slope(y, z)
    # convex: above each of its tangents
    assert loss.value(y, other) >= loss.value(y, z) + slope * far - 1e-9 * (1 + abs(slope * far))
    # the slope is between the difference quotients on both sides, which convexity orders
    step = 1e-5
    left = (loss.value(y, z) - loss.value(y, z - step)) / step
    right = (loss.value(y, z + step) - loss.value(y, z)) / step
    assert left - 1e-6 <= slope <= right + 1e-6
    assert loss.curvature(y, z) >= 0
    if loss.smooth:
        bends = [loss.curvature(y, z + k * step) for k in (-1, 0, 1)]
        quotient = (loss.slope(y, z + step) - loss.slope(y, z - step)) / (2 * step)
        assert min(bends) - 1e-5 <= quotient <= max(bends) + 1e-5
    # the proximal point minimises: nothing near it is better
    pull, change = loss.envelope(y, z, gamma)
    p = z - gamma * pull

    def raised(at):
        return loss.value(y, at) + (at - z) ** 2 / (2 * gamma)

    least = raised(p)
    for away in (-0.1, -1e-3, 1e-3, 0.1):
        assert raised(p + away) >= least - 1e-10 * (1 + abs(least))
    # and the envelope's slope moves as it says, between its values on both sides of a bend
    near = [loss.envelope(y, z + k * step, gamma) for k in (-1, 1)]
    quotient = (near[1][0] - near[0][0]) / (2 * step)
    around = [change, near[0][1], near[1][1]]
    assert min(around) - 1e-4 * (1 + max(around)) <= quotient <= max(around) * (1 + 1e-4) + 1e-4


@pytest.mark.parametrize("loss", EVERY, ids=str)
def test_an_envelope_bends_at_its_edges_alone(loss):
    y, gamma = np.array([1.0]), 0.8
    edges = np.sort(loss.edges(y, gamma))
    for low, high in zip([-20.0, *edges], [*edges, 20.0], strict=True):
        z = np.linspace(low, high, 2001)[1:-1]
        jumps = np.abs(np.diff(loss.envelope(y, z, gamma)[1]))
        assert jumps.max(initial=0.0) < 0.02


def test_losses_are_found_by_name_table_and_value():
    huber = losses.Huber(0.5)
    assert losses.find("loss", huber) is huber
    for loss in EVERY:
        assert losses.find("loss", loss.to_dict()) == loss
    assert losses.Logistic().to_dict() == "logistic"
    assert huber.to_dict() == {"kind": "huber", "delta": 0.5}
    with pytest.raises(InvalidInputError, match="did you mean 'logistic'"):
        losses.find("loss", "logistc")
    with pytest.raises(InvalidInputError, match="loss lacks 'delta'"):
        losses.find("loss", "huber")
    with pytest.raises(InvalidInputError, match="delta was -1; it must be > 0"):
        losses.Huber(-1)
    with pytest.raises(InvalidInputError, match="unknown key 'delt'"):
        losses.find("loss", {"kind": "huber", "delt": 1})
