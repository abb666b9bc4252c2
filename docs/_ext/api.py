"""API pages of the public rooms: what each says of itself, and every name of its ``__all__``."""

from __future__ import annotations

import inspect
from importlib import import_module
from types import ModuleType

import genloss

BELOW = ("papers.demystified", "scaling.exponents", "trials.given_inputs")
"""Modules below a public room that have public names of their own."""


def names_of(module: ModuleType) -> list[str]:
    """Its public names; members of a family (`losses`, ...) among them."""
    if base := family(module):
        members = {member.__name__ for member in base.members.values()}
        return sorted({*module.__all__, *(members & set(dir(module)))})
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    return sorted(
        name
        for name, value in vars(module).items()
        if name[0] != "_"
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    )


def family(module: ModuleType) -> type | None:
    """The class whose members the room collects."""
    own = (getattr(module, name, None) for name in getattr(module, "__all__", ()))
    return next((each for each in own if inspect.isclass(each) and hasattr(each, "members")), None)


def directive(value: object) -> str:
    if inspect.isclass(value):
        return "autoclass"
    return "autofunction" if inspect.isroutine(value) else "autodata"


def room(module: ModuleType) -> str:
    """One page, in reStructuredText."""
    title = module.__name__
    lines = [title, "=" * len(title), "", f".. automodule:: {title}", "   :no-members:", ""]
    names = names_of(module)
    shared = {
        each for each in genloss.__all__ if getattr(genloss, each) is getattr(module, each, 0)
    }
    if names:
        lines += [f".. currentmodule:: {title}", "", ".. autosummary::", ""]
        lines += [f"   {name if name not in shared else f'~genloss.{name}'}" for name in names]
    for name in names:
        if name in shared:
            continue
        kind = directive(getattr(module, name))
        lines += ["", f".. {kind}:: {title}.{name}"]
        if kind == "autoclass":
            lines += ["   :members:"]
    return "\n".join([*lines, ""])


def rooms() -> dict[str, str]:
    """Pages by the name of their file, and one that lists them."""
    modules = [import_module(f"genloss.{name}") for name in sorted((*genloss._ROOMS, *BELOW))]
    return {module.__name__: room(module) for module in modules}
