"""Tables that are brought: counted, read in a process of their own, answered under their names."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import anyio
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from starlette.testclient import TestClient

import genloss as gl
from genloss.app import data
from genloss.app.guard import REPORT_POLICY, Door
from genloss.app.jobs import Work
from genloss.app.site import site
from genloss.app.uploads import KEPT, Shelf

HOME = "http://127.0.0.1:8765"
RAW = {"content-type": "application/octet-stream"}
OPTIONS = {"model": "linear", "missing": "error", "target": "y", "classes": None}


@pytest.fixture
def shelf():
    return Shelf(largest=200_000)


@pytest.fixture
def client(shelf):
    with TestClient(site(Door("127.0.0.1", 8765), shelf), base_url=HOME) as client:
        yield client


def folder(shelf):
    """Files of a shelf."""
    return sorted(Path(shelf._folder.name).iterdir())


def csv(rows=120, shift=0.0):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, 3))
    y = X.sum(axis=1) + shift * X[:, 0] + rng.normal(size=rows)
    lines = [
        f"{a:.4f},{'red' if b > 0 else 'blue'},{c:.4f},2024-01-{1 + k % 28:02},{t:.4f}"
        for k, ((a, b, c), t) in enumerate(zip(X, y, strict=True))
    ]
    return "a,colour,c,day,y\n" + "\n".join(lines)


def bring(client, content, name="houses.csv", **headers):
    return client.post(
        "/upload", params={"name": name}, content=content, headers={**RAW, **headers}
    )


def table(tmp_path, content=None, name="houses.csv"):
    path = tmp_path / "0123456789abcdef.csv"
    path.write_text(csv() if content is None else content)
    return {"path": str(path), "name": name}


def test_a_preview_says_what_is_in_the_table(tmp_path):
    told = data.preview({"tables": [table(tmp_path)]}, lambda *_: None)
    assert (told["name"], told["rows"], told["more"]) == ("houses.csv", 120, 0)
    kinds = {column["name"]: column["kind"] for column in told["columns"]}
    assert kinds == {"a": "number", "colour": "text", "c": "number", "day": "date", "y": "number"}
    first = {column["name"]: column["first"] for column in told["columns"]}
    assert first["day"][:2] == ["2024-01-01", "2024-01-02"]
    assert set(first["colour"]) == {"red", "blue"}
    assert {len(values) for values in first.values()} == {8}


def test_missing_cells_are_counted(tmp_path):
    told = data.preview({"tables": [table(tmp_path, "a,b\n1,x\n,NA\n3,y\n")]}, lambda *_: None)
    assert [column["missing"] for column in told["columns"]] == [1, 1]
    assert [column["first"][1] for column in told["columns"]] == ["", ""]


def test_a_complaint_names_the_table_as_its_owner_does(tmp_path):
    with pytest.raises(gl.GenlossError) as raised:
        data.preview({"tables": [table(tmp_path, "a,b\n1,2,3\n4,5\n")]}, lambda *_: None)
    assert "houses.csv" in str(raised.value)
    assert "0123456789abcdef" not in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


@pytest.mark.slow
def test_a_forecast_is_that_of_the_verb(tmp_path):
    told, where = [], table(tmp_path, name="<b>houses</b>.csv")
    plan = {"generations": 3, "n_samples": None, "noise": 0.2, "penalty": None, "real": None}
    query = {**OPTIONS, **plan, "log": False}
    said = data.forecast({**query, "tables": [where]}, lambda *event: told.append(event))
    found = gl.forecast(where["path"], "y", generations=3, noise=0.2)
    assert said["answer"] == found.advice.sentences[0]
    assert "&lt;b&gt;houses&lt;/b&gt;.csv" in said["report"]
    assert "<b>houses</b>" not in said["report"]
    assert "0123456789abcdef" not in said["report"] + said["markdown"] + str(told)
    assert [name for name, _ in told] == ["step"] * len(told)
    assert told[0][1] == "reading the table"
    assert told[-1][1] == "writing the report"
    assert len(told) > 3


@pytest.mark.slow
def test_two_tables_are_weighed(client):
    keys = [bring(client, csv(60)).json()["key"], bring(client, csv(200, 0.2)).json()["key"]]
    query = {**OPTIONS, "tables": keys, "made_from": "elsewhere"}
    told = client.get("/run/weigh", params={"q": json.dumps(query)}).text
    assert "event: failed" not in told
    said = json.loads(told.rsplit("data: ", 1)[1])
    page = client.get(said["address"])
    assert page.headers["content-security-policy"] == REPORT_POLICY
    assert said["answer"] in page.text
    assert "script" not in REPORT_POLICY


@pytest.mark.slow
def test_uploads_are_kept_under_names_of_the_server(client, shelf):
    for name in ("../../etc/cron.d/x.csv", "/etc/passwd", "a\0b.csv", "con.csv", "x" * 5000):
        assert bring(client, csv(20), name).json()["rows"] == 20
    names = [path.name for path in folder(shelf)]
    assert all(len(name) == 36 and name.endswith(".csv") for name in names)
    for _ in range(KEPT):
        bring(client, csv(20))
    assert len(folder(shelf)) == KEPT


@pytest.mark.slow
def test_what_is_no_table_is_refused_and_gone(client, shelf):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (Path(shelf._folder.name) / "unpickled",))

    array = np.array([Evil()], dtype=object)
    pickled = Path(shelf._folder.name) / "array.npy"
    np.save(pickled, array, allow_pickle=True)
    for content, name in (
        (pickle.dumps(Evil()), "table.csv"),
        (pickled.read_bytes(), "table.npy"),
        (b"PAR1" + bytes(range(256)) * 4, "table.parquet"),
        (b"\x00\xff\xfe" * 100, "table.csv"),
        (b"PK\x03\x04" + b"0" * 100, "table.xlsx"),
    ):
        answer = bring(client, content, name)
        assert answer.json().keys() == {"error"}, name
        assert shelf._folder.name not in answer.json()["error"]
    pickled.unlink()
    assert folder(shelf) == []


def test_too_many_bytes_are_refused_while_they_come(client, shelf):
    read = []

    def parts():
        for k in range(1000):
            read.append(k)
            yield b"1,2\n" * 1000

    assert bring(client, parts()).status_code == 413
    assert folder(shelf) == []
    assert bring(client, b"").status_code == 413


def test_a_form_of_another_site_cannot_bring_a_table(client):
    assert bring(client, csv(), **{"content-type": "text/plain"}).status_code == 415
    assert bring(client, csv(), origin="http://evil.example").status_code == 403


@pytest.mark.parametrize(
    "tables", [None, "x", [{"path": "/etc/passwd", "name": "x"}], ["../../etc/passwd"], [1]]
)
def test_a_question_names_no_file(client, tables):
    query = {**OPTIONS, "tables": tables, "made_from": "unknown"}
    told = client.get("/run/weigh", params={"q": json.dumps(query)}).text
    assert told.startswith("event: failed")
    assert "root:" not in told


def test_the_folder_goes_with_the_server(shelf):
    with TestClient(site(Door("127.0.0.1", 8765), shelf), base_url=HOME):
        assert Path(shelf._folder.name).is_dir()
    assert not Path(shelf._folder.name).exists()


@pytest.mark.slow
def test_a_small_file_of_endless_rows_does_not_take_the_memory(tmp_path):
    path = tmp_path / "0123.parquet"
    part = pyarrow.table({name: np.zeros(2_000_000) for name in "abcd"})
    with pyarrow.parquet.ParquetWriter(path, part.schema) as file:
        for _ in range(8):
            file.write_table(part)
    assert path.stat().st_size < 2_000_000  # and half a GB to read
    query = {"tables": [{"path": str(path), "name": "zeros.parquet"}]}

    async def last():
        work = Work("genloss.app.data:preview", query, 2**28)
        return [event async for event in work.events(300.0)][-1]

    name, why = anyio.run(last)
    assert name == "failed"
    ended = "its process ended before it was done: memory may have run out"  # by a library
    assert "zeros.parquet does not fit into memory" in why or why == ended
