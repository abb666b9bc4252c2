"""scikit-learn's callbacks (from 1.9 on), as far as there are any: a fit is a task, and every fold of it one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy.typing as npt

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """Nothing to manage."""
        return method


__all__ = ["CallbackSupportMixin", "fitting", "with_callbacks"]

Task = Callable[[str], Any]


@contextmanager
def fitting(estimator: Any, tasks: int, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> Iterator[Task]:
    """A fit of so many tasks: gives ``task(name)``, a context in which one of them is done."""
    if not hasattr(estimator, "_init_callback_context"):
        yield _nothing
        return
    whole = estimator._init_callback_context(max_subtasks=tasks)
    whole.call_on_fit_task_begin(estimator=estimator, X=X, y=y)

    @contextmanager
    def task(name: str) -> Iterator[None]:
        part = whole.subcontext(task_name=name)
        part.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
        yield
        part.call_on_fit_task_end(estimator=estimator, X=X, y=y)

    yield task
    whole.call_on_fit_task_end(estimator=estimator, X=X, y=y)


@contextmanager
def _nothing(name: str) -> Iterator[None]:
    del name
    yield
