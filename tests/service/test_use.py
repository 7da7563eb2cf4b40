"""Identifying secrets, usage, replacing credentials, and requesting an access token."""

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer

import pytest
from pydantic import SecretStr

from credtui.domain.audit import Action
from credtui.domain.identification import MAX_IDENTIFICATIONS, Belongs
from credtui.domain.permissions import Actor, Operator, Permission
from credtui.domain.place import Place
from credtui.domain.refusals import (
    AlreadyReplacedError,
    CapReachedError,
    CredentialChangedError,
    NoSuchCredentialError,
    NothingReplacedError,
    PermissionDeniedError,
    ReplacesAnotherError,
    StillUsedError,
    TooManyAttemptsError,
)
from credtui.domain.usage import Usage, hour_of
from credtui.service.credentials import CredentialService
from credtui.service.token_request import TokenReply, request_token
from credtui.store.port import Store
from tests.conftest import MakeService
from tests.support import ALICE, PRODUCTION, SECRET, SteppedClock, Watch

pytestmark = pytest.mark.each_store

ACME = Place("uat", "acme")
BOB = Actor(operator="bob")


def use(store: Store, client_id: str, clock: SteppedClock) -> None:
    usage = Usage(last_used_at=clock(), last_used_from="10.0.0.5", issued={hour_of(clock()): 1})
    store.add_usage(ACME, {client_id: usage})


class TestIdentify:
    def test_a_present_secret(self, service: CredentialService, clock: SteppedClock) -> None:
        service.generate("Other")
        issued = service.generate("Payout gateway")
        clock.advance()
        found = service.identify(issued.secret)
        assert found.belongs is Belongs.CURRENT
        assert found.credential == issued.credential
        assert (found.generation, found.since) == (1, issued.credential.created_at)

    def test_a_previous_secret(self, service: CredentialService, clock: SteppedClock) -> None:
        issued = service.generate("Payout gateway")
        clock.advance()
        rotated = service.rotate(issued.credential.client_id)
        clock.advance()
        again = service.rotate(issued.credential.client_id)
        for one, since in ((issued, rotated), (rotated, again)):
            found = service.identify(one.secret)
            assert found.belongs is Belongs.RETIRED
            assert found.credential == again.credential
            assert found.generation == one.credential.generation
            assert found.since == since.credential.rotated_at
        assert service.identify(again.secret).belongs is Belongs.CURRENT

    def test_the_answer_in_words(self, service: CredentialService, clock: SteppedClock) -> None:
        issued = service.generate("Payout gateway")
        whose = f"Payout gateway ({issued.credential.client_id})"
        assert service.identify(issued.secret).sentence == (
            f"It is the secret of {whose}, generation 1, since 2026-03-01 09:30 UTC."
        )
        clock.advance(timedelta(days=1))
        service.rotate(issued.credential.client_id)
        assert service.identify(issued.secret).sentence == (
            f"It was the secret of {whose}, generation 1, and was replaced at 2026-03-02 09:30 "
            "UTC. It no longer works."
        )
        for text, beginning in (
            (SECRET.get_secret_value(), "None of the credentials has this secret or had it"),
            ("x", "It is not a secret"),
        ):
            assert service.identify(SecretStr(text)).sentence.startswith(beginning)

    def test_a_secret_of_nobody_is_unknown(self, service: CredentialService) -> None:
        service.generate("Payout gateway")
        found = service.identify(SECRET)
        assert found.belongs is Belongs.UNKNOWN
        assert found.credential is None

    def test_another_organizations_secret_is_as_unknown(self, make_service: MakeService) -> None:
        issued = make_service(organization="globex").generate("Payout gateway")
        assert make_service().identify(issued.secret).belongs is Belongs.UNKNOWN

    def test_another_environments_secret_is_recognised(self, make_service: MakeService) -> None:
        issued = make_service(environment=PRODUCTION).generate("Payout gateway")
        assert make_service().identify(issued.secret).belongs is Belongs.OTHER_ENVIRONMENT

    @pytest.mark.parametrize("text", ["", "csk_uat_x", SECRET.get_secret_value()[:-1] + "!"])
    def test_anything_else_is_not_a_secret(self, service: CredentialService, text: str) -> None:
        assert service.identify(SecretStr(text)).belongs is Belongs.NOT_A_SECRET

    def test_each_time_is_audited_without_the_secret(
        self, service: CredentialService, store_folder: Path
    ) -> None:
        issued = service.generate("Payout gateway")
        service.identify(issued.secret)
        service.identify(SECRET)
        unknown, known, _ = service.events()
        assert (known.action, known.outcome) == (Action.IDENTIFY, "done")
        assert known.client_id == issued.credential.client_id
        assert known.detail == "current secret, generation 1"
        assert (unknown.client_id, unknown.detail) == (None, "no credential's secret")
        for secret in (issued.secret, SECRET):
            for path in store_folder.rglob("*"):
                if path.is_file():
                    assert secret.get_secret_value().encode() not in path.read_bytes()

    def test_a_person_who_asks_too_often_waits(
        self, make_service: MakeService, clock: SteppedClock
    ) -> None:
        for _ in range(MAX_IDENTIFICATIONS):
            make_service().identify(SECRET)
        with pytest.raises(TooManyAttemptsError, match="Wait a minute"):
            make_service().identify(SECRET)
        assert make_service().events()[0].reason == "too_many_attempts"
        make_service(BOB).identify(SECRET)
        clock.advance(timedelta(seconds=61))
        make_service().identify(SECRET)

    def test_a_person_without_access_is_told_nothing(
        self, make_service: MakeService, set_operators: Callable[..., None]
    ) -> None:
        issued = make_service().generate("Payout gateway")
        set_operators(
            Operator(name="alice"),
            Operator(name="bob", permissions={"acme": Permission.CAN_VIEW}),
        )
        with pytest.raises(PermissionDeniedError):
            make_service(ALICE).identify(issued.secret)
        assert make_service(BOB).identify(issued.secret).belongs is Belongs.CURRENT


