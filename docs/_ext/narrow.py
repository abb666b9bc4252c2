"""Pictures with a narrow twin beside them, ``name-narrow.png``: phones show that one (``site.css``)."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform


class Twins(SphinxTransform):
    """A second image node after each picture that has a twin."""

    default_priority = 500

    def apply(self, **_: object) -> None:
        page = Path(self.env.doc2path(self.env.docname))
        for wide in list(self.document.findall(nodes.image)):
            uri = Path(wide["uri"])
            twin = uri.with_stem(f"{uri.stem}-narrow")
            if (page.parent / twin).is_file():
                narrow = wide.copy()
                narrow["uri"] = twin.as_posix()
                wide["classes"] = [*wide["classes"], "wide"]
                narrow["classes"] = [*narrow["classes"], "narrow"]
                wide.parent.insert(wide.parent.index(wide) + 1, narrow)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_transform(Twins)
    return {"parallel_read_safe": True}
