"""Sessions of the whole program: several at once, dropped, killed, stopped, refused."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from credtui.cli.exit_codes import ExitCode
from credtui.domain.secrets import SECRET_PATTERN
from credtui.service.credentials import CredentialService
from tests.e2e.conftest import SOURCES, Start
from tests.e2e.test_guide import read_secret
from tests.secrets_scan import assert_no_secret
from tests.server.serving import wait_for
from tests.stores import program_environ
from tests.terminal import Terminal


def generate(terminal: Terminal, name: str) -> str:
    """Generate a credential, and return the secret that is on screen."""
    terminal.wait_for("API credentials")
    terminal.press("n")
    terminal.wait_for("Credential name")
    terminal.send(name)
    terminal.press("enter")
    terminal.wait_for(f"Secret for {name}")
    return read_secret(terminal)


class TestTwoSessions:
    def test_what_one_changes_the_other_shows_within_a_second(
        self, start: Start, service: CredentialService
    ) -> None:
        service.generate("Payout gateway")
        first, second = start(), start()
        first.wait_for("Payout gateway")
        second.wait_for("Payout gateway")
        generate(first, "Reporting batch")
        second.wait_for("Reporting batch")
        second.wait_for("2 of 3")
        first.press("escape")
        first.wait_for("Close without saving?")
        second.wait_for("Secret on screen")
        second.wait_for("On screen at ")
        # Nobody has the secret of the other credential, and nothing shows it.
        assert second.text.count("Perhaps nobody has its secret: rotate it (r)") == 1
        first.press("y")
        second.wait_for("Secret closed unsaved")
        assert "On screen" not in second.text

    def test_two_at_the_third_slot(self, start: Start, service: CredentialService) -> None:
        for name in ("One", "Two"):
            service.generate(name)
        first, second = start(), start()
        for terminal, name in ((first, "Red"), (second, "Blue")):
            terminal.wait_for("2 of 3")
            terminal.press("n")
            terminal.wait_for("Credential name")
            terminal.send(name)
            terminal.wait_for(name)
        first.press("enter")
        second.press("enter")
        wait_for(lambda: len(service.page().credentials) == 3, "one of them")
        names = {"Red": first, "Blue": second}
        won = names.pop(service.page().credentials[-1].name)
        [lost] = names.values()
        won.wait_for("Secret for")
        lost.wait_for("Delete a credential before creating")
        lost.wait_quiet()
        assert "Secret for" not in lost.text
        assert len(service.page().credentials) == 3


class TestTypedAhead:
    """A slow line delivers several keys at once."""

    def test_a_name_right_behind_its_key(self, start: Start, service: CredentialService) -> None:
        terminal = start()
        terminal.wait_for("There are no API credentials yet")
        terminal.send("nPayout gateway\r")
        terminal.wait_for("Secret for Payout gateway")
        assert [found.name for found in service.page().credentials] == ["Payout gateway"]

    def test_no_letter_of_a_name_that_isnt_asked_for_is_a_command(
        self, start: Start, service: CredentialService
    ) -> None:
        for name in ("One", "Two", "Three"):
            service.generate(name)
        before = service.page()
        terminal = start()
        terminal.wait_for("3 of 3")
        terminal.send("nTreasury py\r")
        terminal.wait_for(
            re.compile("Delete a credential before.*Delete a credential before", re.S)
        )
        terminal.press("e")
        terminal.wait_for("Credential name")
        assert service.page().credentials == before.credentials
        assert service.page().primary == before.primary


class TestDropped:
    def test_a_kill_leaves_the_secret_never_seen(
        self, start: Start, service: CredentialService, tmp_path: Path
    ) -> None:
        terminal, other = start(), start()
        secret = generate(terminal, "Payout gateway")
        other.wait_for("Secret on screen")
        assert_no_secret(secret, tmp_path)
        terminal.process.send_signal(signal.SIGKILL)
        terminal.wait_exit()
        other.wait_for("Secret never seen")
        assert_no_secret(secret, tmp_path)
        again = start()
        again.wait_for("Secret never seen")
        [credential] = service.page().credentials
        assert not credential.handover

    def test_a_hang_up_ends_the_program(
        self, start: Start, service: CredentialService, tmp_path: Path
    ) -> None:
        terminal = start()
        secret = generate(terminal, "Payout gateway")
        terminal.hang_up()
        terminal.wait_exit()
        assert_no_secret(secret, tmp_path)
        [credential] = service.page().credentials
        assert not credential.handover
        # No lock is left: the next session writes at once.
        service.rename(credential.client_id, "Payouts")

    def test_a_termination_ends_it_and_restores_the_terminal(
        self, start: Start, service: CredentialService
    ) -> None:
        terminal = start()
        secret = generate(terminal, "Payout gateway")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait_exit() != 0
        assert secret not in "\n".join([terminal.text, *terminal.scrollback])
        assert 1049 not in terminal.private_modes
        assert terminal.is_cooked()
        [credential] = service.page().credentials
        assert not credential.handover


class TestStopped:
    @pytest.fixture
    def shell(self, home: Path) -> Iterator[Terminal]:
        with Terminal(
            ["sh", "-i"],
            env={
                **program_environ(home),
                "PYTHONPATH": str(SOURCES),
                "PS1": "shell> ",
                "HOME": str(home),
            },
            cwd=home,
        ) as terminal:
            terminal.wait_for("shell>")
            terminal.send(f"{sys.executable} -m credtui\r")
            yield terminal

    def stop(self, shell: Terminal, how: str) -> int:
        """Stop the portal, and return its process."""
        children = Path(f"/proc/{shell.process.pid}/task/{shell.process.pid}/children")
        portal = int(children.read_text())
        if how == "ctrl+z":
            shell.press("ctrl+z")
        else:
            os.kill(portal, signal.SIGTSTP)
        shell.wait_for("Stopped")
        return portal

    @pytest.mark.parametrize("how", ["ctrl+z", "SIGTSTP"])
    def test_a_stop_hides_the_secret_and_fg_brings_it_back(self, shell: Terminal, how: str) -> None:
        secret = generate(shell, "Payout gateway")
        self.stop(shell, how)
        assert secret not in "\n".join([shell.text, *shell.scrollback])
        shell.send("fg\r")
        shell.wait_for("Press any key to show the secret again.")
        assert secret not in shell.text
        shell.press("x")
        shell.wait_for(secret)

    def test_a_signal_ends_what_is_stopped(self, shell: Terminal) -> None:
        """The terminal is the shell's by then, and stays as it is."""
        generate(shell, "Payout gateway")
        portal = self.stop(shell, "ctrl+z")
        shell.mark()
        os.kill(portal, signal.SIGTERM)
        os.kill(portal, signal.SIGCONT)
        status = Path(f"/proc/{portal}/stat")
        wait_for(lambda: not status.exists() or ") Z" in status.read_text(), "its end")
        assert "Stopped" in shell.text
        assert b"\x1b[" not in shell.bytes_received