class TestUsage:
    def test_the_page_shows_what_its_credentials_were_used_for(
        self, service: CredentialService, store: Store, clock: SteppedClock
    ) -> None:
        client_id = service.generate("Payout gateway").credential.client_id
        use(store, client_id, clock)
        use(store, "cid_" + "x" * 16, clock)
        page = service.page()
        assert list(page.usage) == [client_id]
        assert page.usage[client_id].last_used_from == "10.0.0.5"
        assert page.usage[client_id].issued_lately(clock()) == 1

    def test_a_person_without_access_sees_none(
        self,
        service: CredentialService,
        store: Store,
        clock: SteppedClock,
        set_operators: Callable[..., None],
    ) -> None:
        use(store, service.generate("Payout gateway").credential.client_id, clock)
        set_operators(Operator(name="alice"))
        assert service.page().usage == {}

    def test_use_is_noticed(
        self, service: CredentialService, store: Store, clock: SteppedClock
    ) -> None:
        watch = Watch(service.version)
        client_id = service.generate("Payout gateway").credential.client_id
        assert watch.changed()
        assert not watch.changed()
        use(store, client_id, clock)
        assert watch.changed()

    @pytest.mark.files
    def test_usage_that_can_not_be_read_hides_no_credential(
        self, service: CredentialService, store_folder: Path
    ) -> None:
        service.generate("Payout gateway")
        (store_folder / "uat" / ".usage" / "acme.json").mkdir(parents=True)
        assert len(service.page().credentials) == 1


class TestReplace:
    def test_from_the_old_one_to_the_new_one(
        self, make_service: MakeService, store: Store, clock: SteppedClock
    ) -> None:
        old = make_service().generate("Payout gateway").credential
        use(store, old.client_id, clock)
        new = make_service().replace(old.client_id, "Payout gateway 2").credential
        assert new.replaces == old.client_id
        assert make_service(BOB).page().successor_of(old.client_id) == new
        assert make_service(BOB).page().primary == old.client_id
        with pytest.raises(StillUsedError, match=r"10\.0\.0\.5"):
            make_service().finish_replacement(old.client_id)
        clock.advance(timedelta(hours=24))
        assert make_service().finish_replacement(old.client_id, seen=1) == old
        page = make_service().page()
        assert [kept.client_id for kept in page.credentials] == [new.client_id]
        assert page.credentials[0].replaces is None
        assert page.primary == new.client_id

    def test_each_step_is_audited_on_the_old_one(self, service: CredentialService) -> None:
        old = service.generate("Payout gateway").credential
        new = service.replace(old.client_id, "Payout gateway 2").credential
        service.finish_replacement(old.client_id)
        finished, replaced, _ = service.events()
        assert replaced.action is Action.REPLACE
        assert replaced.detail == f"by {new.client_id}"
        assert finished.action is Action.FINISH_REPLACEMENT
        assert replaced.client_id == finished.client_id == old.client_id

    def test_it_is_refused_at_the_cap(self, service: CredentialService) -> None:
        old = service.generate("One").credential
        service.generate("Two")
        service.generate("Three")
        with pytest.raises(CapReachedError, match="Delete a credential"):
            service.replace(old.client_id, "Four")
        assert service.events()[0].reason == "cap_reached"

    def test_it_is_refused_twice_for_one(self, service: CredentialService) -> None:
        old = service.generate("One").credential
        service.replace(old.client_id, "Two")
        with pytest.raises(AlreadyReplacedError):
            service.replace(old.client_id, "Three")

    def test_it_is_refused_for_one_that_is_replacing_another(
        self, service: CredentialService
    ) -> None:
        old = service.generate("One").credential
        new = service.replace(old.client_id, "Two").credential
        with pytest.raises(ReplacesAnotherError, match=r"^Two is replacing another credential"):
            service.replace(new.client_id, "Three")
        refused = service.events()[0]
        assert (refused.outcome, refused.reason) == ("refused", "replaces_another")
        assert len(service.page().credentials) == 2
        service.finish_replacement(old.client_id)
        service.replace(new.client_id, "Three")

    def test_what_is_gone_can_not_be_replaced(self, service: CredentialService) -> None:
        with pytest.raises(NoSuchCredentialError):
            service.replace("cid_" + "x" * 16, "Two")

    def test_finishing_needs_a_replacement_that_was_seen(self, service: CredentialService) -> None:
        old = service.generate("One").credential
        with pytest.raises(NothingReplacedError):
            service.finish_replacement(old.client_id)
        service.replace(old.client_id, "Two")
        service.rotate(old.client_id)
        with pytest.raises(CredentialChangedError):
            service.finish_replacement(old.client_id, seen=1)

    def test_it_needs_the_permission(
        self, service: CredentialService, set_operators: Callable[..., None]
    ) -> None:
        old = service.generate("One").credential
        set_operators(Operator(name="alice", permissions={"acme": Permission.CAN_VIEW}))
        with pytest.raises(PermissionDeniedError):
            service.replace(old.client_id, "Two")
        with pytest.raises(PermissionDeniedError):
            service.finish_replacement(old.client_id)


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[tuple[str, list[bytes]]]:
    """A server on the loopback address that gives one answer and keeps what it was asked."""
    asked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/token", asked
        finally:
            server.shutdown()
            thread.join()


