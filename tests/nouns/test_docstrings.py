"""Every name of the package says what it takes, what comes out, what it refuses, and shows it once."""

from __future__ import annotations

import inspect
import re

import pytest

import genloss as gl


def is_error(value):
    return inspect.isclass(value) and issubclass(value, Exception)


VALUES = {name: getattr(gl, name) for name in gl.__all__}
NAMES = [name for name, value in VALUES.items() if callable(value) and not is_error(value)]


def sections(text):
    return set(re.findall(r"^(\w+)\n-+$", text, flags=re.MULTILINE))


def described(text):
    """Names before a colon, or alone on their line, at the margin."""
    lines = re.findall(r"^([\w*, ]+?)(?: : .*)?$", text, flags=re.MULTILINE)
    return {name.strip("* ") for line in lines for name in line.split(",")}


@pytest.mark.parametrize("name", NAMES)
def test_docstrings_say_what_goes_in_and_comes_out(name):
    value = VALUES[name]
    text = inspect.getdoc(value) or ""
    if inspect.isclass(value):
        assert "Examples" in sections(text)
        assert sections(text) & {"Parameters", "Attributes"}
    else:
        comes_out = inspect.signature(value).return_annotation not in (None, "None")
        assert sections(text) >= {"Parameters", "Raises", "Examples", *["Returns"] * comes_out}
    assert set(inspect.signature(value).parameters) - described(text) == set()
