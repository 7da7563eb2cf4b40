"""The OpenAPI description of the endpoints, as data."""

from collections.abc import Mapping
from typing import Any

from credtui import __version__

Data = Mapping[str, Any]


def _text(description: str, **more: Any) -> Data:
    return {"type": "string", "minLength": 1, "description": description, **more}


def _object(required: list[str], properties: Data) -> Data:
    return {"type": "object", "required": required, "properties": properties}


def _json(description: str, schema: Data, headers: Data | None = None) -> Data:
    response = {"description": description, "content": {"application/json": {"schema": schema}}}
    return {**response, "headers": headers} if headers else response


def _body(schema: Data) -> Data:
    return {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {"schema": schema},
            "application/json": {"schema": schema},
        },
    }


_ERROR = {"$ref": "#/components/schemas/Error"}
_WHO = {
    "client_id": _text("The Client ID; left out with HTTP Basic.", maxLength=2048),
    "client_secret": _text("The secret; left out with HTTP Basic.", maxLength=2048),
}
_RETRY_AFTER = {
    "Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}},
}
_AUTHENTICATE = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
_PLAIN_ERRORS = {
    "400": _json("The request can't be understood, or a parameter is wrong.", _ERROR),
    "401": _json("The client is unknown, or its secret is wrong.", _ERROR, _AUTHENTICATE),
    "403": _json("The client may not do this, or not from this address.", _ERROR),
    "413": _json("The body is too long.", _ERROR),
    "429": _json("Too many wrong secrets or revocations.", _ERROR, _RETRY_AFTER),
    "503": _json("The store can't be read at the moment.", _ERROR, _RETRY_AFTER),
}
_BASIC_OR_BODY: list[Data] = [{}, {"basic": []}]

_TOKEN_REQUEST = _object(
    ["grant_type", "audience"],
    {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "audience": _text("What the token is for.", maxLength=2048),
        **_WHO,
    },
)
_TOKEN = _object(
    ["access_token", "token_type", "expires_in", "scope"],
    {
        "access_token": {"type": "string"},
        "token_type": {"type": "string", "enum": ["Bearer"]},
        "expires_in": {"type": "integer", "minimum": 1, "description": "Seconds."},
        "scope": {"type": "string"},
    },
)
_STATUS = _object(["status"], {"status": {"type": "string", "enum": ["ok"]}})
_ABOUT_TOKEN = _object(["token"], {"token": _text("An access token."), **_WHO})


def _token_operation(name: str) -> Data:
    return {
        "post": {
            "operationId": name,
            "summary": "Request an access token",
            "security": _BASIC_OR_BODY,
            "requestBody": _body(_TOKEN_REQUEST),
            "responses": {"200": _json("An access token.", _TOKEN), **_PLAIN_ERRORS},
        }
    }


DESCRIPTION: Data = {
    "openapi": "3.1.0",
    "info": {
        "title": "credtui token endpoint",
        "version": __version__,
        "description": "OAuth 2.0 client credentials: RFC 6749, 6750, 7009, 7662, 8414 and 8707.",
    },
    "paths": {
        "/v2/oauth/token": _token_operation("requestToken"),
        "/oauth/token": _token_operation("requestTokenUnversioned"),
        "/v2/oauth/token/test": {
            "get": {
                "operationId": "testToken",
                "summary": "Test an access token",
                "security": [{"bearer": []}],
                "responses": {
                    "200": _json(
                        "The token counts.",
                        {
                            "type": "array",
                            "items": _object(
                                ["message", "seconds_to_expiry"],
                                {
                                    "message": {"type": "string", "enum": ["token_ok"]},
                                    "seconds_to_expiry": {"type": "integer", "minimum": 0},
                                },
                            ),
                        },
                    ),
                    "401": _json("The token doesn't count.", _ERROR, _AUTHENTICATE),
                    "503": _PLAIN_ERRORS["503"],
                },
            }
        },
        "/oauth/introspect": {
            "post": {
                "operationId": "introspectToken",
                "summary": "Introspect an access token",
                "security": _BASIC_OR_BODY,
                "requestBody": _body(_ABOUT_TOKEN),
                "responses": {
                    "200": _json(
                        "What the token is good for.",
                        _object(["active"], {"active": {"type": "boolean"}}),
                    ),
                    **_PLAIN_ERRORS,
                },
            }
        },
        "/oauth/revoke": {
            "post": {
                "operationId": "revokeToken",
                "summary": "Revoke an access token",
                "security": _BASIC_OR_BODY,
                "requestBody": _body(_ABOUT_TOKEN),
                "responses": {
                    "200": _json("The token doesn't count, or never did.", {"type": "object"}),
                    **_PLAIN_ERRORS,
                },
            }
        },
        "/.well-known/oauth-authorization-server": {
            "get": {
                "operationId": "describeServer",
                "summary": "What this server offers (RFC 8414)",
                "responses": {"200": _json("Metadata.", {"type": "object"})},
            }
        },
        "/healthz": {
            "get": {
                "operationId": "checkHealth",
                "summary": "Whether clients get answers",
                "responses": {
                    "200": _json("They do.", _STATUS),
                    "503": _PLAIN_ERRORS["503"],
                },
            }
        },
        "/livez": {
            "get": {
                "operationId": "checkLiveness",
                "summary": "Whether the process is alive",
                "responses": {"200": _json("It is.", _STATUS)},
            }
        },
    },
    "components": {
        "schemas": {
            "Error": _object(
                ["error", "error_description"],
                {"error": {"type": "string"}, "error_description": {"type": "string"}},
            )
        },
        "securitySchemes": {
            "basic": {"type": "http", "scheme": "basic"},
            "bearer": {"type": "http", "scheme": "bearer"},
        },
    },
}
