import os
import pwd

import pytest

from credtui.cli.caller import local_actor
from tests.support import SECRET


def user_name() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def test_local_actor_is_the_operating_system_s_user() -> None:
    # Anybody can set these variables to any name.
    actor = local_actor("command line", {"USER": "mallory", "LOGNAME": "mallory"})
    assert actor.operator == user_name()
    assert actor.address is None
    assert actor.fingerprint is None
    assert actor.channel == "command line"


@pytest.mark.parametrize(
    ("connection", "address"),
    [
        ("203.0.113.9 50000 198.51.100.1 22", "203.0.113.9"),
        ("2001:db8::9 50000 2001:db8::1 22", "2001:db8::9"),
        ("fe80::1%eth0 50000 fe80::2%eth0 22", "fe80::1%eth0"),
        ("", None),
        ("   ", None),
        ("::ffff:203.0.113.9 50000 ::1 22", "203.0.113.9"),
        ("2001:DB8:0::9 50000 2001:db8::1 22", "2001:db8::9"),
        ("fe80::1%\x1b[2J 1", "fe80::1"),
        ("fe80::1%aaaaaaaaaaaaaaaa 1", "fe80::1"),
        ("UNKNOWN 65535 UNKNOWN 65535", None),
        ("\x1b[2Jx 1", None),
        ("\udcff 1", None),
        (f"{SECRET.get_secret_value()} 50000", None),
        ("9" * 100_000, None),
    ],
)
def test_local_actor_has_the_address_of_an_ssh_client(connection: str, address: str | None) -> None:
    actor = local_actor("portal", {"SSH_CONNECTION": connection})
    assert actor.address == address
    assert actor.model_dump_json()
