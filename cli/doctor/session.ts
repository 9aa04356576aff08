import { readChallenge } from "../challenge.ts";

/** Name and secret of an account. */
export interface Credentials {
  /** Name of a user or robot. */
  user: string;
  /** Its password or token. */
  password: string;
}

/** Options of a session. */
export interface SessionOptions {
  /** Address of the registry, without a path. */
  url: URL;
  /** Account; anonymous if absent. */
  credentials?: Credentials;
  /** Certificates in PEM to trust besides those of the machine. */
  caCerts?: string[];
}

/** A request of a session. */
export interface SessionRequest extends RequestInit {
  /** Scope of the token, as `repository:app:pull`; anonymous if absent. */
  scope?: string;
  /** Milliseconds until the request is given up; a minute by default. */
  limitMs?: number;
}

/** Milliseconds until a request without much content is given up. */
const REQUEST_LIMIT_MS = 60_000;

/** Milliseconds until a transfer is given up, besides the time that it takes by intention. */
export const TRANSFER_LIMIT_MS = 600_000;

/**
 * Requests to one registry, as a client of it sends them. Never follows a redirect by itself, and sends credentials only
 * to the registry and its token service.
 */
export class Session implements Disposable {
  /** Address of the registry. */
  readonly url: URL;
  readonly #client: Deno.HttpClient;
  readonly #credentials: Credentials | undefined;
  readonly #authorizations = new Map<string, string | undefined>();

  /** With `keepAlive: false` each request opens a new connection. */
  constructor({ url, credentials, caCerts = [] }: SessionOptions, { keepAlive }: { keepAlive: boolean }) {
    this.url = url;
    this.#credentials = credentials;
    this.#client = Deno.createHttpClient({
      caCerts,
      ...(!keepAlive && { poolMaxIdlePerHost: 0, http2: false }),
    });
  }

  /** Sends a request to a path of the registry, or to a URL without credentials. */
  async send(
    target: string | URL,
    { scope, limitMs = REQUEST_LIMIT_MS, ...init }: SessionRequest = {},
  ): Promise<Response> {
    const headers = new Headers(init.headers);
    const authorization = scope === undefined ? undefined : await this.authorize(scope);
    if (authorization !== undefined) headers.set("Authorization", authorization);
    const limit = AbortSignal.timeout(limitMs);
    return await fetch(new URL(target, this.url), {
      ...init,
      headers,
      redirect: "manual",
      client: this.#client,
      signal: init.signal ? AbortSignal.any([init.signal, limit]) : limit,
    });
  }

  /** The value of `Authorization` for a scope; `undefined` if the registry asks for none. Requested once. */
  async authorize(scope: string): Promise<string | undefined> {
    if (!this.#authorizations.has(scope)) {
      const ping = await this.send("/v2/");
      await ping.body?.cancel();
      this.#authorizations.set(scope, await this.#answer(ping, scope));
    }
    return this.#authorizations.get(scope);
  }

  /** Number of requests that a client sends before the first one with content. */
  async loginRounds(scope: string): Promise<number> {
    return (await this.authorize(scope))?.startsWith("Bearer ") ? 2 : 1;
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    this.#client.close();
  }

  /** Answers the challenge of a 401, as https://distribution.github.io/distribution/spec/auth/token/ describes. */
  async #answer({ status, headers }: Response, scope: string): Promise<string | undefined> {
    if (status !== 401) return undefined;
    const challenge = readChallenge(headers.get("WWW-Authenticate"), this.url);
    if (challenge === undefined || challenge === "basic") return this.#basic();
    const { realm, service } = challenge;
    realm.searchParams.set("service", service);
    realm.searchParams.set("scope", scope);
    const basic = this.#basic();
    const response = await this.send(realm, basic === undefined ? {} : { headers: { Authorization: basic } });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`Cannot log in: the token service answered ${response.status}`);
    }
    const { token, access_token: other } = await response.json();
    return `Bearer ${token ?? other}`;
  }

  #basic(): string | undefined {
    if (this.#credentials === undefined) return undefined;
    const { user, password } = this.#credentials;
    return `Basic ${new TextEncoder().encode(`${user}:${password}`).toBase64()}`;
  }
}
