"""A scaling law in words: every number in them is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genloss.scaling.exponents import bias_growth_exponent, interpolation_constants

if TYPE_CHECKING:
    from genloss.scaling.law import ScalingLaw


def sentences(law: ScalingLaw) -> tuple[str, ...]:
    """Plain English sentences: the problem, the law in force, where it changes, what to do."""
    said = [_problem(law), _clean(law), _in_force(law)]
    if law.source >= 1:
        said.append(
            f"The source is {law.source:.3g}, but ridge regression cannot use more smoothness than "
            "1: the rates are those of source 1."
        )
    said += _changes(law)
    said.append(_advice(law))
    if law.dim is not None and law.df2 > 0.2 * law.dim and law.best.penalty > 0:
        said.append(
            f"The best fit uses {law.df2:,.0f} of {law.dim:,} directions: the powers of an endless "
            "spectrum are bent here, and the numbers above are the exact formula's."
        )
    return tuple(said)


def _problem(law: ScalingLaw) -> str:
    directions = "infinitely many" if law.dim is None else f"{law.dim:,}"
    shape = (
        f"Eigenvalues fall like rank**-{law.capacity:.3g} and the signal like "
        f"rank**-{1 + 2 * law.capacity * law.source:.3g}, in {directions} directions"
    )
    if law.fitted is None:
        return f"{shape}."
    found = law.fitted
    return (
        f"{shape} (fitted over ranks {found.first} to {found.last}; typical distance from the line "
        f"{_percent(found.spectrum_residual)} for eigenvalues and "
        f"{_percent(found.signal_residual)} for the signal of an octave)."
    )


def _clean(law: ScalingLaw) -> str:
    if law.chain.noise == 0:
        return f"On real labels without noise the error falls like rows**-{law.fast_rate:.3g}" + (
            "." if law.dim is None else ", until there are as many rows as directions."
        )
    return (
        f"On real noisy labels the error falls like rows**-{law.rate:.3g} with a penalty of "
        f"rows**-{law.penalty_exponent:.3g}."
    )


def _in_force(law: ScalingLaw) -> str:
    chain, n = law.chain, f"With {_rows(law.chain.n_samples)} rows"
    noise = (
        f"the effective noise is {law.effective_noise:.3g} (own label noise {law.own:.3g}, "
        f"generator noise in directions left unlearned {law.tail:.3g}, in learned ones "
        f"{law.learned:.3g})"
    )
    if law.regime == "interpolating generators":
        return f"{_interpolation(law)} {n} {noise}."
    if law.effective_noise == 0:
        why = "no labels are noisy, so that a penalty can only harm"
    elif law.regime == "noiseless fast":
        why = f"{noise}, too little to matter yet: the error falls like rows**-{law.fast_rate:.3g}"
    elif law.regime == "not vanishing":
        why = (
            f"{noise}, and the last part is as large as the signal: "
            f"{_count(chain.generations)} keep the error from vanishing, whatever the rows and the penalty"
        )
    elif law.regime == "clean":
        why = f"{noise}, mostly the labels' own: the clean law holds, rows**-{law.rate:.3g}"
    elif law.regime in ("tail modes", "noiseless slow"):
        why = (
            f"{noise}, mostly what the generators got wrong in directions too small to learn, which "
            f"acts as label noise: the error still falls like rows**-{law.rate:.3g}"
        )
    else:
        why = (
            f"{noise}, mostly what the generators got wrong in directions that are learned: more "
            "rows no longer help, only more generator rows or fewer generators do"
        )
    return f"{n} {why}."


def _interpolation(law: ScalingLaw) -> str:
    chain = law.chain
    assert chain.generator_samples is not None
    rows = _rows(chain.generator_samples)
    why = (
        f"In infinitely many directions least-squares generators are not possible: with {rows} rows "
        "and no penalty they interpolate their labels"
        if law.dim is None
        else f"The laws for generators need more rows than directions; with {rows} rows for "
        f"{law.dim:,} directions they interpolate their labels"
    )
    kappa = interpolation_constants(law.capacity).kappa * chain.generator_samples**-law.capacity
    if law.source < 1:
        power = bias_growth_exponent(law.source)
        size = f"generations * {kappa:.3g}"
        law_of_growth = size if power == 1 else f"({size})**{power:.3g}"
        growth = f"they lose signal, a bias that grows like {law_of_growth}"
    else:
        growth = "the bias grows with every generation"
    return f"{why}: besides their noise, {growth}. The errors here are those of the recursion."


def _changes(law: ScalingLaw) -> list[str]:
    found, said = law.crossovers, []
    if found.inherited_overtakes is not None:
        said.append(
            "The generators' noise outweighs the labels' own at any number of rows."
            if found.inherited_overtakes < 1
            else "The generators' noise outweighs the labels' own beyond "
            f"{_rows(found.inherited_overtakes)} rows."
        )
    fast = found.fast_to_slow or found.fast_to_slow_order
    if fast is not None:
        end = "" if law.dim is None else f", and reaches its floor near {law.dim:,} rows"
        said.append(
            f"The error falls fast up to about {_rows(fast)} rows, then like "
            f"rows**-{law.rate:.3g}{end}."
            if fast < (law.dim or float("inf"))
            else f"The error falls fast up to about {law.dim:,} rows and then stays at its floor."
        )
    turning = found.turning_point or found.turning_point_order
    if turning is not None:
        said.append(
            "With the clean rule for the penalty the error turns and rises again beyond about "
            f"{_rows(turning)} rows."
        )
    return said


def _advice(law: ScalingLaw) -> str:
    best, noise = law.best, law.recommendation("noise")
    if best.penalty == 0:
        return f"No penalty is best, with an error of {best.risk:.3g}."
    clean = law.recommendation("clean")
    inherited = f"{_percent(law.inherited)} of it inherited; " if law.chain.generations else ""
    return (
        f"The best penalty is {best.penalty:.3g}, with an error of {best.risk:.3g} "
        f"({inherited}predicting nothing costs {law.null_risk:.3g}); effective noise to the power {law.penalty_exponent:.3g} gives "
        f"{noise.risk:.3g}, the clean rule {clean.risk:.3g}."
    )


def _rows(value: float) -> str:
    return f"{value:,.0f}" if value < 1e7 else f"{value:.3g}"


def _count(generations: float) -> str:
    return "1 generator" if generations == 1 else f"{generations:g} generators"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"
