"""The written guide, step by step, by keyboard and by mouse."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from credtui.domain.secrets import SECRET_PATTERN, recognise
from credtui.service.credentials import CredentialService
from tests.e2e.conftest import Start
from tests.secrets_scan import assert_no_secret
from tests.terminal import Terminal

GATE = "Close without saving?"
Hand = Callable[[Terminal, str, str], None]


def by_keyboard(terminal: Terminal, key: str, _label: str) -> None:
    terminal.press(key)


def by_mouse(terminal: Terminal, _key: str, label: str) -> None:
    terminal.click_on(label)


def read_secret(terminal: Terminal) -> str:
    """The secret on screen, as a person would select it."""
    terminal.wait_for(re.compile(SECRET_PATTERN))
    found = re.search(SECRET_PATTERN, terminal.text)
    assert found
    assert recognise(found[0]) == "uat"
    return found[0]


def names(service: CredentialService) -> list[str]:
    return [credential.name for credential in service.page().credentials]


class Guide:
    """Follows the guide. Each step is a key, or a click on the words that the guide uses."""

    def __init__(self, terminal: Terminal, *, mouse: bool) -> None:
        self.terminal = terminal
        self.mouse = mouse
        self.secrets: list[str] = []

    def settings_and_credentials(self) -> None:
        """Choose Settings, then Credentials. The portal opens there, and both still work."""
        self.terminal.wait_for("API credentials")
        if self.mouse:
            for words in ("Settings", "1 Credentials"):
                self.terminal.click_on("3 Activity")
                self.terminal.wait_gone("API credentials")
                self.terminal.click_on(words)
                self.terminal.wait_for("API credentials")
        else:
            self._choose_in_navigation("Activity")
            self.terminal.wait_gone("API credentials")
            self._choose_in_navigation("Settings")
            self.terminal.wait_for("API credentials")
            self._choose_in_navigation("Credentials")
        self.terminal.wait_for("API credentials")
        self.terminal.wait_quiet()

    def generate(self, name: str) -> None:
        """Choose New Credential, type the Credential name, choose Save & Generate Key."""
        if self.mouse:
            self.terminal.click_on("New Credential")
        else:
            self.terminal.press("n")
        self.terminal.wait_for("Credential name")
        self.terminal.send(name)
        self.terminal.wait_for(name)
        self.terminal.wait_quiet()
        if self.mouse:
            self.terminal.click_on("Save & Generate Key")
        else:
            self.terminal.press("enter")
        self.keep_secret(name)

    def keep_secret(self, name: str) -> None:
        """Read the secret in its dialog, and close the dialog through its gate."""
        self.terminal.wait_for(f"Secret for {name}")
        self.terminal.wait_for("Save your secret now")
        self.secrets.append(read_secret(self.terminal))
        if self.mouse:
            self.terminal.click_on(" Close  ")
            self.terminal.wait_for(GATE)
            self.terminal.click_on("Back")
            self.terminal.wait_gone(GATE)
            assert self.secrets[-1] in self.terminal.text
            self.terminal.paste(self.secrets[-1])
            self.terminal.wait_for("Your copy matches the secret.")
            self.terminal.wait_quiet()
            self.terminal.click_on(" Close  ")
        else:
            self.terminal.press("escape")
            self.terminal.wait_for(GATE)
            self.terminal.press("y")
        self.terminal.wait_gone("Save your secret now")
        self.terminal.wait_for("API credentials")
        self.terminal.wait_quiet()

    def menu(self, name: str, verb: str) -> None:
        """Choose a verb in the "..." menu of a card."""
        if self.mouse:
            self.terminal.wait_for(re.compile(rf"{re.escape(name)}.*\n.*Client ID.*\.\.\."))
            row = self.terminal.find(f" {name} ").row + 1
            self.terminal.click(self.terminal.lines[row].rindex("...") + 1, row)
            self.terminal.click_on(f"{verb}   ")
        else:
            for key in "kkjj":
                self.terminal.wait_quiet()
                if re.search(f"━ {re.escape(name)} [━─]", self.terminal.text):
                    break
                self.terminal.press(key)
            self.terminal.press(".")
            self.terminal.wait_for("Copy Client ID")
            self._press_until("down", f"{verb}   ")
            self.terminal.press("enter")

    def confirm(self, verb: str) -> None:
        """Confirm in the dialog whose button has the verb's words."""
        if self.mouse:
            self.terminal.click_on(f"{verb} (y)")
        else:
            self.terminal.wait_for(f"{verb} (y)")
            self.terminal.press("y")

    def _choose_in_navigation(self, words: str) -> None:
        self.terminal.press("4")  # On Activity, the next key would open the filter.
        self.terminal.wait_quiet()
        self.terminal.press("/")
        self.terminal.wait_quiet()
        self.terminal.press("home")
        self._press_until("down", words)
        self.terminal.press("enter")

    def _press_until(self, key: str, words: str) -> None:
        """Press a key until the words stand out from what is around them."""
        for _ in range(12):
            self.terminal.wait_quiet()
            if self._highlighted(words):
                return
            self.terminal.press(key)
        raise AssertionError(f"{words} was never highlighted\n{self.terminal.text}")

    def _highlighted(self, words: str) -> bool:
        column, row = self.terminal.find(words)
        cells = self.terminal.screen_cells()
        here = cells[row][column].bg
        return here != cells[row - 1][column].bg and here != cells[row + 1][column].bg


