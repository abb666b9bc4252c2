"""``genloss scaling-law``: the law in force, where it changes, and which penalty to use."""

from __future__ import annotations

from genloss.cli.app import Json, app, console, examples, print_json


@app.command(
    name="scaling-law",
    help_epilogue=examples(
        "genloss scaling-law --capacity 2 --source 0.5 --n-samples 100000",
        "genloss scaling-law --capacity 1.5 --source 1 --n-samples 1e5 --dim 1000",
    ),
)
def scaling_law(
    *,
    capacity: float,
    source: float,
    n_samples: float,
    dim: int | None = None,
    noise: float = 1.0,
    generations: float = 0,
    generator_samples: float | None = None,
    generator_noise: float | None = None,
    json: Json = False,
) -> int:
    """Say which scaling law holds for a power-law problem, and which penalty is best.

    Parameters
    ----------
    capacity
        Eigenvalues of the input covariance fall like rank ** -capacity; above 1.
    source
        Smoothness of the truth, at least 0; larger is easier.
    n_samples
        Rows of the last fit.
    dim
        Number of directions. Default: infinitely many.
    noise
        Standard deviation of the label noise.
    generations
        Number of generators in a row that made the labels.
    generator_samples
        Rows of each generator.
    generator_noise
        Standard deviation of their label noise. Default: as --noise.
    json
        Print JSON for machines instead of sentences.
    """
    from genloss.scaling import PowerLaw
    from genloss.scaling import scaling_law as run_scaling_law

    law = run_scaling_law(
        PowerLaw(capacity, source, dim=dim),
        n_samples=n_samples,
        noise=noise,
        generations=generations,
        generator_samples=generator_samples,
        generator_noise=generator_noise,
    )
    if json:
        print_json(
            {
                "regime": law.regime,
                "penalty_exponent": float(law.penalty_exponent),
                "rate": float(law.rate),
                "fast_rate": float(law.fast_rate),
                "effective_noise": float(law.effective_noise),
                "null_risk": float(law.null_risk),
                "recommendations": [
                    {"rule": each.rule, "penalty": float(each.penalty), "risk": float(each.risk)}
                    for each in law.recommendations
                ],
                "sentences": list(law.sentences),
            }
        )
        return 0
    from genloss.report.sentences import sentence

    out = console()
    for words in law.sentences:
        sentence(words, out, mark=">")
    return 0
