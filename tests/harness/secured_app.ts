/**
 * A registry that knows who asks, without a server: with the same parts as a process that is started has.
 *
 * @module
 */
import { readAccess } from "../../config/testing/access_config.ts";
import type { AuthConfig } from "../../auth/interface.ts";
import type { AuditEvent } from "../../registry/interface.ts";
import { openAccess } from "../../process/open/open_access.ts";
import type { RegistryOptions } from "../../registry/mod.ts";
import type { PublicFaceOptions } from "../../routes/mod.ts";
import { buildApp, type TestAppOptions, testStores } from "./app.ts";
import type { Send } from "./content.ts";
import { ADMINISTRATOR, type AuthText, basic, usersOf } from "./secured.ts";

/** URL of the registry in its own answers. */
export const URL_OF_APP = "https://registry.test";

/** Options that differ from the defaults. */
export interface SecuredOptions {
  /** Stores of another one, of which this is then another process. */
  stores?: Pick<RegistryOptions, "objects" | "table">;
  /** Decorator of the registry, such as a cache. */
  wrap?: NonNullable<TestAppOptions["wrap"]>;
  /** Public face; none by default. */
  publicFace?: Omit<PublicFaceOptions, "rights">;
  /** Delivery of blobs; through the registry by default. */
  delivery?: NonNullable<TestAppOptions["delivery"]>;
}

/** A registry, and what tests look at beside it. */
export interface SecuredApp extends Disposable {
  /** The configuration with all its defaults. */
  config: AuthConfig;
  /** Sends an anonymous request. */
  request: Send;
  /** The same with this `Authorization`. */
  as: (authorization: string) => Send;
  /** Sends a request from this address. */
  from: (address: string) => Send;
  /** Sends an anonymous request to this host, by TLS unless the scheme says otherwise. */
  at: (host: string, scheme?: "http" | "https") => Send;
  /** A token, as the value of `Authorization`, for these scopes. */
  tokenFor: (authorization: string | undefined, ...scopes: string[]) => Promise<string>;
  /** All that has been told to the log and the audit. */
  told: { log: unknown[]; audit: AuditEvent[] };
  /** Stores of the registry. */
  stores: Pick<RegistryOptions, "objects" | "table">;
}

/** `Authorization` of the user of this name, by {@linkcode usersOf}. */
export function passwordOf(username: string): string {
  return basic({ username, password: `${username}'s password` });
}

/** `Authorization` of who may do everything. */
export const ROOT: string = basic(ADMINISTRATOR);

/** Opens one. `auth` is as it is written, `users` names those with a password. */
export async function openSecuredApp(auth: AuthText, options: SecuredOptions = {}): Promise<SecuredApp> {
  const users = { ...await usersOf(ADMINISTRATOR.username), ...auth["users"] as Record<string, string> };
  const administrators = [`user:${ADMINISTRATOR.username}`];
  return await openBareApp({ administrators, ...auth, users }, options);
}

/** The same without {@linkcode ROOT}: with nothing but what `auth` says. */
export async function openBareApp(
  auth: AuthText,
  { stores = testStores(), wrap, publicFace, delivery }: SecuredOptions = {},
): Promise<SecuredApp> {
  const { data: config, issues } = await readAccess({ url: URL_OF_APP, ...auth });
  if (config === undefined) throw new TypeError(JSON.stringify(issues));
  const told: SecuredApp["told"] = { log: [], audit: [] };
  const tell = (...event: unknown[]) => void told.log.push(event);
  const opened = await openAccess(config, {
    table: stores.table,
    log: { warn: tell, error: tell },
    readOnly: false,
  });
  const { access, logins } = opened;
  const { immutable, quotas, limits: uploadLimits } = config;
  const { app, entries } = buildApp({
    registry: { ...stores, immutable, quotas, uploadLimits },
    access,
    ...(logins && {
      tokens: () => Promise.resolve(logins.tokens),
      accountTokens: () => Promise.resolve(logins.accountTokens),
    }),
    ui: { url: config.url, access: opened.ui },
    api: { config: { auth: config }, access: opened },
    audit: (event) => told.audit.push(event),
    ...(wrap && { wrap }),
    ...(delivery && { delivery }),
    ...(publicFace && {
      publicFace: { ...publicFace, rights: () => Promise.resolve(opened.publicRights) },
    }),
  });
  told.log.push(entries);
  const send = (address: string, origin: string): Send => async (path, init) => {
    const remoteAddr = { transport: "tcp", hostname: address, port: 40_000 } as const;
    return await app.fetch(new Request(`${origin}${path}`, init), { remoteAddr });
  };
  const from = (address: string) => send(address, URL_OF_APP);
  const request = from("192.0.2.1");
  const as = (authorization: string): Send => (path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("Authorization", authorization);
    return request(path, { ...init, headers });
  };
  return {
    config,
    request,
    as,
    from,
    at: (host, scheme = "https") => send("192.0.2.1", `${scheme}://${host}`),
    async tokenFor(authorization, ...scopes) {
      const query = scopes.map((scope) => `scope=${encodeURIComponent(scope)}`).join("&");
      const response = await (authorization === undefined ? request : as(authorization))(`/token?${query}`);
      const text = await response.text();
      if (response.status !== 200) throw new Error(`No token: ${response.status} ${text}`);
      return `Bearer ${JSON.parse(text).token}`;
    },
    told,
    stores,
    [Symbol.dispose]: opened.close,
  };
}
