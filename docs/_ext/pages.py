"""Pages that are read off the package when the site is built: rooms, command line, plan files."""

from __future__ import annotations

from inspect import Signature, getattr_static, signature
from pathlib import Path

from api import rooms
from command import command_page, man_page
from planfile import schema_page, schema_text
from sphinx.application import Sphinx

import genloss
from genloss.policies._preset import Preset


def write(path: Path, text: str) -> None:
    """Write a page, but for one that is there as it is: Sphinx reads again what is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def forget(place: Path, wanted: set[str]) -> None:
    """Remove pages of an earlier build whose source is gone."""
    for path in place.glob("*.rst"):
        if path.stem not in wanted:
            path.unlink()


def before(app: Sphinx) -> None:
    place = Path(app.srcdir) / "generated"
    examples = (Path(app.srcdir) / "examples").glob("*.py")
    forget(place / "gallery", {"index", *(path.stem for path in examples)})
    names = {f"genloss.{name}{ending}" for name in genloss.__all__ for ending in ("", "-class")}
    texts = rooms()
    forget(place / "api", names | set(texts))
    for name, text in texts.items():
        write(place / "api" / f"{name}.rst", text)
    write(place / "command.rst", command_page())
    write(place / "plan-file.rst", schema_page())
    write(place / "plan.schema.json", schema_text())
    write(place / "genloss.1", man_page())


def inherited(
    app: Sphinx, what: str, name: str, thing: object, skip: bool, options: object
) -> bool:
    """Leave out what a class has from elsewhere: fields of a named tuple, routing of scikit-learn."""
    said = getattr(thing, "__doc__", None) or ""
    return skip or said.startswith("Alias for field number") or name.endswith("_request")


def of_policy(
    app: Sphinx, what: str, name: str, thing: object, options: object, given: str, answer: str
) -> tuple[str, str] | None:
    """A policy is called on the class, which autodoc cannot see: no argument stands for itself."""
    method = name.rpartition(".")[2]
    if what != "method" or not isinstance(getattr_static(genloss.Plan, method, None), Preset):
        return None
    plain = [each.replace(annotation=each.empty) for each in signature(thing).parameters.values()]
    return str(Signature(plain)), "Plan"


def setup(app: Sphinx) -> dict[str, bool]:
    # before sphinx.ext.autosummary, which looks through the pages for names
    app.connect("builder-inited", before, priority=100)
    app.connect("autodoc-process-signature", of_policy)
    app.connect("autodoc-skip-member", inherited)
    return {"parallel_read_safe": True}
