import { createHash } from "node:crypto";
import * as oauth from "oauth4webapi";
import { RegistryError, unavailable } from "../../oci/mod.ts";
import type { ProviderConfig } from "../auth_config.ts";
import { accountName } from "../passwords/mod.ts";
import type { Principal } from "../principal.ts";
import { documentUrl, listClaims, textClaims } from "../workloads/mod.ts";
import { boundedFetch } from "./bounded_fetch.ts";

/** Secrets of a login that has begun. The browser keeps them in a cookie until it comes back from the provider. */
export interface LoginAttempt {
  /** Comes back in the URL: another site cannot end a login that this browser has not begun (RFC 6749 §10.12). */
  state: string;
  /** Comes back in the ID token, so that one of another login is rejected (OpenID Connect Core 1.0 §3.1.2.1). */
  nonce: string;
  /** Proves to the provider that the client of the code began the login (RFC 7636). */
  verifier: string;
}

/** Options of {@linkcode LoginProvider}. */
export interface LoginProviderOptions {
  /** URL of this registry to which the provider sends the browser back. */
  redirectUri: string;
  /** Milliseconds that a request to the provider may take. */
  timeout?: number;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
}

/** Milliseconds for which the provider's discovery document is in memory. */
const DISCOVERY_TTL_MS = 60 * 60_000;

/** Milliseconds after which an account of a provider logs in again: the registry does not ask it meanwhile. */
const LOGIN_LIFETIME_MS = 12 * 60 * 60_000;

/** Milliseconds that a request to the provider may take by default. */
const TIMEOUT_MS = 10_000;

/** Provider of logins by OpenID Connect: the authorization code flow with PKCE, state and nonce. */
export class LoginProvider {
  readonly #config: ProviderConfig;
  readonly #redirectUri: string;
  readonly #client: oauth.Client;
  readonly #now: () => number;
  readonly #http: {
    signal: () => AbortSignal;
    [oauth.customFetch]: typeof boundedFetch;
    [oauth.allowInsecureRequests]: boolean;
  };
  #server: { metadata: oauth.AuthorizationServer; until: number } | undefined;

  /**
   * Provider of a configuration. Fetches nothing before the first login.
   *
   * @throws {TypeError} for a URL that is not safe to fetch.
   */
  constructor(
    config: ProviderConfig,
    { redirectUri, timeout = TIMEOUT_MS, now = Date.now }: LoginProviderOptions,
  ) {
    this.#config = config;
    this.#redirectUri = redirectUri;
    this.#client = { client_id: config.clientId, [oauth.clockTolerance]: 60 };
    this.#now = now;
    this.#http = {
      signal: () => AbortSignal.timeout(timeout),
      [oauth.customFetch]: boundedFetch,
      // `documentUrl` allows plain HTTP to this host only.
      [oauth.allowInsecureRequests]: documentUrl(config.issuer).protocol === "http:",
    };
  }

  /**
   * Begins a login: the URL of the provider for the browser, and the secrets of the attempt.
   *
   * @throws {RegistryError} 503 if the provider cannot be reached.
   */
  async begin(): Promise<{ url: string; attempt: LoginAttempt }> {
    const url = endpointOf(await this.#discover());
    const attempt = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
    };
    const parameters = {
      client_id: this.#config.clientId,
      redirect_uri: this.#redirectUri,
      response_type: "code",
      scope: this.#config.scopes.join(" "),
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return { url: url.href, attempt };
  }

  /**
   * Ends a login with the parameters that the provider has given to the browser:
   *
   * 1. Check the state of the attempt, and the issuer (RFC 9207): the answer is one to this attempt.
   * 2. Exchange the code with the verifier. The provider takes a code once.
   * 3. Check the ID token: signature, issuer, audience, times and nonce.
   *
   * @throws {RegistryError} 403 if the login failed, 503 if the provider cannot be reached.
   */
  async finish(callback: URLSearchParams, attempt: LoginAttempt): Promise<Principal> {
    const server = await this.#discover();
    try {
      const parameters = oauth.validateAuthResponse(server, this.#client, callback, attempt.state); // 1
      const response = await oauth.authorizationCodeGrantRequest( // 2
        server,
        this.#client,
        this.#authentication(server),
        parameters,
        this.#redirectUri,
        attempt.verifier,
        this.#http,
      );
      const result = await oauth.processAuthorizationCodeResponse(server, this.#client, response, { // 3
        expectedNonce: attempt.nonce,
        requireIdToken: true,
      });
      await oauth.validateApplicationLevelSignature(server, response, this.#http);
      return this.#principalOf(oauth.getValidatedIdTokenClaims(result)!);
    } catch (error) {
      throw failureOf(error);
    }
  }

  async #discover(): Promise<oauth.AuthorizationServer> {
    const known = this.#server;
    if (known !== undefined && this.#now() < known.until) return known.metadata;
    const issuer = new URL(this.#config.issuer);
    try {
      const response = await oauth.discoveryRequest(issuer, { algorithm: "oidc", ...this.#http });
      const metadata = await oauth.processDiscoveryResponse(issuer, response);
      this.#server = { metadata, until: this.#now() + DISCOVERY_TTL_MS };
      return metadata;
    } catch (error) {
      throw broken(error);
    }
  }

  #authentication(server: oauth.AuthorizationServer): oauth.ClientAuth {
    const { clientSecret } = this.#config;
    if (clientSecret === undefined) return oauth.None();
    // `client_secret_basic` is the default of OpenID Connect Discovery 1.0 §3.
    const methods = server.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    return methods.includes("client_secret_basic")
      ? oauth.ClientSecretBasic(clientSecret)
      : oauth.ClientSecretPost(clientSecret);
  }

  #principalOf(claims: oauth.IDToken): Principal {
    const { issuer, clientId, subject } = this.#config;
    const value = Object.hasOwn(claims, subject) ? claims[subject] : undefined;
    const name = typeof value === "string" ? accountName(value) : undefined;
    if (name === undefined) {
      throw refused(`The provider's claim "${subject}" is absent, or not the name of an account`);
    }
    // The owner of an address is known only if the provider has checked it.
    if (subject === "email" && claims["email_verified"] !== true) {
      throw refused("The provider has not verified your e-mail address");
    }
    return {
      kind: "oidc",
      name: `oidc:${name}`,
      issuer,
      claims: textClaims(claims),
      claimLists: listClaims(claims),
      credential: createHash("sha256").update(JSON.stringify([issuer, clientId, claims.sub])).digest(
        "base64url",
      ),
      expiresAt: this.#now() + LOGIN_LIFETIME_MS,
    };
  }
}

/** URL for the browser. */
function endpointOf({ authorization_endpoint = "" }: oauth.AuthorizationServer): URL {
  try {
    return documentUrl(authorization_endpoint);
  } catch (error) {
    throw broken(error);
  }
}

/** Error for the client. Its cause, for the log, may name the reason; the client may be an attacker. */
function failureOf(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  if (error instanceof oauth.AuthorizationResponseError) {
    return refused(`The provider refused the login: ${error.error.slice(0, 100)}`, error);
  }
  const isProtocol = error instanceof oauth.OperationProcessingError ||
    error instanceof oauth.ResponseBodyError ||
    error instanceof oauth.WWWAuthenticateChallengeError;
  return isProtocol ? refused("The answer of the provider is not valid: log in again", error) : broken(error);
}

function refused(message: string, cause?: unknown): RegistryError {
  return new RegistryError("DENIED", message, { cause });
}

function broken(cause: unknown): RegistryError {
  return unavailable("The provider of logins cannot be reached, or is not configured rightly", {
    seconds: 5,
    cause,
  });
}
