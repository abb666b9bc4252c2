"""Links to ``<a id="x"></a>`` work as they do where Markdown is read as it stands."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

ANCHOR = re.compile(r'<a id="([^"]+)">')


class RawAnchors(SphinxTransform):
    """Makes raw anchors known to MyST, beside the headings, before it looks for what is linked."""

    default_priority = 870

    def apply(self) -> None:
        slugs = getattr(self.document, "myst_slugs", None)
        if slugs is None:
            return
        for node in self.document.findall(nodes.raw):
            for name in ANCHOR.findall(node.astext()):
                slugs.setdefault(name, (node.line or 0, name, ""))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_transform(RawAnchors)
    return {"parallel_read_safe": True}
