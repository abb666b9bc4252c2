"""Images of digits with labels: MNIST from a file or from OpenML, or scikit-learn's digits."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from genloss.errors import DataError

Array = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]

MNIST = "MNIST as an .npz file with x_train, y_train, x_test and y_test"
"""What the option ``mnist`` of experiments means."""

_KEYS = ("x_train", "y_train", "x_test", "y_test")
_HOW = (
    "give MNIST as an .npz file with x_train, y_train, x_test and y_test (`--mnist FILE`), or run "
    "once with a network so that scikit-learn can fetch and keep it"
)
_OPENML_FILE = "52667"  # OpenML's number of the file behind mnist_784
_MNIST_TRAIN = 60_000
_DIGITS_TRAIN = 1_400


@dataclass(frozen=True, eq=False)
class Images:
    """Images of digits, split into training and test images.

    Attributes
    ----------
    name : str
        What the data set is called.
    train, test : ndarray of uint8 of shape (n_images, n_pixels)
        Pixels from 0 to ``brightest``.
    train_digits, test_digits : ndarray of shape (n_images,)
        The digit that each image shows.
    brightest : int
        Largest value a pixel can have.
    """

    name: str
    train: Pixels
    train_digits: Array
    test: Pixels
    test_digits: Array
    brightest: int


def load_images(path: Path | None = None, *, quick: bool = False) -> tuple[Images, str]:
    """Images for a reproduction, and a sentence that says why they are not MNIST (or nothing).

    The given file, which must be usable; else MNIST if it is kept on this machine; else, unless quick,
    MNIST from OpenML; else scikit-learn's digits.
    """
    if path is not None:
        return load_mnist(path), ""
    try:
        return load_mnist(download=not quick), ""
    except DataError:
        reason = (
            "MNIST is not kept on this machine and quick runs do not download it"
            if quick
            else "MNIST is not kept on this machine and could not be downloaded"
        )
        return digits(), f"{reason}: these are scikit-learn's small digits instead"


def load_mnist(path: Path | None = None, *, download: bool = True) -> Images:
    """MNIST: 60,000 training and 10,000 test images of 28 x 28 pixels, whole numbers from 0 to 255.

    From an .npz file with ``x_train``, ``y_train``, ``x_test`` and ``y_test``; by default the copy in
    scikit-learn's data home, or, with ``download``, OpenML. What that sends takes a minute to read: a
    compact copy is kept, from where later calls read it without a network.

    Raises
    ------
    DataError
        If the file cannot be used, or MNIST cannot be had.
    """
    if path is not None:
        return _read(Path(path).expanduser())
    from sklearn.datasets import get_data_home

    home = Path(get_data_home())
    kept = home / "genloss" / "mnist.npz"
    if kept.is_file():
        return _read(kept)
    if not download and not any((home / "openml").rglob(f"*{_OPENML_FILE}*")):
        raise DataError(f"MNIST is not kept on this machine; {_HOW}")
    images = _fetch()
    _keep(images, kept)
    return images


def digits() -> Images:
    """The digits inside scikit-learn: 1,797 images of 8 x 8 pixels, shuffled, 397 for the test."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    # neighbours in the file come from the same writer
    order = np.random.default_rng(0).permutation(labels.size)
    pixels, labels = pixels[order].astype(np.uint8), labels[order].astype(np.float64)
    first, rest = slice(_DIGITS_TRAIN), slice(_DIGITS_TRAIN, None)
    return Images(
        name="scikit-learn digits",
        train=pixels[first],
        train_digits=labels[first],
        test=pixels[rest],
        test_digits=labels[rest],
        brightest=16,
    )


def _read(file: Path) -> Images:
    """Images of an .npz file, checked."""
    if not file.is_file():
        raise DataError(
            f"{file}: there is no such file; give MNIST as an .npz file with x_train, y_train, "
            "x_test and y_test"
        )
    try:
        stored = np.load(file, allow_pickle=False)
        if not isinstance(stored, np.lib.npyio.NpzFile):
            raise DataError(f"{file} holds one array; it must be an .npz file")
        with stored:
            missing = [key for key in _KEYS if key not in stored]
            if missing:
                raise DataError(
                    f"{file} has no {', '.join(missing)} "
                    f"(it has {', '.join(stored) or 'nothing'}); "
                    f"an .npz file of MNIST has {', '.join(_KEYS)}"
                )
            arrays = {key: stored[key] for key in _KEYS}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{file} cannot be read as an .npz file: {error}") from None
    return _images(str(file), **arrays)


def _images(source: str, x_train: Any, y_train: Any, x_test: Any, y_test: Any) -> Images:
    train, train_digits = _part(f"{source}: x_train", x_train, "y_train", y_train)
    test, test_digits = _part(f"{source}: x_test", x_test, "y_test", y_test)
    if train.shape[1] != test.shape[1]:
        raise DataError(
            f"{source}: images of x_train have {train.shape[1]} pixels and those of x_test "
            f"{test.shape[1]}; they must agree"
        )
    return Images("MNIST", train, train_digits, test, test_digits, brightest=255)


def _part(name: str, images: Any, label_name: str, labels: Any) -> tuple[Pixels, Array]:
    if images.ndim not in (2, 3) or 0 in images.shape or images.dtype.kind not in "uif":
        raise DataError(
            f"{name} had shape {images.shape} and type {images.dtype}; it must hold numbers, "
            "(images, rows, columns) or (images, pixels)"
        )
    pixels = images.reshape(len(images), -1)
    whole = pixels.astype(np.uint8)
    if not np.array_equal(whole, pixels):
        raise DataError(f"{name} has other values; pixels must be whole numbers from 0 to 255")
    if labels.shape != (len(images),) or labels.dtype.kind not in "uif":
        raise DataError(
            f"{label_name} had shape {labels.shape} and type {labels.dtype}; it must hold one "
            f"number for each of the {len(images)} images"
        )
    if not np.isin(labels, np.arange(10)).all():
        raise DataError(f"{label_name} has other values; labels must be digits from 0 to 9")
    return whole, labels.astype(np.float64)


def _fetch() -> Images:
    """MNIST through scikit-learn, which asks OpenML unless it has it already."""
    from http.client import HTTPException
    from importlib.util import find_spec

    from sklearn.datasets import fetch_openml

    parser = "pandas" if find_spec("pandas") else "liac-arff"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn tells of every attempt
            pixels, labels = fetch_openml(
                "mnist_784", version=1, return_X_y=True, as_frame=False, parser=parser
            )
    except (OSError, ValueError, HTTPException) as error:
        raise DataError(f"MNIST could not be downloaded ({error}); {_HOW}") from None
    whole, numbers = np.asarray(pixels), np.asarray(labels).astype(np.float64)
    first, rest = slice(_MNIST_TRAIN), slice(_MNIST_TRAIN, None)
    return _images("OpenML", whole[first], numbers[first], whole[rest], numbers[rest])


def _keep(images: Images, file: Path) -> None:
    """Write a compact copy, whole or not at all; a read-only data home is no obstacle."""
    part = file.with_suffix(".part.npz")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            part,
            x_train=images.train,
            y_train=images.train_digits.astype(np.uint8),
            x_test=images.test,
            y_test=images.test_digits.astype(np.uint8),
        )
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
