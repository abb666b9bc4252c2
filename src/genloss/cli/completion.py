"""``genloss completion``: the script with which a shell completes commands and options."""

from __future__ import annotations

from typing import Literal

from genloss.cli.app import app, examples
from genloss.errors import InvalidInputError


@app.command(
    help_epilogue=examples(
        "genloss completion bash > ~/.local/share/bash-completion/completions/genloss",
        "genloss completion zsh > ~/.zsh/completions/_genloss",
        "genloss --install-completion",
    )
)
def completion(shell: Literal["bash", "zsh", "fish", "powershell"] | None = None, /) -> int:
    """Print the script with which a shell completes commands, options and their values.

    "genloss --install-completion" writes it where the shell looks for it.

    Parameters
    ----------
    shell
        Which shell. Default: the one this runs in.
    """
    from cyclopts.completion.detect import ShellDetectionError, detect_shell

    if shell is None:
        try:
            shell = detect_shell()
        except ShellDetectionError:
            raise InvalidInputError(
                "SHELL was not given and is not known here; name bash, zsh, fish or powershell"
            ) from None
    print(app.generate_completion(shell=shell))
    return 0


app.register_install_completion_command(
    help="Install the completion of commands and options for the shell this runs in."
)