class TestFailure:
    PROGRAM = """
import sys
from credtui.__main__ import main
from credtui.tui.dialogs.secret import SecretDialog

def fail(dialog):
    raise RuntimeError(dialog._issued.secret.get_secret_value())

SecretDialog.action_copy_client_id = fail
sys.argv = ["credtui"]
sys.exit(main())
"""

    def test_an_error_takes_no_secret_away(self, home: Path) -> None:
        env = {**program_environ(home), "HOME": str(home), "PYTHONPATH": str(SOURCES)}
        with Terminal([sys.executable, "-c", self.PROGRAM], env=env, cwd=home) as terminal:
            secret = generate(terminal, "Payout gateway")
            terminal.press("i")
            terminal.wait_for("An error in credtui itself ended the portal.")
            assert terminal.lines.count(secret) == 1
            terminal.press("enter")
            assert terminal.wait_exit() == ExitCode.UNEXPECTED
            assert "an error in credtui itself (RuntimeError)" in terminal.text
            assert secret not in "\n".join([terminal.text, *terminal.scrollback])
            assert terminal.is_cooked()


class TestPlainView:
    def test_it_shows_the_values_alone_and_leaves_nothing(self, start: Start) -> None:
        terminal = start()
        secret = generate(terminal, "Payout gateway")
        terminal.press("v")
        terminal.wait_gone("Save your secret now")
        terminal.wait_until(lambda: secret in terminal.lines, "secret alone on its line")
        terminal.press("q")
        terminal.wait_for("Save your secret now")
        terminal.press("escape")
        terminal.wait_for("Close without saving?")
        terminal.press("y")
        terminal.wait_for("1 of 3")
        terminal.press("q")
        assert terminal.wait_exit() == 0
        assert secret not in "\n".join([terminal.text, *terminal.scrollback])


