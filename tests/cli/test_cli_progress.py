"""Those who wait see how far it is, also where no terminal shows a bar."""

from __future__ import annotations

import time

from genloss._progress import progress_bar


def test_a_pipe_gets_a_line_now_and_then(monkeypatch, capsys):
    seconds = iter([0, 4, 11, 15, 27, 40])  # the start, then every advance
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
    with progress_bar("sweeping", 2000) as advance:
        for _ in range(5):
            advance(400)
    assert capsys.readouterr().err.splitlines() == [
        "genloss: sweeping, 800 of 2,000 (40%) after 11 s",
        "genloss: sweeping, 1,600 of 2,000 (80%) after 27 s",
    ]
