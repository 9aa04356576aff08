import * as z from "zod/mini";
import { StartError } from "../../../config/mod.ts";
import { type BearerChallenge, readChallenge } from "../../challenge.ts";
import type { Credentials } from "./credentials.ts";

/** Milliseconds until a request is given up. */
const REQUEST_LIMIT_MS = 60_000;

/** Milliseconds before the end of a token's life from which it is not used. */
const TOKEN_MARGIN_MS = 10_000;

/** Lifetime of a token without `expires_in`, in seconds, as the token protocol has it. */
const DEFAULT_LIFETIME_SECONDS = 60;

/** Answer of a token service. */
const TOKEN = z.object({
  token: z.optional(z.string()),
  access_token: z.optional(z.string()),
  expires_in: z.optional(z.number()),
});

/** A request to a path of the registry. */
export interface SessionRequest {
  /** Method; GET by default. */
  method?: string;
  /** Further headers. */
  headers?: Record<string, string>;
  /** Scope of the token, as `repository:app:*`. */
  scope: string;
  /**
   * Sends the password itself. `required` where no token is accepted, as by requests for administrators; `preferred`
   * where a token of the scope would show less.
   */
  password?: "required" | "preferred";
}

interface Token {
  authorization: string;
  goodUntil: number;
}

/**
 * Requests to a running registry as an account, or anonymously. Follows no redirect, and sends credentials only to the
 * registry and to the token service that it names.
 */
export class Session {
  readonly #url: URL;
  readonly #credentials: Credentials | undefined;
  readonly #tokens = new Map<string, Token>();
  #challenge: Promise<BearerChallenge | "basic" | undefined> | undefined;

  /** Session at the address of a registry. */
  constructor(url: URL, credentials?: Credentials) {
    this.#url = url;
    this.#credentials = credentials;
  }

  /**
   * Sends a request.
   *
   * @throws {StartError} if the registry cannot be reached or refuses the login.
   */
  async send(path: string, { scope, password, headers = {}, ...init }: SessionRequest): Promise<Response> {
    const basic = password === undefined ? undefined : this.#basic();
    const authorization = basic ?? (password === "required" ? undefined : await this.#authorize(scope));
    const response = await this.#fetch(new URL(path, this.#url), {
      ...init,
      headers: { ...headers, ...(authorization !== undefined && { Authorization: authorization }) },
    });
    if (response.status !== 401 || authorization !== undefined || this.#credentials === undefined) {
      return response;
    }
    await response.body?.cancel();
    throw new StartError(
      "Cannot do this with the token of the stored login: add --username, which asks for the password",
    );
  }

  /** Value of `Authorization` for a scope; `undefined` if the registry requires none. */
  async #authorize(scope: string): Promise<string | undefined> {
    const challenge = await (this.#challenge ??= this.#ask());
    if (challenge === undefined || challenge === "basic") return this.#basic();
    const known = this.#tokens.get(scope);
    if (known !== undefined && Date.now() < known.goodUntil) return known.authorization;
    const token = await this.#tokenFor(challenge, scope);
    this.#tokens.set(scope, token);
    return token.authorization;
  }

  async #ask(): Promise<BearerChallenge | "basic" | undefined> {
    const response = await this.#fetch(new URL("/v2/", this.#url), {});
    await response.body?.cancel();
    if (response.status !== 401) return undefined;
    try {
      return readChallenge(response.headers.get("WWW-Authenticate"), this.#url);
    } catch (error) {
      throw new StartError((error as Error).message, { cause: error });
    }
  }

  async #tokenFor(challenge: BearerChallenge, scope: string): Promise<Token> {
    const sentAt = Date.now();
    const response = await this.#requestToken(challenge, scope);
    const text = await response.text();
    if (response.status === 401) {
      throw new StartError(`Cannot log in to ${this.#url.host}: wrong name or password`);
    }
    const answer = response.status === 200 ? z.safeParse(TOKEN, parseJson(text)) : undefined;
    const token = answer?.data?.token ?? answer?.data?.access_token;
    if (token === undefined) {
      throw new StartError(
        `Cannot log in: the token service ${challenge.realm.href} answered ${response.status}`,
      );
    }
    const lifetime = (answer?.data?.expires_in ?? DEFAULT_LIFETIME_SECONDS) * 1000;
    return { authorization: `Bearer ${token}`, goodUntil: sentAt + lifetime - TOKEN_MARGIN_MS };
  }

  async #requestToken({ realm, service }: BearerChallenge, scope: string): Promise<Response> {
    const credentials = this.#credentials;
    if (credentials !== undefined && "refreshToken" in credentials) {
      const { refreshToken } = credentials;
      const body = {
        grant_type: "refresh_token",
        refresh_token: refreshToken,
        service,
        scope,
        client_id: "skerry",
      };
      return await this.#fetch(realm, { method: "POST", body: new URLSearchParams(body) });
    }
    const url = new URL(realm);
    url.searchParams.set("service", service);
    url.searchParams.set("scope", scope);
    const authorization = this.#basic();
    return await this.#fetch(url, {
      headers: authorization === undefined ? {} : { Authorization: authorization },
    });
  }

  #basic(): string | undefined {
    const credentials = this.#credentials;
    if (credentials === undefined || "refreshToken" in credentials) return undefined;
    const { user, password } = credentials;
    return `Basic ${new TextEncoder().encode(`${user}:${password}`).toBase64()}`;
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
    } catch (error) {
      const { message, cause } = error as Error;
      throw new StartError(
        `Cannot reach ${url.origin}: ${cause instanceof Error ? cause.message : message}`,
        {
          cause: error,
        },
      );
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
