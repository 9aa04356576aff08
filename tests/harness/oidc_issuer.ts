import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from "jose";

/** Faults of an {@linkcode OidcIssuer}. */
export type IssuerQuirk = "down" | "slow" | "huge" | "redirect" | "html";

/** Differences of a token from one that the issuer would issue. */
export interface TokenTricks {
  /** Header parameters over the usual ones. */
  header?: Record<string, unknown>;
  /**
   * The signer: the newest key by default; `stranger`, an unpublished key under the name of the newest one; `embedded`,
   * the same with the key in the header; `publicKey`, HS256 with the text of the public key as the secret (RFC 8725
   * §2.1); `unsigned`, with `alg: none`.
   */
  signer?: "newest" | "stranger" | "embedded" | "publicKey" | "unsigned";
}

/** Options of an {@linkcode OidcIssuer}. */
export interface IssuerOptions {
  /** Path of its URL, empty by default. */
  path?: string;
  /** Algorithm of its keys, RS256 by default. */
  alg?: string;
  /** `aud` of its tokens, `registry.test` by default. */
  audience?: string;
  /** The present in milliseconds since the epoch, by the clock of the issuer. */
  now?: () => number;
}

interface SigningKey {
  kid: string;
  alg: string;
  jwk: JWK;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
}

/** An issuer of OpenID Connect tokens on the loopback interface. */
export class OidcIssuer implements AsyncDisposable {
  /** Requests that it was sent, whatever it answered. */
  readonly requests = { discovery: 0, jwks: 0, other: 0 };
  /** Its present faults. */
  quirk: IssuerQuirk | undefined;
  /** Fields of the discovery document over the usual ones. */
  discovery: Record<string, unknown> = {};
  /** `Cache-Control` of the keys. */
  cacheControl = "max-age=600";
  /** Media type of the keys; a request that does not accept it is answered with 406. */
  keysType = "application/json";
  /** Keys beside its own in the set, as they are. */
  strangeKeys: unknown[] = [];

  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #options: Required<IssuerOptions>;
  readonly #ended = Promise.withResolvers<void>();
  #keys: SigningKey[] = [];
  #made = 0;

  private constructor(options: IssuerOptions) {
    this.#options = { path: "", alg: "RS256", audience: "registry.test", now: Date.now, ...options };
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => this.#answer(new URL(request.url), request.headers.get("Accept") ?? ""),
    );
  }

  /** One that listens, and has a key. */
  static async start(options: IssuerOptions = {}): Promise<OidcIssuer> {
    const issuer = new OidcIssuer(options);
    await issuer.rotate();
    return issuer;
  }

  /** Its `iss`. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}${this.#options.path}`;
  }

  /** URL of its keys. */
  get jwksUri(): string {
    return new URL("/keys", this.url).href;
  }

  /** Requests in all. */
  get requestCount(): number {
    return this.requests.discovery + this.requests.jwks + this.requests.other;
  }

  /** Makes a key, which signs from now on, and answers its id; those before are published on. */
  async rotate(alg: string = this.#options.alg): Promise<string> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `key-${++this.#made}`;
    const jwk = { ...await exportJWK(publicKey), kid, alg, use: "sig" };
    this.#keys.unshift({ kid, alg, jwk, privateKey, publicKey });
    return kid;
  }

  /** Publishes the newest key alone. */
  retire(): void {
    this.#keys.length = 1;
  }

  /** A token with these claims over the usual ones, good for five minutes; a claim that is `undefined` is left out. */
  async mint(claims: Record<string, unknown> = {}, tricks: TokenTricks = {}): Promise<string> {
    const { signer = "newest" } = tricks;
    const key = this.#keys[0]!;
    const payload = JSON.parse(JSON.stringify({ ...this.#claims(), ...claims }));
    if (signer === "unsigned") return new UnsecuredJWT(payload).encode();
    if (signer === "publicKey") {
      const secret = new TextEncoder().encode(await exportSPKI(key.publicKey));
      return await new SignJWT(payload).setProtectedHeader({ alg: "HS256", kid: key.kid, ...tricks.header })
        .sign(secret);
    }
    const header = { alg: key.alg, kid: key.kid, typ: "JWT" };
    if (signer === "newest") {
      return await new SignJWT(payload).setProtectedHeader({ ...header, ...tricks.header })
        .sign(key.privateKey);
    }
    const stranger = await generateKeyPair(key.alg, { extractable: true });
    const embedded = signer === "embedded" ? { jwk: await exportJWK(stranger.publicKey) } : {};
    return await new SignJWT(payload).setProtectedHeader({ ...header, ...embedded, ...tricks.header })
      .sign(stranger.privateKey);
  }

  /** Stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.resolve();
    await this.#server.shutdown();
  }

  /** Claims of a job of GitHub Actions, as far as these tests use them. */
  #claims(): Record<string, unknown> {
    const now = Math.floor(this.#options.now() / 1000);
    return {
      iss: this.url,
      aud: this.#options.audience,
      sub: "repo:acme/app:ref:refs/heads/main",
      iat: now,
      nbf: now,
      exp: now + 300,
      jti: crypto.randomUUID(),
      repository: "acme/app",
      repository_id: "1296269",
      ref: "refs/heads/main",
      event_name: "push",
    };
  }

  async #answer({ pathname, search }: URL, accept: string): Promise<Response> {
    const base = this.#options.path.replace(/\/$/, "");
    const kind = pathname === `${base}/.well-known/openid-configuration`
      ? "discovery"
      : pathname === "/keys"
      ? "jwks"
      : "other";
    this.requests[kind]++;
    if (kind === "other") return new Response("Not here", { status: 404 });
    // What is asked for again after a redirection is told by its query.
    if (this.quirk !== undefined && search === "") return await this.#misbehave(this.quirk, pathname);
    if (kind === "discovery") {
      return Response.json({ issuer: this.url, jwks_uri: this.jwksUri, ...this.discovery });
    }
    const keys = [...this.strangeKeys, ...this.#keys.map(({ jwk }) => jwk)];
    if (!accept.includes(this.keysType)) return new Response("406: Not Acceptable", { status: 406 });
    const headers = { "Cache-Control": this.cacheControl, "Content-Type": this.keysType };
    return Response.json({ keys }, { headers });
  }

  async #misbehave(quirk: IssuerQuirk, pathname: string): Promise<Response> {
    switch (quirk) {
      case "down":
        return new Response("Later", { status: 503 });
      case "slow":
        await this.#ended.promise;
        return new Response("Too late", { status: 503 });
      case "huge":
        return new Response(endless(), { headers: { "Content-Type": "application/json" } });
      case "redirect":
        return new Response(null, { status: 302, headers: { Location: `${pathname}?moved` } });
      case "html":
        return new Response("<html>", { headers: { "Content-Type": "text/html" } });
    }
  }
}

function endless(): ReadableStream<Uint8Array> {
  const chunk = new TextEncoder().encode(" ".repeat(65_536));
  return new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
}
