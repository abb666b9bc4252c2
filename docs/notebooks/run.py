"""Run the notebooks and keep what they print and draw: ``python docs/notebooks/run.py [NAME ...]``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

HERE = Path(__file__).parent


def is_said(output: NotebookNode) -> bool:
    """Not the name and address of a last line's value, which a figure leaves."""
    return not output.get("data", {}).get("text/plain", "").startswith(
        ("<", "Text(")
    ) or is_picture(output)


def is_picture(output: NotebookNode) -> bool:
    return "image/png" in output.get("data", {})


def lean(output: NotebookNode) -> NotebookNode:
    if is_picture(output):
        output.data = NotebookNode({"image/png": output.data["image/png"]})
        output.metadata = NotebookNode()
    return output


def run(path: Path) -> NotebookNode:
    """The notebook with fresh outputs, and without what differs from run to run."""
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        cell.metadata = {}
    client = NotebookClient(book, timeout=300, record_timing=False, coalesce_streams=True)
    client.execute(env=os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"})
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = [lean(output) for output in cell.outputs if is_said(output)]
    book.metadata = {
        "kernelspec": {"display_name": "Python 3", "name": "python3"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    return book


def main(names: list[str]) -> None:
    for path in sorted(HERE.glob("*.ipynb")):
        if not names or path.stem in names:
            nbformat.write(run(path), path)
            print(path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
