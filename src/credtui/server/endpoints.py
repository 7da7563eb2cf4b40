"""What each endpoint answers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from credtui.domain.client import Client
from credtui.domain.errors import ClientNotAuthenticatedError
from credtui.domain.token_url import issuer_of
from credtui.server.log import facts_of
from credtui.server.mistakes import mistake_in_credentials
from credtui.server.oauth import (
    Answer,
    OAuthError,
    invalid_client,
    invalid_token,
    missing_token,
)
from credtui.server.openapi import DESCRIPTION
from credtui.server.parameters import read_credentials, read_parameters, required
from credtui.service.clients.service import ClientService
from credtui.service.clients.tokens import SCOPE

GRANT_TYPE = "client_credentials"


class Endpoint:
    """An endpoint as an ASGI application: Starlette would wrap a function in two layers."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)


class Endpoints:
    """Answers requests. Each method takes a request and returns the response.

    A method raises an `OAuthError` if it can't understand the request, a `ClientError` if the
    service refuses it, and a `StoreError` if the store can't be used.

    Args:
        clients: The service that does what clients ask for.
        token_url: The address at which clients request access tokens.
    """

    def __init__(self, clients: ClientService, token_url: str) -> None:
        self._clients = clients
        self._metadata = _metadata(token_url)
        self._description = {**DESCRIPTION, "servers": [{"url": issuer_of(token_url)}]}

    async def token(self, request: Request) -> Response:
        """`POST /v2/oauth/token`: issue an access token."""
        parameters = await read_parameters(request)
        grant_type = required(parameters, "grant_type")
        if grant_type != GRANT_TYPE:
            raise OAuthError("unsupported_grant_type", f"grant_type must be {GRANT_TYPE}.")
        audience = required(parameters, "audience")
        client = await self._authenticate(request, parameters)
        token = self._clients.issue(client, audience, facts_of(request.scope)["address"])
        return Answer(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": self._clients.token_lifetime,
                "scope": SCOPE,
            }
        )

    async def test(self, request: Request) -> Response:
        """`GET /v2/oauth/token/test`: tell whether an access token is valid."""
        headers = request.headers.getlist("authorization")
        if not headers:
            raise missing_token()
        scheme, _, token = headers[0].partition(" ")
        if len(headers) > 1 or scheme.lower() != "bearer":
            raise missing_token()
        token = token.strip()
        if token.startswith("csk_"):
            raise invalid_token(
                "This is a secret, not an access token. Request an access token with it."
            )
        claims = await self._clients.read(token)
        if claims is None:
            raise invalid_token(
                "The access token is unknown, expired or revoked, or its credential was rotated "
                "or deleted. Request another."
            )
        facts_of(request.scope)["client_id"] = claims.client_id
        return Answer(
            [{"message": "token_ok", "seconds_to_expiry": self._clients.seconds_left(claims)}]
        )

    async def introspect(self, request: Request) -> Response:
        """`POST /oauth/introspect`: tell the API's gateway what an access token allows."""
        parameters = await read_parameters(request)
        token = required(parameters, "token")
        gateway = await self._authenticate(request, parameters)
        claims = await self._clients.introspect(gateway, token)
        if claims is None:
            return Answer({"active": False})
        return Answer(
            {
                "active": True,
                "scope": SCOPE,
                "client_id": claims.client_id,
                "sub": claims.client_id,
                "token_type": "Bearer",
                "aud": claims.audience,
                "iat": claims.issued_at,
                "exp": claims.expires_at,
                "jti": claims.token,
                "iss": self._metadata["issuer"],
            }
        )

    async def revoke(self, request: Request) -> Response:
        """`POST /oauth/revoke`: make one of the client's access tokens invalid."""
        parameters = await read_parameters(request)
        token = required(parameters, "token")
        client = await self._authenticate(request, parameters)
        await self._clients.revoke(client, token)
        return Answer({})

    async def metadata(self, _: Request) -> Response:
        """`GET /.well-known/oauth-authorization-server`: tell clients which endpoints there are."""
        return Answer(self._metadata)

    async def health(self, _: Request) -> Response:
        """`GET /healthz`: tell whether clients get answers, for which the store is needed."""
        await self._clients.check()
        return Answer({"status": "ok"})

    async def liveness(self, _: Request) -> Response:
        """`GET /livez`: tell that the process is alive."""
        return Answer({"status": "ok"})

    async def openapi(self, _: Request) -> Response:
        """`GET /openapi.json`: describe the endpoints."""
        return Answer(self._description)

    async def _authenticate(self, request: Request, parameters: Mapping[str, str]) -> Client:
        credentials = read_credentials(request, parameters)
        facts = facts_of(request.scope)
        facts["client_id"] = credentials.client_id
        try:
            client = await self._clients.authenticate(
                credentials.client_id, credentials.secret, facts["address"]
            )
        except ClientNotAuthenticatedError:
            sent = credentials.client_id, credentials.secret.get_secret_value()
            if mistake := mistake_in_credentials(*sent):
                raise invalid_client(mistake) from None
            raise
        facts["organization"] = client.place.organization
        return client


def _metadata(token_url: str) -> Mapping[str, Any]:
    """Return the metadata of RFC 8414, with the addresses by which clients reach the server."""
    issuer = issuer_of(token_url)
    methods = ["client_secret_basic", "client_secret_post"]
    return {
        "issuer": issuer,
        "token_endpoint": token_url,
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "grant_types_supported": [GRANT_TYPE],
        "response_types_supported": [],
        "scopes_supported": [SCOPE],
        "token_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
    }
