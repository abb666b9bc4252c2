"""LAPACK without the interpreter lock, so that two threads solve twice as much.

SciPy's wrappers hold the lock while they compute. The functions themselves are reached through the
pointers that SciPy offers to compiled code (`scipy.linalg.cython_lapack`), and `ctypes` gives the lock
up around a call. Where the pointers are not what they should be the wrappers do.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def factorise(matrix: npt.NDArray[Any]) -> int:
    """Cholesky factor of a C-ordered matrix in its place: upper triangle, ``R`` of ``R'R``.

    Of double or single precision; what is below the diagonal is not looked at. Returns LAPACK's code:
    zero, or the order of the minor that is not positive.
    """
    name = f"{_precision(matrix)}potrf"
    call = _function(name, 5)
    if call is None:
        factor, failed = _wrapper(name)(matrix.T, lower=1, clean=0, overwrite_a=1)
        matrix.T[...] = factor
        return int(failed)
    n, info = _number(len(matrix)), ctypes.c_int()
    call(_LOWER, n, _address(matrix), n, ctypes.byref(info))
    return info.value


def substitute(factor: npt.NDArray[Any], rights: npt.NDArray[Any]) -> None:
    """Solve with ``R'R`` in the place of ``rights``, of shape (k, n): one right side a row."""
    name = f"{_precision(factor)}potrs"
    call = _function(name, 8)
    if call is None:
        rights[...] = _wrapper(name)(factor.T, rights.T, lower=1)[0].T
        return
    n, many, info = _number(len(factor)), _number(len(rights)), ctypes.c_int()
    call(_LOWER, n, many, _address(factor), n, _address(rights), n, ctypes.byref(info))


def solve_each(matrices: Array, rights: Array) -> npt.NDArray[np.bool_]:
    """Factorise C-ordered matrices (k, n, n) and solve (k, n) in place; where that was possible."""
    call = _function("dposv", 8)
    fine = np.zeros(len(matrices), dtype=bool)
    if call is None:
        for k, (matrix, right) in enumerate(zip(matrices, rights, strict=True)):
            fine[k] = factorise(matrix) == 0
            if fine[k]:
                substitute(matrix, right[None])
        return fine
    n, one, info = _number(rights.shape[1]), _number(1), ctypes.c_int()
    failed, matrix, right = ctypes.byref(info), _address(matrices), _address(rights)
    for k in range(len(matrices)):
        call(_LOWER, n, one, matrix, n, right, n, failed)
        fine[k] = info.value == 0
        matrix, right = matrix + matrices.strides[0], right + rights.strides[0]
    return fine


_LOWER = ctypes.byref(ctypes.c_char(b"L"))  # of a C-ordered matrix the upper triangle


def _precision(matrix: npt.NDArray[Any]) -> str:
    """LAPACK's letter."""
    return "s" if matrix.dtype == np.float32 else "d"


def _number(value: int) -> Any:
    return ctypes.byref(ctypes.c_int(value))


def _address(array: npt.NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


@cache
def pointers() -> Any:
    """SciPy's `cython_lapack`, and with it its BLAS.

    Without the room that it stands in, which takes many times as long to open.
    """
    import scipy

    name = "scipy.linalg.cython_lapack"
    known = sys.modules.get(name)
    found = None if known else PathFinder.find_spec(name, [f"{scipy.__path__[0]}/linalg"])
    if found is None or found.loader is None:
        from scipy.linalg import cython_lapack

        return cython_lapack
    module = module_from_spec(found)
    found.loader.exec_module(module)
    sys.modules.pop(name, None)  # who opens the room gets all of it
    return module


def _wrapper(name: str) -> Callable[..., Any]:
    from scipy.linalg import lapack

    return getattr(lapack, name)


@cache
def _function(name: str, arguments: int) -> Callable[..., None] | None:
    """A function of LAPACK that takes pointers only; None if it is not what it should be."""
    try:
        capsule = pointers().__pyx_capi__[name]
        signature = _capsule_name(capsule)
        kinds = signature.decode().partition("(")[2].rstrip(")").split(", ")
        plain = all(kind.endswith("*") for kind in kinds) and kinds[1] == "int *"
        if not plain or len(kinds) != arguments:
            return None
        address = _capsule_pointer(capsule, signature)
    except (AttributeError, KeyError, ValueError):
        return None
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * arguments)(address)


_api = ctypes.pythonapi
_capsule_name = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", _api))
_capsule_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", _api)
)
