"""The documentation site: ``sphinx-build -W docs build/site`` reads nothing from a network."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from numpydoc.xref import DEFAULT_LINKS

import genloss

project = "genloss"
author = "The genloss developers"
copyright = author
release = genloss.__version__
version = ".".join(release.split(".")[:2])

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "anchors",  # the rest is in _ext
    "narrow",
    "outside",
    "pages",
]
exclude_patterns = ["_*", "examples", "generated/gallery/*.ipynb"]
default_role = "py:obj"
templates_path = ["_templates"]
smartquotes = False  # two dashes begin an option

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # a test runs the notebooks; the site shows what is stored in them

autosummary_generate = True
autosummary_filename_map = {  # not only by upper and lower case, which some file systems forget
    f"genloss.{name}": f"genloss.{name}-class" for name in genloss.__all__ if name[0].isupper()
}
autodoc_typehints = "none"  # types stand in the docstrings
autodoc_member_order = "bysource"
autoclass_content = "class"
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = {  # where numpydoc would ask an inventory; see _ext/outside.py
    **{name: name for name, place in DEFAULT_LINKS.items() if "python:" in place},
    **dict.fromkeys(("bool", "boolean"), "bool"),
    "array_like": "numpy.array_like",
    "iterable": "collections.abc.Iterable",
    "mapping": "collections.abc.Mapping",
    "meta-estimator": "sklearn.base.BaseEstimator",
    "sequence": "collections.abc.Sequence",
    **{name: f"genloss.{name}" for name in genloss.__all__ if name[0].isupper()},
}

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "generated/gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "copyfile_regex": r".*\.rst",
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 10**6,
    "remove_config_comments": True,
    "image_scrapers": ("matplotlib",),
    "write_computation_times": False,
}
warnings.filterwarnings("ignore", message=".*non-interactive.*")

html_theme = "pydata_sphinx_theme"
html_title = "genloss"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {page: [] for page in ("index", "start", "decide")}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "genloss"},
    "navbar_align": "left",
    "header_links_before_dropdown": 9,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "navigation_with_keys": False,
    "show_toc_level": 2,
}
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"chtml": {"fontURL": "_static/mathjax/woff-v2"}}
