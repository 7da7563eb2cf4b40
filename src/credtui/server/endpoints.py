"""The endpoints: what each answers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from credtui.domain.clock import Clock
from credtui.server.gate import Gate
from credtui.server.log import facts_of
from credtui.server.oauth import (
    Answer,
    OAuthError,
    invalid_token,
    missing_token,
)
from credtui.server.openapi import DESCRIPTION
from credtui.server.parameters import read_credentials, read_parameters, required
from credtui.service.clients.known import Client
from credtui.service.clients.tokens import SCOPE, AccessTokens, Claims
from credtui.service.clients.usage_recorder import UsageRecorder

GRANT_TYPE = "client_credentials"


class Endpoint:
    """An endpoint as an application. Around a function Starlette would put two layers more."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)


class Endpoints:
    """Answers requests. Each method takes one and returns the response, or raises an OAuthError."""

    def __init__(
        self,
        gate: Gate,
        tokens: AccessTokens,
        usage: UsageRecorder,
        *,
        clock: Clock,
        token_url: str,
        introspection_clients: frozenset[str],
    ) -> None:
        self._gate = gate
        self._tokens = tokens
        self._usage = usage
        self._clock = clock
        self._introspection_clients = introspection_clients
        self._metadata = _metadata(token_url)

    async def token(self, request: Request) -> Response:
        """`POST /v2/oauth/token`: issue an access token."""
        parameters = await read_parameters(request)
        grant_type = required(parameters, "grant_type")
        if grant_type != GRANT_TYPE:
            raise OAuthError("unsupported_grant_type", f"grant_type must be {GRANT_TYPE}.")
        audience = required(parameters, "audience")
        client = await self._admit(request, parameters)
        if audience != client.audience:
            raise OAuthError("invalid_target", f"The audience of this client is {client.audience}.")
        now = self._clock()
        token = self._tokens.issue(client, now)
        self._usage.record_token(client, facts_of(request.scope)["address"], now)
        return Answer(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": self._tokens.lifetime,
                "scope": SCOPE,
            }
        )

    async def test(self, request: Request) -> Response:
        """`GET /v2/oauth/token/test`: tell whether an access token counts."""
        headers = request.headers.getlist("authorization")
        if not headers:
            raise missing_token()
        scheme, _, token = headers[0].partition(" ")
        if len(headers) > 1 or scheme.lower() != "bearer":
            raise missing_token()
        claims = await self._read_token(token.strip())
        if claims is None:
            raise invalid_token(
                "The access token is unknown, expired or revoked, or its credential was rotated "
                "or deleted. Request another."
            )
        facts_of(request.scope)["client_id"] = claims.client_id
        left = claims.expires_at - int(self._clock().timestamp())
        return Answer([{"message": "token_ok", "seconds_to_expiry": max(left, 0)}])

    async def introspect(self, request: Request) -> Response:
        """`POST /oauth/introspect`: tell the API's gateway what an access token is good for."""
        parameters = await read_parameters(request)
        token = required(parameters, "token")
        gateway = await self._admit(request, parameters)
        if gateway.client_id not in self._introspection_clients:
            raise OAuthError(
                "unauthorized_client",
                "This client may not introspect access tokens: it is not among the configured "
                "introspection_clients.",
                status=403,
            )
        claims = await self._read_token(token)
        if claims is None or claims.environment != gateway.place.environment:
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
        client = await self._admit(request, parameters)
        now = self._clock()
        claims = self._tokens.read(token, now)
        if claims is not None:
            if claims.client_id != client.client_id:
                raise OAuthError("invalid_grant", "The access token was issued to another client.")
            await self._gate.work(self._tokens.revoke, claims, now)
        return Answer({})

    async def metadata(self, _: Request) -> Response:
        """`GET /.well-known/oauth-authorization-server`: tell clients what there is."""
        return Answer(self._metadata)

    async def health(self, _: Request) -> Response:
        """`GET /healthz`: tell that requests are answered."""
        return Answer({"status": "ok"})

    async def openapi(self, _: Request) -> Response:
        """`GET /openapi.json`: describe all this."""
        return Answer(DESCRIPTION)

    async def _admit(self, request: Request, parameters: Mapping[str, str]) -> Client:
        credentials = read_credentials(request, parameters)
        facts = facts_of(request.scope)
        facts["client_id"] = credentials.client_id
        address: str = facts["address"]
        client = await self._gate.admit(credentials.client_id, credentials.secret, address)
        facts["organization"] = client.place.organization
        if not client.may_come_from(address):
            raise OAuthError(
                "access_denied",
                f"{client.place.organization} does not allow its credentials to be used from "
                f"{address}.",
                status=403,
            )
        return client

    async def _read_token(self, token: str) -> Claims | None:
        """Return what an access token says if it counts at this moment."""
        claims = self._tokens.read(token, self._clock())
        if claims is None:
            return None
        client = await self._gate.find(claims.environment, claims.client_id)
        return claims if self._tokens.counts(claims, client) else None


def _metadata(token_url: str) -> Mapping[str, Any]:
    """Return what RFC 8414 asks for. The configured token address tells how clients see us."""
    address = urlsplit(token_url)
    issuer = f"{address.scheme}://{address.netloc}"
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
