"""The whole contract holds on PostgreSQL 15 behind PgBouncer in transaction mode.

The run is a process of its own: the tests find the server through environment variables. No test is
left out, because the store keeps nothing in a session of the server: no prepared statement, no
setting, no lock but those of an open transaction.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.postgres import programs
from tests.postgres.pgbouncer import pgbouncer
from tests.postgres.server import Server
from tests.postgres.shared import ADDRESS
from tests.stores import APPLICATION, POOLER

ROOT = Path(__file__).parents[3]
CONTRACT = "tests/store/test_contract.py"


def test_the_contract() -> None:
    settings = {"max_connections": "300", "log_connections": "on"}
    with (
        Server.create(binaries=programs.debian_15(), settings=settings) as server,
        pgbouncer(server) as pooler,
    ):
        assert server.execute("SHOW server_version_num")[0][0].startswith("15")
        addresses = {
            ADDRESS: f"127.0.0.1:{server.port}",
            POOLER: f"127.0.0.1:{pooler.port}",
        }
        words = ["-q", "-n", "0", "--store", "postgres", "-k", "postgres or Preferences"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words, CONTRACT],
            cwd=ROOT,
            env={**os.environ, **addresses},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert " passed" in done.stdout
        assert "skipped" not in done.stdout
        # PgBouncer connects as the superuser, and without it the store would as the application.
        assert server.log.count("user=postgres database=of_") > 40
        assert f"user={APPLICATION}" not in server.log
