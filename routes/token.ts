import { observer } from "../telemetry/observer.ts";
import type { Principal, TokenGrant, TokenIssuer, WorkloadPassword } from "../auth/interface.ts";
import { RegistryError } from "../oci/mod.ts";
import { basicChallenge, type Client } from "./access/mod.ts";
import { type Answer, badParameter, jsonAnswer, Parameters } from "./http/mod.ts";
import type { BodyHandler, Handler, ReadBody } from "./handler.ts";
import { MAX_FORM_BYTES } from "./middleware/mod.ts";

/** Dependencies of the token endpoints. */
export interface TokenOptions {
  /** Makes them. */
  service: TokenIssuer;
  /** JWK set that verifies the tokens. */
  jwks: () => Promise<unknown>;
  /**
   * Principal of a GET: by Basic in `Authorization`, by the client's certificate, or else anonymous. Not called for a
   * request with another scheme.
   *
   * @throws {RegistryError} 401 for invalid credentials, 429 if the login rate limit is reached.
   */
  identify(request: Request, client: Client): Principal | Promise<Principal>;
  /**
   * Principal of this name and password, which the body contained.
   *
   * @throws {RegistryError} as {@linkcode identify}.
   */
  login(username: string, password: string, client: Client): Promise<Principal>;
  /**
   * Workload password for an ID token of a workload's issuer.
   *
   * @throws {RegistryError} 401 for an invalid token, 503 if the issuer's keys cannot be fetched.
   */
  exchange(subjectToken: string): Promise<WorkloadPassword>;
}

/** Loads the options. `undefined` without authentication: these paths then answer 404. */
export type DeferredTokens = (() => Promise<TokenOptions>) | undefined;

/** Headers of an answer with a token, which no cache may store (RFC 6749 §5.1). */
const SECRET = { "Cache-Control": "no-store", Pragma: "no-cache" };

/** Seconds for which others may cache the JWK set: far less than the delay before a new key signs. */
const JWKS_MAX_AGE_SECONDS = 300;

/** `GET /token`: https://distribution.github.io/distribution/spec/auth/token/. */
export function getToken(tokens: DeferredTokens): Handler<"getToken"> {
  return async function getToken(route, request, _caller, client) {
    const { service, identify } = await open(tokens);
    service.checkService(route.service);
    try {
      const authorization = request.headers.get("Authorization");
      // A token is never issued for an access token: otherwise it could be renewed without end.
      if (authorization !== null && !/^basic /i.test(authorization)) {
        throw new RegistryError(
          "UNAUTHORIZED",
          "Cannot issue a token for another token: send a name and a password",
        );
      }
      const principal = await identify(request, client);
      client.principal = principal.name;
      const grant = await service.grant(principal, route);
      return jsonAnswer({ token: grant.token, ...answerOf(grant) }, SECRET);
    } catch (error) {
      throw error instanceof RegistryError ? withBasicChallenge(error, service.service) : error;
    }
  };
}

/** `POST /token`: https://distribution.github.io/distribution/spec/auth/oauth/, and the exchange of RFC 8693. */
export function postToken(tokens: DeferredTokens): BodyHandler<"postToken"> {
  return async function postToken(_route, request, _caller, client, readBody) {
    const options = await open(tokens);
    try {
      const form = await readForm(request, readBody);
      if (form.one("grant_type") === EXCHANGE) return jsonAnswer(await exchangeFor(form, options), SECRET);
      const grant = await grantFor(form, options, client);
      return jsonAnswer({ ...answerOf(grant), scope: grant.scope }, SECRET);
    } catch (error) {
      const isClients = error instanceof RegistryError && error.status < 500;
      if (isClients && error.status === 401) observer?.loginFailed("password");
      if (isClients) return oauthAnswer(withBasicChallenge(error, options.service.service));
      throw error;
    }
  };
}

/** `GET /.well-known/jwks.json`: RFC 7517 §5. */
export function getJwks(tokens: DeferredTokens): Handler<"getJwks"> {
  return async function getJwks() {
    const { jwks } = await open(tokens);
    return jsonAnswer(await jwks(), {
      "Content-Type": "application/jwk-set+json",
      "Cache-Control": `public, max-age=${JWKS_MAX_AGE_SECONDS}`,
    });
  };
}

