"""Text columns of many values, encoded by the target inside every split."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import genloss as gl

PLAN = gl.Plan.replace(3, 60, penalty=1e-3)


def frame(effect: float) -> pd.DataFrame:
    """Rows of 60 shops; a shop moves the target by ``effect`` standard deviations."""
    rng = np.random.default_rng(0)
    shop = rng.integers(60, size=480)
    x = rng.standard_normal(480)
    noise = rng.standard_normal(480)
    y = x + effect * rng.standard_normal(60)[shop] + noise / noise.std()
    return pd.DataFrame({"x": x, "shop": [f"shop {i}" for i in shop], "y": y})


@pytest.mark.slow
def test_an_encoding_tells_what_the_text_tells_and_leaks_nothing():
    told, none = (
        gl.forecast(frame(effect), "y", PLAN, texts="encode", trials=2) for effect in (3.0, 0.0)
    )
    dropped = gl.forecast(frame(3.0), "y", PLAN, trials=2)
    assert told.error[0] < 0.6 * dropped.error[0]
    assert told.measured.risk[0] < 0.6 * dropped.measured.risk[0]
    # labels leaked into the encoding would make errors smaller than the noise, which is 1
    assert none.error[0] > 0.95
    assert none.measured.risk[0] > 0.85
    assert any("encoded 'shop' by the target" in note for note in told.notes)


@pytest.mark.slow
def test_whole_and_streamed_texts_are_the_same_column(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "shops.parquet"
    frame(3.0).to_parquet(path)
    whole = gl.forecast(path, "y", PLAN, texts="encode", trials=2, stream=False)
    streamed = gl.forecast(path, "y", PLAN, texts="encode", trials=2, stream=True)
    assert streamed.error[0] == pytest.approx(whole.error[0], rel=0.15)


def test_unlabelled_rows_and_encoded_texts_are_refused_together():
    with pytest.raises(gl.errors.InvalidInputError, match="unlabelled was given beside encoded"):
        gl.forecast(frame(0.0), "y", PLAN, texts="encode", unlabelled=np.zeros((50, 1)))
