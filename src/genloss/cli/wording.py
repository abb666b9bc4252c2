"""What the package says about arguments, in the spelling of the command that was called.

Below the command line an argument is ``n_samples`` and a cure ``missing='drop'``; here they are
``--n-samples`` and ``--missing drop``. Every message of the package has one grammar (the argument's
name, what it was, what is allowed), so that one translation at the edge serves all of them.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

_CODE = re.compile(
    r"(\b[A-Z]\w*[a-z]\w*\([^()]*\))"
)  # a class of another package, called: typed as it is
_VERBS = "was|were|had|has|lacks|must|needs|is not|cannot"


@dataclass(frozen=True)
class Wording:
    """How one command spells the arguments of the package.

    Attributes
    ----------
    options : mapping
        Spelling of every argument, such as ``{"n_samples": "--n-samples", "data": "DATA"}``.
    commands : collection of str
        Verbs that are commands as well.
    """

    options: Mapping[str, str] = field(default_factory=dict)
    commands: Collection[str] = ()

    @classmethod
    def of(cls, command: Callable[..., Any], commands: Collection[str]) -> Wording:
        """Read the spelling off the signature of a command."""
        options = {
            name: f"--{name.replace('_', '-')}"
            if parameter.kind is parameter.KEYWORD_ONLY
            else name.upper()
            for name, parameter in inspect.signature(command).parameters.items()
        }
        for name, parameter in inspect.signature(command).parameters.items():
            if parameter.kind is parameter.VAR_POSITIONAL:  # a message is about one of them
                options[name.removesuffix("s")] = name.upper().removesuffix("S")
        return cls(options, commands)

    def __call__(self, message: str) -> str:
        """Translate one message.

        Examples
        --------
        >>> said = Wording({"missing": "--missing", "n_samples": "--n-samples"}, {"simulate"})
        >>> said("n_samples was -1; it must be >= 1")
        '--n-samples was -1; it must be >= 1'
        >>> said("there are gaps: pass missing='drop' or lower n_samples")
        'there are gaps: pass --missing drop or lower --n-samples'
        >>> Wording({"made_from": "--made-from"})("say made_from='these rows'")
        'say --made-from these-rows'
        >>> said("no closed formula; `genloss.simulate` runs it")
        'no closed formula; "genloss simulate" runs it'
        >>> Wording(commands={"predict"})("genloss.predict(method='pencil') knows it")
        '"genloss predict --method pencil" knows it'
        >>> Wording({"kernel": "--kernel"})("take KernelRidge(kernel='rbf') for kernel='rbf'")
        "take KernelRidge(kernel='rbf') for --kernel rbf"
        """
        pieces = _CODE.split(message)
        pieces[::2] = map(self._spelt, pieces[::2])
        return "".join(pieces)

    def _spelt(self, message: str) -> str:
        for verb in self.commands:
            message = re.sub(
                rf"`?\b(?:(?:genloss|gl)\.)?{verb}\((\w+)='([\w-]+)'\)`?",
                rf'"genloss {verb} --\1 \2"',
                message,
            )
            message = re.sub(
                rf"`?\b(genloss|gl)\.{verb}\b(?!\.)(\([a-z_, ]*\))?`?", f'"genloss {verb}"', message
            )
        if self.options:
            names = "|".join(map(re.escape, self.options))
            message = re.sub(rf"\b({names})=('[^']*'|[^\s,;.)']+)", self._given, message)
            start = rf"(?:(?<=^)|(?<=[;:,(] )|(?<=\band ))({names})(?=(?:\[\d+\])?(?: '[^']*')? (?:{_VERBS}|and (?:{names}))\b)"
            message = re.sub(start, self._name, message)
            long = "|".join(name for name in self.options if "_" in name)
            if long:
                message = re.sub(rf"(?<![\w.'-])`?({long})`?(?![\w']| ?=)", self._name, message)
        return re.sub(r"(--[\w-]+|\b[A-Z]+\b) was None\b", r"\1 was not given", message)

    def _name(self, found: re.Match[str]) -> str:
        return self.options[found[1]]

    def _given(self, found: re.Match[str]) -> str:
        option, value = self.options[found[1]], found[2].strip("'").replace(" ", "-")
        if not option.startswith("--"):
            return f"{option} {value}" if found[2] != value else found[0]  # a price, as real=1
        words = {"True": option, "False": f"--no-{option[2:]}", "None": f"no {option}"}
        return words.get(value, f"{option} {value}")
