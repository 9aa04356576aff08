import Provider from "npm:oidc-provider@9.13.3";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Claims of an account at the provider. */
export type AccountClaims = Record<string, string | boolean | string[]>;

/** Options of an {@linkcode OidcProvider}. */
export interface ProviderOptions {
  /** URL to which it sends browsers back. */
  redirectUri: string;
  /** Claims by the name of the account. */
  accounts: Record<string, AccountClaims>;
  /** Secret of the client; none for a public client. */
  clientSecret?: string;
}

/** Id of the registry at the provider. */
export const CLIENT_ID = "skerry";

/** The provider `oidc-provider`, which is certified for OpenID Connect, on the loopback interface. */
export class OidcProvider implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server, readonly url: string) {
    this.#server = server;
  }

  /** Starts a provider. */
  static async start({ redirectUri, accounts, clientSecret }: ProviderOptions): Promise<OidcProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const names = new Set(Object.values(accounts).flatMap((claims) => Object.keys(claims)));
    const provider = new Provider(url, {
      clients: [{
        client_id: CLIENT_ID,
        redirect_uris: [redirectUri],
        ...(clientSecret === undefined
          ? { token_endpoint_auth_method: "none" }
          : { client_secret: clientSecret }),
      }],
      claims: { openid: ["sub", ...names] },
      conformIdTokenClaims: false,
      findAccount: (_context: unknown, id: string) =>
        Object.hasOwn(accounts, id)
          ? { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }
          : undefined,
    });
    server.on("request", provider.callback());
    return new OidcProvider(server, url);
  }

  /** Logs in at the provider as a person does in a browser. Returns the URL to which it sends the browser back. */
  async logIn(url: string, account: string): Promise<string> {
    const cookies = new Map<string, string>();
    let next = url;
    for (let step = 0; step < 12; step++) {
      if (!next.startsWith(this.url)) return next;
      const response = await this.#visit(next, cookies);
      const location = response.headers.get("Location");
      const text = await response.text();
      if (location !== null) {
        next = new URL(location, this.url).href;
        continue;
      }
      const [, action, prompt] = /<form[^>]* action="([^"]+)".*?name="prompt" value="(\w+)"/s.exec(text) ??
        [];
      if (action === undefined || prompt === undefined) {
        throw new Error(`No form at the provider: ${response.status} ${text.slice(0, 500)}`);
      }
      const form = new URLSearchParams({
        prompt,
        ...(prompt === "login" && { login: account, password: "x" }),
      });
      const posted = await this.#visit(new URL(action, this.url).href, cookies, form);
      await posted.body?.cancel();
      next = new URL(posted.headers.get("Location")!, this.url).href;
    }
    throw new Error("The provider does not come to an end");
  }

  async #visit(url: string, cookies: Map<string, string>, body?: URLSearchParams): Promise<Response> {
    const response = await fetch(url, {
      redirect: "manual",
      headers: { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(body && { method: "POST", body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      cookies.set(name!, value!);
    }
    return response;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
