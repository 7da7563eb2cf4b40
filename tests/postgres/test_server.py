"""The tests' own PostgreSQL servers do what other tests take for granted."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.postgres import certificates, programs
from tests.postgres.pgbouncer import pgbouncer
from tests.postgres.server import Server, wait
from tests.postgres.shared import create_database, drop_database, shared_server, shared_url


@pytest.fixture
def primary() -> Iterator[Server]:
    with Server.create() as server:
        server.execute("CREATE TABLE numbers (number int)")
        yield server


def numbers(server: Server) -> list[int]:
    return [number for (number,) in server.execute("SELECT number FROM numbers ORDER BY number")]


def test_a_server_keeps_its_port_and_what_was_committed(primary: Server) -> None:
    url = primary.url()
    for end in (primary.stop, primary.kill):
        primary.execute("INSERT INTO numbers VALUES (1)")
        end()
        with pytest.raises(psycopg.OperationalError, match="refused"):
            primary.execute("SELECT 1")
        primary.start()
        assert primary.url() == url
    assert numbers(primary) == [1, 1]


def test_settings_of_a_new_and_of_a_running_server(primary: Server) -> None:
    assert primary.execute("SHOW fsync") == [("off",)]
    primary.configure(lock_timeout="7s", fsync="on")
    assert primary.execute("SHOW lock_timeout") == [("7s",)]
    assert primary.execute("SHOW fsync") == [("on",)]
    with Server.create(settings={"fsync": "on", "max_connections": "7"}) as other:
        assert other.execute("SHOW fsync") == [("on",)]
        assert other.execute("SHOW max_connections") == [("7",)]


def test_a_server_that_cannot_start_says_what_it_logged() -> None:
    with pytest.raises(RuntimeError, match='unrecognized configuration parameter "no_such"'):
        Server.create(settings={"no_such": "1"})


def test_a_new_server_takes_another_port_if_one_is_taken(
    primary: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = iter((primary.port, primary.port, primary.port + 1))
    monkeypatch.setattr("tests.postgres.server.free_port", lambda: next(ports))
    with Server.create() as other:
        assert other.port == primary.port + 1
        assert "Address already in use" in other.log


def test_a_paused_server_answers_after_it_goes_on(primary: Server) -> None:
    with psycopg.connect(primary.url(), autocommit=True) as connection:
        primary.pause()
        connection.pgconn.send_query(b"INSERT INTO numbers VALUES (1)")
        connection.pgconn.flush()
        time.sleep(0.1)
        connection.pgconn.consume_input()
        assert connection.pgconn.is_busy()
        primary.resume()
        while (result := connection.pgconn.get_result()) is not None:
            assert result.command_status == b"INSERT 0 1"
    assert numbers(primary) == [1]


def test_a_standby_takes_over_and_the_old_primary_follows_it(primary: Server) -> None:
    with primary.standby("second", synchronous=True) as standby:
        primary.execute("INSERT INTO numbers VALUES (1)")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            standby.execute("INSERT INTO numbers VALUES (2)")
        primary.kill()
        standby.promote()
        standby.execute("INSERT INTO numbers VALUES (2)")
        assert numbers(standby) == [1, 2]

        assert primary.rewind_from(standby, "old")
        primary.start()
        standby.wait_for_standby("old")
        standby.configure(synchronous_standby_names="old", synchronous_commit="remote_apply")
        standby.execute("INSERT INTO numbers VALUES (3)")
        assert numbers(primary) == [1, 2, 3]


def test_a_commit_waits_for_its_synchronous_standby(primary: Server) -> None:
    with primary.standby("second", synchronous=True) as standby:
        standby.pause()
        with psycopg.connect(primary.url()) as connection:
            connection.execute("INSERT INTO numbers VALUES (1)")
            connection.pgconn.send_query(b"COMMIT")
            waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            wait(lambda: primary.execute(waits) == [(1,)], lambda: primary.log)
            standby.resume()
            result = connection.pgconn.get_result()
            assert result is not None
            assert result.command_status == b"COMMIT"
            assert connection.pgconn.get_result() is None


def test_a_rewind_tells_that_it_failed(primary: Server) -> None:
    assert not primary.rewind_from(primary)
    assert "pg_rewind failed" in primary.log


def test_pgbouncer_shares_one_connection_between_clients(primary: Server) -> None:
    who = "SELECT pg_backend_pid()"
    with (
        pgbouncer(primary, pool_size=1) as pooler,
        psycopg.connect(pooler.url(), prepare_threshold=None, autocommit=True) as one,
        psycopg.connect(pooler.url(), prepare_threshold=None, autocommit=True) as other,
    ):
        assert one.execute(who).fetchall() == other.execute(who).fetchall()


def test_tls_is_checked_against_the_authority_and_the_host_name(tmp_path: Path) -> None:
    authority = certificates.authority()
    ours, another = tmp_path / "ours.crt", tmp_path / "another.crt"
    ours.write_bytes(authority.pem)
    another.write_bytes(certificates.authority().pem)

    certificate = certificates.server_certificate(authority, "localhost")
    with Server.create(binaries=programs.debian_15(), tls=certificate) as server:

        def connect(host: str, root: Path) -> None:
            url = server.url().replace("@127.0.0.1", f"@{host}")
            strict = f"sslmode=verify-full&sslrootcert={root}&hostaddr=127.0.0.1"
            with psycopg.connect(f"{url}?{strict}") as connection:
                mine = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                assert connection.execute(mine).fetchone() == (True,)

        connect("localhost", ours)
        with pytest.raises(psycopg.OperationalError, match="does not match host name"):
            connect("127.0.0.1", ours)
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            connect("localhost", another)


def test_databases_of_the_shared_server(postgres_server: Server) -> None:
    assert postgres_server is shared_server()
    url = create_database("first")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT 1 AS number")
    create_database("second", template="first")
    script = (
        "from tests.postgres.shared import *; import psycopg;"
        "print(psycopg.connect(shared_url('second')).execute('TABLE numbers').fetchall())"
    )
    program = [sys.executable, "-c", script]
    assert subprocess.run(program, check=True, capture_output=True, text=True).stdout == "[(1,)]\n"
    with psycopg.connect(shared_url("second")):
        drop_database("second")
    drop_database("second")
    drop_database("first")
    with pytest.raises(psycopg.OperationalError, match='"first" does not exist'):
        psycopg.connect(url)


@pytest.mark.parametrize("paused", [False, True])
def test_a_killed_test_process_leaves_nothing_behind(*, paused: bool) -> None:
    script = (
        "from tests.postgres import programs; from tests.postgres.server import Server;"
        "server = Server.create(); print(programs.home(), server.port, flush=True);"
        f"{'server.pause();' if paused else ''} print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        home, port = process.stdout.readline().split()
        process.stdout.readline()
        (lock_file,) = Path(home).rglob("postmaster.pid")
        memory = lock_file.read_text().splitlines()[6].split()[1]
        assert memory in shared_memory()
        os.kill(process.pid, signal.SIGKILL)
    wait(lambda: not Path(home).exists(), lambda: home)
    wait(lambda: home not in running_programs(), running_programs)
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres")
    assert memory not in shared_memory()


def running_programs() -> str:
    return subprocess.run(["ps", "axww"], check=True, capture_output=True, text=True).stdout


def shared_memory() -> set[str]:
    """Return the identifiers of the machine's System V shared memory."""
    with Path("/proc/sysvipc/shm").open() as file:
        return {line.split()[1] for line in file}
