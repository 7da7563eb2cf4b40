"""What the tmux on this computer says of the way to the person's clipboard."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from credtui.domain.names import quotable
from credtui.tui.terminal.tools import Runner


class Tmux(NamedTuple):
    """What the tmux server says of itself and of the attached terminal.

    Attributes:
        set_clipboard: Its option set-clipboard.
        term: The type of the attached terminal.
        has_clipboard: Whether tmux knows how to reach that terminal's clipboard.
        over_ssh: Whether the session came over SSH.
    """

    set_clipboard: str
    term: str
    has_clipboard: bool
    over_ssh: bool


def ask_tmux(run: Runner, env: Mapping[str, str]) -> Tmux | None:
    """Ask the tmux server on this computer; return None if none answers."""
    asked = "#{set-clipboard}\n#{client_termname}\n#{client_tty}"
    argv = ["tmux", "display-message", "-p", asked, ";", "show-environment"]
    answer = run([*argv, ";", "show-messages", "-T"], env=env, output=True)
    if answer is None or answer.count("\n") < 3:
        return None
    set_clipboard, term, tty, rest = answer.split("\n", 3)
    # The capability Ms is listed with each attached terminal, below a line that names its tty.
    found = re.search(rf" for {re.escape(tty)},.*?^ *\d+: Ms: (.*?)$", rest, re.DOTALL | re.M)
    return Tmux(
        set_clipboard,
        quotable(term, 40),
        has_clipboard=found is None or found[1] != "[missing]",
        over_ssh=re.search(r"^SSH_CONNECTION=", rest, re.M) is not None,
    )
