"""The OpenAPI description is true for any request."""

import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from credtui.configuration import ServerSettings
from credtui.server.openapi import DESCRIPTION
from tests.server.serving import PATIENCE, Account, Server

schema = schemathesis.openapi.from_dict(dict(DESCRIPTION))

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


@pytest.fixture(scope="module")
def known(server: Server) -> Account:
    return Account(server.store, "described")


@schema.parametrize()
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent(case: Case[Any], server: Server, known: Account) -> None:
    number = zlib.crc32(repr(case.body).encode(errors="replace"))
    if isinstance(case.body, dict) and number % 2:
        # The server looks at the rest only if the client is authenticated.
        case.body = {**case.body, **known.form()}
    # Each example comes from an address of its own, so that none is throttled.
    headers = {"X-Forwarded-For": f"10.77.{number >> 8 & 255}.{number >> 16 & 255}"}
    answer = case.call(base_url=server.url, headers=headers, timeout=PATIENCE)
    case.validate_response(answer, checks=CHECKS)
    assert "Traceback" not in answer.text


def test_it_is_served(server: Server) -> None:
    described = httpx.get(f"{server.url}/openapi.json", timeout=PATIENCE).json()
    assert described == {**DESCRIPTION, "servers": [{"url": "http://127.0.0.1:8000"}]}


def test_a_success_is_as_described(server: Server, known: Account) -> None:
    answer = httpx.post(server.token_url, data=known.form(), timeout=PATIENCE)
    assert answer.status_code == 200
    assert schema["/v2/oauth/token"]["POST"].is_valid_response(answer)
    answer = httpx.post(server.token_url, data={}, timeout=PATIENCE)
    assert schema["/v2/oauth/token"]["POST"].is_valid_response(answer)


def test_the_guide_names_every_address_and_setting() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "token-endpoint.md").read_text()
    for name in (*DESCRIPTION["paths"], *ServerSettings.model_fields):
        assert f"{name}`" in guide, name


def test_every_route_is_described(server: Server) -> None:
    assert {line["path"] for line in server.lines if "path" in line} - {"other"} <= {
        *DESCRIPTION["paths"],
        "/openapi.json",
    }
