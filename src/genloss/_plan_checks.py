"""What makes generations a plan: labelers, designs, features and rows that exist when a fit needs them."""

from __future__ import annotations

from dataclasses import replace

from genloss._words import shown
from genloss.errors import InvalidInputError
from genloss.external import External
from genloss.generation import Generation, Source

MOST_MODELS = 100_000


def check_generations(generations: tuple[Generation, ...]) -> None:
    """Raise InvalidInputError unless every generation fits those before it."""
    rows = 0
    for model in range(len(generations)):
        check_generation(generations, model, rows)
        rows += own_rows(generations, model)


def check_generation(
    generations: tuple[Generation, ...], model: int, rows: int | None = None
) -> None:
    """Raise InvalidInputError unless a generation fits those before it, which have ``rows`` rows."""
    generation = generations[model]
    if generation.intercept != generations[0].intercept:
        raise InvalidInputError(
            f"intercept of model {model} was {generation.intercept}, and {generations[0].intercept} of model "
            "0; labels of a model with an intercept have one, give it to all models or to none"
        )
    for source in generation.sources:
        _check_labelers(source, model)
        if source.inputs != "new":
            _check_inputs(generations, model, source.inputs)
    towards = generation.towards
    if towards is not None and (model == 0 or (towards != "previous" and towards >= model)):
        raise InvalidInputError(
            f"towards of model {model} was {shown(towards)}; it must be a model fitted before it"
        )
    if generation.design == "same":
        _check_reused(generations, model)
    if generation.feature_map == "same":
        _check_same_features(generations, model)
    if generation.subsample is None:
        return
    if rows is None:
        rows = sum(own_rows(generations, each) for each in range(model))
    rows += own_rows(generations, model)
    if generation.subsample > rows:
        raise InvalidInputError(
            f"subsample of model {model} was {generation.subsample}; there are {rows} rows so far, "
            "it must be at most that"
        )


def own_rows(generations: tuple[Generation, ...], model: int) -> int:
    """Rows of a generation's own, new ones and those of earlier generations that it names."""
    generation = generations[model]
    reused = [source.inputs for source in generation.sources if source.inputs != "new"]
    return generation.n_samples + sum(generations[earlier].n_samples for earlier in reused)


def _check_inputs(generations: tuple[Generation, ...], model: int, earlier: int) -> None:
    if earlier >= model:
        raise InvalidInputError(
            f"inputs of model {model} was {earlier}; only generations 0 to {model - 1} came before it"
            if model
            else f"inputs of model 0 was {earlier}; no generation came before it"
        )
    if not generations[earlier].n_samples or generations[earlier].design == "same":
        raise InvalidInputError(
            f"inputs of model {model} was {earlier}; that generation drew no new rows, name the one "
            "that did"
        )


def _check_labelers(source: Source, model: int) -> None:
    if source.keep is not None and source.keep.labeler is not None:
        judge = replace(source, labeler=source.keep.labeler, keep=None)
        try:
            _check_labelers(judge, model)
        except InvalidInputError as error:
            raise InvalidInputError(f"keep: {error}") from None
    if source.labeler == "real" or (source.labeler == "previous" and model > 0):
        return
    within = {who for who in source.mixture if not isinstance(who, External)}
    if model == 0 and source.inputs == "new" and not within <= {"real"}:
        raise InvalidInputError(
            f"labeler of model 0 was {shown(source.labeler)}; no model exists before it, "
            "so it must be 'real'"
        )
    for number in source.labeler_numbers(model):
        if number >= model:
            raise InvalidInputError(
                f"labeler of model {model} was model {number}; only models 0 to {model - 1} "
                "exist when it is fitted"
            )


def _check_reused(generations: tuple[Generation, ...], model: int) -> None:
    if model == 0:
        raise InvalidInputError("design of model 0 was 'same'; there is no earlier design to reuse")
    rows, before = generations[model].n_samples, generations[model - 1].n_samples
    if any(source.inputs != "new" for source in generations[model - 1].sources):
        raise InvalidInputError(
            f"design of model {model} was 'same' after rows of an earlier generation; say by inputs "
            "which rows they are"
        )
    if rows != before:
        raise InvalidInputError(
            f"design of model {model} was 'same' with n_samples {rows}; "
            f"model {model - 1} has {before} rows, they must agree"
        )
    for number, source in enumerate(generations[model].sources):
        if source.covariance is not None:
            raise InvalidInputError(
                f"covariance of source {number} of model {model} was given with design 'same'; reused "
                "rows keep the covariance they were drawn with, leave it out there"
            )


def _check_same_features(generations: tuple[Generation, ...], model: int) -> None:
    before = generations[model - 1].features if model else None
    if before != generations[model].features:
        had = "there is no earlier model" if not model else f"model {model - 1} has {before}"
        raise InvalidInputError(
            f"feature_map of model {model} was 'same' with features "
            f"{generations[model].features}; {had}, they must agree"
        )