function open(tokens: DeferredTokens): Promise<TokenOptions> {
  if (tokens !== undefined) return tokens();
  throw new RegistryError("UNSUPPORTED", "No such path", { status: 404 });
}

async function readForm(request: Request, readBody: ReadBody): Promise<Parameters> {
  if (!FORM_TYPE.test(request.headers.get("Content-Type") ?? "")) {
    throw new RegistryError("UNSUPPORTED", "Body must be application/x-www-form-urlencoded", { status: 400 });
  }
  return await readBody((body) => new Parameters(new TextDecoder().decode(body), MAX_FORM_BYTES));
}

const FORM_TYPE = /^application\/x-www-form-urlencoded *(;|$)/i;

async function grantFor(
  form: Parameters,
  { service, login }: TokenOptions,
  client: Client,
): Promise<TokenGrant> {
  const asked = {
    service: form.one("service"),
    scopes: form.all("scope"),
    client: form.one("client_id"),
    offline: form.one("access_type") === "offline",
  };
  service.checkService(asked.service);
  switch (form.one("grant_type")) {
    case "refresh_token":
      return await service.refresh(required(form, "refresh_token"), asked);
    case "password": {
      const [username, password] = [required(form, "username"), required(form, "password")];
      const principal = await login(username, password, client);
      client.principal = principal.name;
      return await service.grant(principal, asked);
    }
  }
  throw new UnsupportedGrantError();
}

/** RFC 8693 §2.1. */
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

/** RFC 8693 §3: what an issuer's token may be called. */
const SUBJECT_TOKEN_TYPES = ["jwt", "id_token"].map((type) => `urn:ietf:params:oauth:token-type:${type}`);

/** RFC 8693 §2.2.1. What comes out is no access token but a password that gets some, hence "N_A". */
async function exchangeFor(form: Parameters, { service, exchange }: TokenOptions): Promise<unknown> {
  service.checkService(form.one("service"));
  const type = required(form, "subject_token_type");
  if (!SUBJECT_TOKEN_TYPES.includes(type)) {
    throw badParameter("subject_token_type", `must be ${SUBJECT_TOKEN_TYPES.join(" or ")}`);
  }
  const { token, expiresIn } = await exchange(required(form, "subject_token"));
  return {
    access_token: token,
    issued_token_type: SUBJECT_TOKEN_TYPES[0],
    token_type: "N_A",
    expires_in: expiresIn,
  };
}

function required(form: Parameters, name: string): string {
  const value = form.one(name);
  if (value === undefined) throw badParameter(name, "is missing");
  return value;
}

class UnsupportedGrantError extends RegistryError {
  constructor() {
    const known = `password, refresh_token or ${EXCHANGE}`;
    super("UNSUPPORTED", `Parameter 'grant_type' must be ${known}`, { status: 400 });
  }
}

function answerOf({ token, expiresIn, issuedAt, refreshToken }: TokenGrant): Record<string, unknown> {
  return {
    access_token: token,
    expires_in: expiresIn,
    issued_at: new Date(issuedAt).toISOString(), // RFC 3339
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
  };
}

/**
 * An error in both forms: that of RFC 6749 §5.2, and that of distribution-spec, which Docker's client shows to people. A
 * wrong password is a 401 although the RFC says 400, since podman and skopeo know by that what to tell.
 */
function oauthAnswer(error: RegistryError): Answer {
  const code = error instanceof UnsupportedGrantError
    ? "unsupported_grant_type"
    : error.status === 401
    ? "invalid_grant"
    : "invalid_request";
  const body = { error: code, error_description: error.message, ...error.toJSON() };
  return jsonAnswer(body, { ...SECRET, ...error.headers }, error.status);
}

/** RFC 9110 §15.5.2: a 401 says how to log in. Here a token would be of no use. */
function withBasicChallenge(error: RegistryError, service: string): RegistryError {
  if (error.status !== 401) return error;
  const { code, message, detail, headers, cause } = error;
  return new RegistryError(code, message, {
    detail,
    headers: { ...headers, ...SECRET, "WWW-Authenticate": basicChallenge(service) },
    cause,
  });
}
