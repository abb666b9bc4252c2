"""When a formula holds: checks of a setting, and sentences about fits near n_samples = dim."""

from __future__ import annotations

from genloss import _check
from genloss.errors import InvalidInputError
from genloss.papers.demystified.setting import Setting


def needs(setting: Setting, name: str, *, isotropic: bool, penalty: bool | None = None) -> None:
    """Refuse a setting of another kind."""
    _check.instance("setting", setting, Setting)
    if setting.generations and setting.generator_penalty > 0:
        raise InvalidInputError(
            f"generator_penalty was {setting.generator_penalty}; {name} needs generators "
            "without a penalty, use master_recursion"
        )
    if penalty is False and setting.penalty > 0:
        raise InvalidInputError(
            f"penalty was {setting.penalty}; {name} is a formula without penalty, use ridge"
        )
    if isotropic and not setting.problem.is_isotropic:
        raise InvalidInputError(
            f"problem was {setting.problem}; {name} needs equal eigenvalues, use master_recursion"
        )


def needs_rows(
    rows: int, name: str, *, at_least: int | None = None, at_most: int | None = None
) -> None:
    """Refuse too few or too many rows."""
    if at_least is not None and rows < at_least:
        raise InvalidInputError(f"{name} was {rows}; this formula needs at least {at_least}")
    if at_most is not None and rows > at_most:
        raise InvalidInputError(f"{name} was {rows}; this formula needs at most {at_most}")


def needs_generators(
    setting: Setting, *, at_least: int | None = None, at_most: int | None = None
) -> None:
    """Refuse generators with too few or too many rows."""
    for rows in setting.sizes:
        needs_rows(rows, "generator_samples", at_least=at_least, at_most=at_most)


def spared(limit: bool) -> int:
    """Rows lost in ``|T - d| - 1``: the proportionate limit forgets the 1."""
    return 0 if _check.boolean("limit", limit) else 1


def near_dim(setting: Setting, *, rows_matter: bool = True) -> tuple[str, ...]:
    """Sentences about fits whose error has no mean or no variance."""
    fits = []
    if rows_matter:
        fits.append(("n_samples", setting.n_samples, setting.noise, setting.penalty))
    for rows, noise in dict.fromkeys(zip(setting.sizes, setting.noises, strict=True)):
        fits.append(("generator_samples", rows, noise, setting.generator_penalty))
    found = []
    for name, rows, noise, penalty in fits:
        apart = abs(rows - setting.dim)
        if penalty > 0 or noise == 0 or apart > 3:
            continue
        what = "mean" if apart <= 1 else "variance"
        found.append(
            f"{name} = {rows} is close to dim = {setting.dim}: the test error of one run has an "
            f"infinite {what}"
        )
    return tuple(found)