@pytest.mark.parametrize("mouse", [False, True], ids=["keyboard", "mouse"])
def test_the_whole_guide(
    start: Start, service: CredentialService, home: Path, tmp_path: Path, mouse: bool
) -> None:
    terminal = start()
    guide = Guide(terminal, mouse=mouse)
    guide.settings_and_credentials()
    terminal.wait_for("There are no API credentials yet.")

    guide.generate("Payout gateway")
    terminal.wait_for("1 of 3")
    terminal.wait_for("Primary")
    guide.generate("Reporting batch")
    terminal.wait_for("2 of 3")
    before = {credential.name: credential for credential in service.page().credentials}

    guide.menu("Payout gateway", "Rotate Credential")
    guide.confirm("Rotate Credential")
    guide.keep_secret("Payout gateway")
    after = {credential.name: credential for credential in service.page().credentials}
    assert after["Payout gateway"].client_id == before["Payout gateway"].client_id
    assert after["Payout gateway"].generation == 2
    assert guide.secrets[2] != guide.secrets[0]

    guide.menu("Reporting batch", "Edit")
    terminal.wait_for("Credential name")
    terminal.wait_quiet()
    terminal.press("end")
    terminal.wait_quiet()
    terminal.send(" 2")
    terminal.wait_for("Reporting batch 2")
    if mouse:
        terminal.click_on(" Save ")
    else:
        terminal.press("enter")
    terminal.wait_for(re.compile("━ Reporting batch 2 [━─]"))

    guide.menu("Reporting batch 2", "Make Primary")
    terminal.wait_for(re.compile("Reporting batch 2 .* Primary "))

    guide.menu("Payout gateway", "Delete")
    terminal.wait_for("lose access immediately")
    guide.confirm("Delete")
    terminal.wait_for("1 of 3")
    assert names(service) == ["Reporting batch 2"]

    for secret in guide.secrets:
        assert_no_secret(secret, tmp_path, processes=[terminal.process.pid, "self"])
    terminal.press("q")
    assert terminal.wait_exit() == 0
    for secret in guide.secrets:
        assert_no_secret(secret, tmp_path)
        assert secret not in "\n".join([terminal.text, *terminal.scrollback])
    assert terminal.is_cooked()
    assert not {1000, 1006, 1049, 2004} & terminal.private_modes

    again = start()
    again.wait_for("Reporting batch 2")
    again.wait_for("Primary")
    assert "1 of 3" in again.text
    done = [event.action.value for event in service.events() if event.outcome == "done"]
    assert done[:3] == ["delete", "make primary", "rename"]


def test_the_primary_credential_is_refused_with_the_reason(
    start: Start, service: CredentialService
) -> None:
    service.generate("Payout gateway")
    terminal = start()
    terminal.wait_for("Payout gateway")
    terminal.press("d")
    terminal.wait_for("The primary credential can't be")
    terminal.wait_for("representative")
    assert names(service) == ["Payout gateway"]


def test_at_the_cap_new_credential_is_disabled_and_explained(
    start: Start, service: CredentialService
) -> None:
    for name in ("One", "Two", "Three"):
        service.generate(name)
    terminal = start()
    terminal.wait_for("Delete a credential before creating a new one.")
    terminal.click_on("New Credential")
    terminal.press("n")
    terminal.wait_until(
        lambda: terminal.text.count("Delete a credential before") == 2, "explanation"
    )
    assert "Credential name" not in terminal.text