class TestRefusals:
    def run(self, home: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "credtui", *words],
            env={**os.environ, **program_environ(home), "PYTHONPATH": str(SOURCES), **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_a_dumb_terminal(self, start: Start) -> None:
        terminal = start(env={"TERM": "dumb"})
        assert terminal.wait_exit() == 2
        said = " ".join(terminal.text.split())
        assert said.startswith("credtui: The portal needs a terminal that can move its cursor")
        assert "list and rotate" in said
        assert b"\x1b" not in terminal.bytes_received

    def test_no_terminal(self, home: Path) -> None:
        done = self.run(home)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr

    @pytest.mark.files
    def test_a_corrupt_store(self, start: Start, home: Path, service: CredentialService) -> None:
        service.generate("Payout gateway")
        [file] = [
            path
            for path in (home / "store").rglob("*.json")
            if "Payout gateway" in path.read_text()
        ]
        file.write_text(file.read_text()[:100])
        damaged = file.read_bytes()
        terminal = start()
        documented = self.run(home, "--help").stdout
        status = terminal.wait_exit()
        assert re.search(rf"^ +{status} .*(damaged|corrupt)", documented, re.MULTILINE | re.I)
        assert "Traceback" not in terminal.text
        assert terminal.text.count("credtui:") == 1
        assert file.read_bytes() == damaged

    @pytest.mark.files
    def test_a_home_that_cant_be_written(self, start: Start) -> None:
        # Not even root can write there.
        terminal = start(env={"CREDTUI_HOME": "/proc/credtui"})
        terminal.wait_for("There are no API credentials yet.")
        terminal.press("n")
        terminal.wait_for("Credential name")
        terminal.send("Payout gateway")
        terminal.wait_for("Payout gateway")
        terminal.wait_quiet()
        terminal.press("enter")
        terminal.wait_for("Can't use /proc/credtui")
        # The dialog is there again, with what was entered.
        assert "Payout gateway" in terminal.text
        terminal.press("escape")
        terminal.wait_for("There are no API credentials yet.")

    @pytest.mark.files
    def test_a_home_that_is_no_folder(self, start: Start, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        terminal = start(env={"CREDTUI_HOME": str(tmp_path / "file")})
        assert terminal.wait_exit() != 0
        said = " ".join(terminal.text.split())
        assert said.startswith("credtui: ")
        assert "Traceback" not in said


def test_the_secrets_grammar_finds_what_is_on_screen(start: Start) -> None:
    """The pattern of scanners matches the secret on screen, which is in one piece at 80x24."""
    terminal = start()
    secret = generate(terminal, "Payout gateway")
    assert [line for line in terminal.lines if re.search(SECRET_PATTERN, line)]
    assert terminal.text.count(secret) == 1


def test_a_demo_leaves_nothing_when_the_line_drops(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "credtui", "demo"]
    with Terminal(argv, env={"TMPDIR": str(tmp_path)}, cwd=SOURCES) as terminal:
        terminal.wait_for("Treasury sync")
        assert list(tmp_path.iterdir())
        terminal.hang_up()
        terminal.wait_exit()
        assert list(tmp_path.iterdir()) == []


class TestSignals:
    @pytest.mark.parametrize(
        "number",
        [signal.SIGINT, signal.SIGQUIT, signal.SIGABRT, signal.SIGUSR2, signal.SIGALRM],
    )
    def test_a_secret_leaves_the_screen_with_the_program(
        self, start: Start, number: signal.Signals
    ) -> None:
        terminal = start()
        secret = generate(terminal, "Payout gateway")
        terminal.process.send_signal(number)
        assert terminal.wait_exit() == 128 + number
        erased, _, after = terminal.bytes_received.rpartition(b"\x1b[?1049l")
        assert len(re.findall(rb"\x1b\[\d+H\x1b\[2K", erased)) == 24
        assert secret.encode() not in after
        assert terminal.is_cooked()
        assert terminal.private_modes & {1000, 1003, 1004, 1006, 1049, 2004} == set()
        assert secret not in "\n".join([terminal.text, *terminal.scrollback])

    def test_ctrl_and_backslash_is_only_a_key(self, start: Start) -> None:
        terminal = start()
        secret = generate(terminal, "Payout gateway")
        terminal.press("ctrl+\\")
        terminal.press("v")
        terminal.wait_for("Press Enter or Escape to return")
        terminal.press("ctrl+\\")
        terminal.wait_for("Save your secret now")
        assert secret in terminal.text
