"""Arrays of a sweep: coordinates, files, blocks."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import genloss as gl
from genloss.errors import InvalidInputError
from genloss.sweeps import export, sweep
from genloss.sweeps.blocks import Blocks, best_size, seconds_per_point
from genloss.sweeps.design import Sweep
from genloss.sweeps.fields import coordinate_names

ISOTROPIC = {"preset": "isotropic", "dim": 12}
REPLACE = {"preset": "replace", "generations": 3, "n_samples": 40, "noise": 0.5}


def serial(*arguments, **options):
    return sweep(*arguments, **({"cluster": "serial"} | options))


def test_coordinates_have_units_and_the_dataset_its_provenance(tmp_path):
    grid = {
        "plan.penalty": [0.1],
        "plan.generations[-1].noise": [0.1, 0.2],
        "plan.design": ["fresh", "same"],
    }
    plan = {"preset": "mix_labels", "generations": 2, "n_samples": 40, "real": 0.5}
    results = serial(ISOTROPIC, plan, grid, store=tmp_path / "s", seed=7)
    assert results.penalty.attrs == {
        "long_name": "ridge penalty", "units": "(input unit)^2", "field": "plan.penalty"
    }  # fmt: skip
    assert results.generations_last_noise.attrs["units"] == "label unit"
    assert results.generations_last_noise.attrs["long_name"].endswith("of generation -1")
    assert results.design.values.tolist() == ["fresh", "same"]
    assert results.risk.attrs["units"] == "(label unit)^2"
    attributes = results.attrs
    assert attributes["genloss_version"] == gl.__version__
    assert attributes["seed"] == 7
    assert json.loads(attributes["plan"]) == plan
    what = Sweep.of(ISOTROPIC, plan, grid, seed=7)
    assert attributes["sweep_hash"] == what.hash
    assert attributes["plan_hash"] == what.parts["plan"]
    assert Sweep.of(ISOTROPIC, plan, grid, seed=8).hash != what.hash
    assert Sweep.of(ISOTROPIC, plan, grid, seed=8).parts["plan"] == what.parts["plan"]


def test_names_of_coordinates():
    paths = ["plan.noise", "problem.noise", "plan.generations[2].noise", "plan.model", "problem"]
    assert coordinate_names(paths) == (
        "plan_noise", "problem_noise", "generations_2_noise", "plan_model", "problem"
    )  # fmt: skip


@pytest.fixture(scope="module")
def ragged(tmp_path_factory):
    grid = {"plan.generations": [1, 3], "plan.penalty": [0.0, 0.1]}
    return serial(
        ISOTROPIC, REPLACE, grid, trials=4, store=tmp_path_factory.mktemp("ragged") / "s.zarr"
    )


@pytest.mark.slow
def test_netcdf_holds_the_same_arrays(ragged, tmp_path):
    export(ragged, tmp_path / "r.nc")
    with xr.open_dataset(tmp_path / "r.nc", engine="h5netcdf") as back:
        assert back.attrs == ragged.attrs
        assert set(back.variables) == set(ragged.variables)
        for name in ragged.variables:
            assert back[name].dims == ragged[name].dims
            np.testing.assert_array_equal(
                back[name].values.astype(ragged[name].dtype), ragged[name].values
            )
    assert [path.name for path in tmp_path.iterdir()] == ["r.nc"]


def test_zarr_holds_the_same_arrays(ragged, tmp_path):
    for _ in range(2):  # the second replaces the first
        export(ragged, tmp_path / "r.zarr")
        back = xr.open_zarr(tmp_path / "r.zarr", chunks=None, consolidated=False)
        xr.testing.assert_identical(back.load(), ragged)
    assert [path.name for path in tmp_path.iterdir()] == ["r.zarr"]
    (tmp_path / "mine.zarr").mkdir()
    with pytest.raises(InvalidInputError, match="something else is there"):
        export(ragged, tmp_path / "mine.zarr")


def test_parquet_holds_a_row_per_model(ragged, tmp_path):
    import pandas as pd

    export(ragged, tmp_path / "r.parquet")
    table = pd.read_parquet(tmp_path / "r.parquet")
    assert len(table) == 2 * 2 * (1 + 3)  # penalties, routes, models
    row = table.query("generations == 3 and penalty == 0.1 and route == 'theory' and model == 2")
    assert row.risk.item() == float(
        ragged.risk.sel(generations=3, penalty=0.1, route="theory", model=2)
    )
    assert table.risk.notna().all()
    assert table.attrs["sweep_hash"] == ragged.attrs["sweep_hash"]


def test_an_export_that_cannot_be_written(ragged, tmp_path):
    with pytest.raises(InvalidInputError, match=r"must end in .nc, .parquet or .zarr"):
        export(ragged, tmp_path / "r.csv")
    with pytest.raises(InvalidInputError, match="its folder does not exist"):
        export(ragged, tmp_path / "no" / "r.nc")
    with pytest.raises(InvalidInputError, match="export was 3; it must be a path"):
        export(ragged, 3)
    with pytest.raises(InvalidInputError, match="dataset was dict; it must be what sweep returned"):
        export({}, tmp_path / "r.nc")
    assert not list(tmp_path.iterdir())


@given(
    shape=st.lists(st.integers(1, 12), min_size=1, max_size=4).map(tuple),
    size=st.integers(1, 500),
)
def test_blocks_cover_every_point_once(shape, size):
    blocks = Blocks.of_size(shape, size)
    covered = np.zeros(shape, int)
    for block in range(len(blocks)):
        covered[blocks.region(block)] += 1
        assert covered[blocks.region(block)].size == blocks.n_points(block) <= max(size, 1)
        corner = [i * piece for i, piece in zip(blocks.place(block), blocks.chunk, strict=True)]
        assert [part.start for part in blocks.region(block)] == corner
    assert (covered == 1).all()
    if size >= np.prod(shape):
        assert len(blocks) == 1


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    size=st.integers(1, 60),
    trials=st.sampled_from([0, 4]),
)
def test_a_part_has_the_points_of_its_block(lengths, size, trials):
    paths = ("plan.penalty", "plan.noise", "problem.signal")
    grid = {path: list(range(1, n + 1)) for path, n in zip(paths, lengths, strict=False)}
    what = Sweep.of(ISOTROPIC, REPLACE, grid, trials=trials, seed=3)
    blocks = Blocks.of_size(what.shape, size)
    numbers = np.arange(np.prod(what.shape)).reshape(what.shape)
    for block in range(len(blocks)):
        region = blocks.region(block)
        expected = [what.point(int(number)) for number in numbers[region].flat]
        assert what.part(region).points() == expected


@given(
    shape=st.lists(st.integers(1, 40), min_size=1, max_size=4).map(tuple),
    size=st.integers(1, 5000),
)
def test_blocks_are_not_rounded_to_less_than_is_worth_sending(shape, size):
    blocks = Blocks.lasting(shape, size)
    size = min(size, int(np.prod(shape)))
    assert size <= np.prod(blocks.chunk) <= max(2 * size - 1, 1)


def test_blocks_are_long_enough_and_not_too_long():
    assert best_size(1e-3, 10**6, 2, 10) * 1e-3 == pytest.approx(10**6 * 1e-3 / 64)
    assert best_size(1e-3, 10**8, 2, 10) * 1e-3 == pytest.approx(30)
    assert best_size(1e-3, 100, 2, 10) == 100
    assert best_size(1e-6, 10**7, 1, 10**6) == 2


def test_the_cost_of_a_point_is_measured_on_as_few_as_it_takes():
    asked = []

    def measure(numbers, each=0.03):
        asked.append(numbers)
        return each * len(numbers)

    assert seconds_per_point(measure, 1000) == pytest.approx(0.03)
    assert [len(numbers) for numbers in asked] == [1, 1, 2, 4, 8]
    assert asked[2] == [0, 999]
    assert seconds_per_point(lambda numbers: measure(numbers, 1e-9), 7) == pytest.approx(1e-9)
    asked.clear()
    together = seconds_per_point(lambda numbers: 0.21 + measure(numbers, 1e-3), 10**6)
    assert [len(numbers) for numbers in asked][-1] == 1024  # a second of it
    assert together == pytest.approx(1e-3 + 0.21 / 1024)
    asked.clear()
    assert seconds_per_point(lambda numbers: measure(numbers, 9.0), 10**6) == 9.0
    assert asked == [[0]]