ODD = [b'{"error": null}', b'{"error": ""}', b'{"error": 5}', b'{"access_token": ""}']
NOT_TESTED = "The secret was not tested."


def place(url: str) -> str:
    return url.split("/")[2]


def request(url: str) -> TokenReply:
    return request_token(url, "cid_" + "x" * 16, SECRET, "urn:test", timeout=20)


class TestRequestToken:
    def test_a_token_is_reported_and_not_told(self) -> None:
        answer = {"access_token": "abcdef", "token_type": "Bearer", "expires_in": 3600}
        with answering(200, json.dumps(answer).encode()) as (url, asked):
            reply = request(url)
        assert (reply.ok, reply.status, reply.expires_in) == (True, 200, 3600)
        assert "abcdef" not in repr(reply)
        assert b"audience=urn%3Atest" in asked[0]

    def test_a_refusal_is_told_safely(self) -> None:
        said = f"\x1b[31mnot {SECRET.get_secret_value()}"
        answer = {"error": "invalid_client", "error_description": said}
        with answering(401, json.dumps(answer).encode()) as (url, _):
            reply = request(url)
        assert (reply.ok, reply.status, reply.error) == (False, 401, "invalid_client")
        assert reply.error_description == "\ufffd[31mnot [secret]"

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b"\xff", b"[" * 60_000, *ODD])
    @pytest.mark.parametrize("status", [200, 404, 502])
    def test_an_answer_of_another_server(self, status: int, body: bytes) -> None:
        with answering(status, body) as (url, _):
            reply = request(url)
        assert not reply.ok
        assert reply.sentence == (
            f"The answer from {place(url)} (HTTP {status}) is not a token endpoint's, and the "
            f"secret was sent there. {NOT_TESTED}"
        )

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (404, "not_found"),
            (405, "method_not_allowed"),
            (413, "invalid_request"),
            (429, "temporarily_unavailable"),
            (500, "server_error"),
            (503, "temporarily_unavailable"),
        ],
    )
    def test_an_answer_that_is_no_verdict(self, status: int, error: str) -> None:
        answer = {"error": error, "error_description": "Try again later."}
        with answering(status, json.dumps(answer).encode()) as (url, _):
            reply = request(url)
        assert reply.sentence == f"HTTP {status} {error}: Try again later. {NOT_TESTED}"

    @pytest.mark.parametrize(
        ("status", "error"),
        [(400, "invalid_target"), (401, "invalid_client"), (403, "access_denied")],
    )
    def test_a_verdict(self, status: int, error: str) -> None:
        answer = {"error": error, "error_description": "No."}
        with answering(status, json.dumps(answer).encode()) as (url, _):
            reply = request(url)
        assert reply.sentence.startswith(f"It does not work: HTTP {status} {error}: No. It took")

    def test_a_redirect_is_not_followed(self) -> None:
        with (
            answering(200, b"{}") as (elsewhere, asked),
            answering(307, b"", Location=elsewhere) as (url, _),
        ):
            assert request(url).status == 307
        assert asked == []

    def test_what_is_sent_in_clear_goes_through_no_proxy(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with answering(200, b"{}") as (url, asked), answering(502, b"{}") as (proxy, seen):
            for name in ("http_proxy", "https_proxy", "all_proxy"):
                monkeypatch.setenv(name, proxy)
            assert request(url).status == 200
        assert len(asked) == 1
        assert seen == []

    def test_with_tls_a_proxy_is_told_the_address_alone(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[bytes] = []

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                while line := self.rfile.readline().strip():
                    seen.append(line)
                self.wfile.write(b"HTTP/1.1 403 No\r\n\r\n")
                seen.append(self.rfile.read())

        with TCPServer(("127.0.0.1", 0), Handler) as server:
            server.timeout = 20
            serving = threading.Thread(target=server.handle_request)
            serving.start()
            monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.server_address[1]}")
            reply = request("https://auth.invalid/token")
            serving.join()
        assert reply.status is None
        assert seen, "nobody asked the proxy"
        assert seen[0].startswith(b"CONNECT auth.invalid:443 ")
        assert SECRET.get_secret_value().encode() not in b"\n".join(seen)

    def test_nobody_is_there(self) -> None:
        with answering(200, b"") as (url, _):
            pass
        reply = request(url)
        assert (reply.ok, reply.status) == (False, None)
        assert reply.sentence == (
            f"Nothing answers at {place(url)}. Is `credtui serve` running? {NOT_TESTED}"
        )

    def test_nobody_is_there_who_could_be_the_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with answering(200, b"") as (proxy, _):
            pass
        monkeypatch.setenv("https_proxy", proxy.replace("//", "//somebody:password@"))
        reply = request("https://auth.invalid/token")
        assert reply.sentence == (
            f"Nothing answers at auth.invalid through the proxy {place(proxy)}. {NOT_TESTED}"
        )

    def test_a_name_that_nobody_has(self) -> None:
        reply = request("https://auth.invalid/v2/oauth/token")
        assert reply.sentence.startswith("Looking up auth.invalid failed: ")
        assert reply.sentence.endswith(f". {NOT_TESTED}")

    def test_no_tls_where_the_address_says_https(self) -> None:
        with answering(200, b"{}") as (url, asked):
            reply = request(url.replace("http:", "https:"))
        assert asked == []
        assert reply.sentence == f"TLS with {place(url)} failed: wrong version number. {NOT_TESTED}"

    def test_a_certificate_that_is_not_trusted(self, tmp_path: Path) -> None:
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
                *("-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)),
            ],
            check=True,
            capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            where = f"127.0.0.1:{listening.getsockname()[1]}"

            def shake() -> None:
                connection, _ = listening.accept()
                with connection, suppress(OSError):
                    context.wrap_socket(connection, server_side=True)

            shaking = threading.Thread(target=shake)
            shaking.start()
            reply = request(f"https://{where}/token")
            shaking.join()
        assert reply.sentence.startswith(f"The certificate of {where} is not trusted: self")
        assert reply.sentence.endswith(f". {NOT_TESTED}")

    @pytest.mark.parametrize(
        "answer",
        [
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
            b"HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        ],
    )
    def test_somebody_is_there_who_does_not_speak_http(self, answer: bytes) -> None:
        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                while self.rfile.readline().strip():
                    pass
                self.wfile.write(answer)

        with TCPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.handle_request).start()
            url = f"http://127.0.0.1:{server.server_address[1]}/token"
            reply = request(url)
        assert (reply.ok, reply.status) == (False, None)
        assert reply.sentence == (
            f"What answers at {place(url)} does not answer in HTTP, and the secret was sent there. "
            f"{NOT_TESTED}"
        )

    @pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
    def test_somebody_is_there_who_never_comes_to_an_end(self, head: bytes) -> None:
        enough = threading.Event()

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(head)
                for _ in range(600):
                    self.wfile.write(b"x")
                    if enough.wait(0.05):
                        break

        with TCPServer(("127.0.0.1", 0), Handler) as server:
            serving = threading.Thread(target=server.handle_request)
            serving.start()
            where = f"127.0.0.1:{server.server_address[1]}"
            reply = request_token(
                f"http://{where}/token",
                "cid_" + "x" * 16,
                SECRET,
                "urn:test",
                timeout=0.5,
            )
            enough.set()
            serving.join()
        assert (reply.ok, reply.status) == (False, None)
        assert reply.sentence == f"No answer from {where} within 0.5 seconds. {NOT_TESTED}"

    @pytest.mark.parametrize("url", ["http://localhost:port/", "http://[::1/", "http://a..b/"])
    def test_an_address_that_is_none(self, url: str) -> None:
        reply = request(url)
        assert (reply.ok, reply.status) == (False, None)
        assert reply.sentence == f"{url} is not the address of a server. {NOT_TESTED}"
