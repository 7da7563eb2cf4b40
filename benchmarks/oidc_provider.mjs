// Serves oidc-provider with one client that may use the client credentials grant.
//
// Arguments: the port, "opaque" or "jwt" for the format of access tokens, and the client's ID, its
// secret and its audience. This file must lie in the folder in which oidc-provider is installed.

import { randomBytes } from "node:crypto";

import Provider from "oidc-provider";

const [port, format, clientId, secret, audience] = process.argv.slice(2);

const signingKey = randomBytes(32);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: clientId,
      client_secret: secret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: "client_secret_post",
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: () => ({
        scope: "payments",
        audience,
        accessTokenFormat: format,
        accessTokenTTL: 3600,
        // The algorithm with which credtui signs.
        jwt: { sign: { alg: "HS256", key: signingKey } },
      }),
    },
  },
  routes: { token: "/v2/oauth/token" },
  scopes: ["payments"],
  ttl: { ClientCredentials: 3600 },
});

provider.listen(Number(port), "127.0.0.1");
