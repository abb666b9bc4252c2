"""Pages that are read off the package when the site is built: rooms, command line, plan files."""

from __future__ import annotations

from pathlib import Path

from api import rooms
from command import command_page, man_page
from planfile import schema_page, schema_text
from sphinx.application import Sphinx


def write(path: Path, text: str) -> None:
    """Write a page, but for one that is there as it is: Sphinx reads again what is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def before(app: Sphinx) -> None:
    place = Path(app.srcdir) / "generated"
    for name, text in rooms().items():
        write(place / "api" / f"{name}.rst", text)
    write(place / "command.rst", command_page())
    write(place / "plan-file.rst", schema_page())
    write(place / "plan.schema.json", schema_text())
    write(Path(app.outdir) / "genloss.1", man_page())


def inherited(
    app: Sphinx, what: str, name: str, thing: object, skip: bool, options: object
) -> bool:
    """Leave out what a class has from elsewhere: fields of a named tuple, routing of scikit-learn."""
    said = getattr(thing, "__doc__", None) or ""
    return skip or said.startswith("Alias for field number") or name.endswith("_request")


def setup(app: Sphinx) -> dict[str, bool]:
    # before sphinx.ext.autosummary, which looks through the pages for names
    app.connect("builder-inited", before, priority=100)
    app.connect("autodoc-skip-member", inherited)
    return {"parallel_read_safe": True}
