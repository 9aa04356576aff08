import {
  ANONYMOUS,
  type AuthConfig,
  type BearerTokens,
  type ExternalConfig,
  InvalidTokenError,
  isKeyText,
  networkOf,
  type PasswordSource,
} from "../../auth/interface.ts";
import {
  AccountTokens,
  addressBehindSocket,
  createAuthenticator,
  createPolicy,
  createProxyIdentity,
  createWorkloadPasswords,
  createWorkloads,
  FailedLogins,
  FileError,
  Htpasswd,
  type JwksSource,
  KeysError,
  Logins,
  looksLikeAccountToken,
  looksLikeWorkloadPassword,
  openExternalTokens,
  type OpenTokenService,
  openTokenService,
  type Policy,
  RequestRates,
  SignedTokens,
  type SigningKeys,
  UsersError,
  WORKLOAD_PASSWORD_TYPE,
  type WorkloadPasswords,
} from "../../auth/mod.ts";
import { accessRisks } from "../../auth/rules.ts";
import type { Log } from "../log/mod.ts";
import { findPrincipal } from "./find_principal.ts";
import { openUiAccounts } from "./ui_accounts.ts";
import { RegistryError } from "../../oci/mod.ts";
import { createChallenge } from "../../routes/mod.ts";
import { createGuard } from "../../routes/access/guard.ts";
import type { UiAccounts } from "../../routes/ui/mod.ts";
import type { Access, AccountTokenOptions, PublicRights, TokenOptions, UiAccess } from "../../routes/mod.ts";
import { StartError } from "../../config/mod.ts";
import type { Table } from "../../storage/ports.ts";

export { findPrincipal } from "./find_principal.ts";

/** Access control of the process. */
export interface OpenAccess {
  /** Authenticates and authorizes requests. */
  access: Access;
  /** Rights of anonymous clients on public hosts; nothing is public with an external token server. */
  publicRights: PublicRights;
  /** Access control of the web UI, made by its first request. */
  ui: () => Promise<UiAccess>;
  /** Login endpoints; absent with an external token server. */
  logins?: {
    tokens: TokenOptions;
    accountTokens: AccountTokenOptions & { accountTokens: Pick<AccountTokens, "list"> };
    policy: Policy;
    users: Pick<Htpasswd, "find">;
  };
  /** Rate limit of requests. */
  rates: RequestRates;
  /** Deletes expired items from the table. */
  sweep: () => Promise<void>;
  /** Memory for the access control that follows this one. */
  memory: AccessMemory;
  /** Releases its resources. */
  close: () => void;
}

/** Memory of an access control, for the one that follows it. */
export interface AccessMemory {
  /** Rate limits. */
  readonly rates: RequestRates;
}

/** All of it: counts, and what took time to find out. Every {@linkcode AccessMemory} is one. */
interface Memory extends AccessMemory {
  /** Failed logins. */
  failures?: FailedLogins;
  /** Users, with their correct passwords. */
  users?: Htpasswd;
  /** Signing keys. */
  keys?: SigningKeys;
  /** Keys of the issuers of workloads. */
  sources?: Map<string, JwksSource>;
}

/** Dependencies of {@linkcode openAccess}. */
export interface AccessParts {
  /** Table of keys, account tokens and refresh tokens. */
  table: Table;
  /** Log of failed logins, and of files that cannot be used any more. */
  log: Pick<Log, "warn" | "error">;
  /** Called for each failed login, with the address of the client; must not throw. */
  loginFailed?: ((address: string | undefined) => void) | undefined;
  /** True if nothing may be written except what a login requires. */
  readOnly: boolean;
  /** True if other workers serve the same clients; false by default. */
  isShared?: boolean;
  /** Memory of the access control that this one follows. Nothing in it changes before the first request. */
  earlier?: AccessMemory;
}

/**
 * Opens authentication and authorization by the configuration. Reads the table only when a client logs in.
 *
 * @throws {StartError} if one of its files cannot be used.
 */
export async function openAccess(config: AuthConfig, parts: AccessParts): Promise<OpenAccess> {
  for (const risk of accessRisks(config)) parts.log.warn(risk);
  const { external } = config;
  await warnOfExposure(config, parts.log);
  return await explained(() =>
    external === undefined ? openOwn(config, parts) : openOthers(config, external, parts)
  );
}

/**
 * Users with a password. `failed` is called for each change of their file that cannot be used.
 *
 * @throws {StartError} if the file cannot be used now.
 */
export async function openUsers(
  config: Pick<AuthConfig, "htpasswd" | "users">,
  failed: (error: unknown) => void,
  earlier?: Htpasswd,
): Promise<Htpasswd> {
  return await explained(() => Htpasswd.open({ ...config, failed, ...(earlier && { earlier }) }));
}

/** Warns of files that other users of the machine can read or change. */
async function warnOfExposure(config: AuthConfig, log: AccessParts["log"]): Promise<void> {
  const secrets = secretFiles(config);
  const { external } = config;
  if (secrets.length === 0 && external === undefined) return;
  const { secretExposure, trustedExposure } = await importExposure();
  const exposures = await Promise.all([
    ...secrets.map(secretExposure),
    ...(external === undefined ? [] : [trustedExposure(external.keys)]),
  ]);
  for (const exposure of exposures) if (exposure !== undefined) log.warn(exposure);
}

// By computed names: Deno resolves the modules of literal imports before the first line runs, and few registries need
// these.
const importExposure = (): Promise<typeof import("./file_exposure.ts")> =>
  import(new URL("file_exposure.ts", import.meta.url).href);

const importUi = (): Promise<typeof import("../../routes/ui/mod.ts")> =>
  import(new URL("../../routes/ui/mod.ts", import.meta.url).href);

/** The files of the configuration that hold secrets: private keys, and hashes that can be tried out offline. */
function secretFiles({ keys, htpasswd, users, login, file }: AuthConfig): string[] {
  const hasKeys = keys !== undefined && isKeyText(keys);
  const isHolder = hasKeys || users !== undefined || login?.clientSecret !== undefined;
  const holder = isHolder ? file : undefined;
  return [hasKeys ? undefined : keys, htpasswd, holder].filter((path) => path !== undefined);
}

/** Turns an error in the operator's files into a `StartError` that explains it. */
async function explained<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    // Not as the cause: it may contain keys.
    if (error instanceof KeysError) throw new StartError(error.message);
    const isInput = error instanceof UsersError || error instanceof FileError || error instanceof TypeError;
    throw isInput ? new StartError(`auth: ${error.message}`, { cause: error }) : error;
  }
}

/** Access control with the registry's own tokens. */
async function openOwn(config: AuthConfig, parts: AccessParts): Promise<OpenAccess> {
  const { table, log, loginFailed, readOnly } = parts;
  const earlier = parts.earlier as Memory | undefined;
  const policy = createPolicy(config);
  const users = await openUsers(
    config,
    (error) => log.error("Cannot reload htpasswd: the previous users stay in use", error),
    earlier?.users,
  );
  const accountTokens = new AccountTokens({
    table,
    findUser: (name) => users.find(name),
    ...(config.credentialLifetime !== undefined && { maxLifetime: config.credentialLifetime }),
    touch: !readOnly,
  });
  const service = await openTokenService({
    config,
    table,
    policy,
    findPrincipal: (principal) => findPrincipal(principal, { users, accountTokens }),
    hasEnded: (credential) => accountTokens.hasEnded(credential),
    earlier: earlier?.keys,
    reused: ({ id, principal }) =>
      log.warn("Refresh token revoked: it was used again after its replacement", {
        principal,
        login: id,
      }),
  });
  const sources = new Map(earlier?.sources);
  const workloads = createWorkloads(config.issuers, { sources });
  const workloadPasswords = openWorkloadPasswords(config, service, workloads);
  const failures = new FailedLogins({
    freeFailures: config.limits.failedLogins,
    table,
    ...(earlier?.failures && { earlier: earlier.failures }),
  });
  const logins = new Logins({
    issuerOf: (password) => {
      if (looksLikeAccountToken(password)) return accountTokens;
      if (looksLikeWorkloadPassword(password)) return workloadPasswords;
      return isJwtLike(password) ? workloads : undefined;
    },
    users,
    failures,
    failed(address) {
      log.warn("Login failed", { ...(address !== undefined && { address }) });
      loginFailed?.(address);
    },
  });
  const rates = ratesOf(config, parts);
  const guarded = guard(config, {
    tokens: service.accessTokens,
    logins,
    policy,
    rates,
    accounts: openUiAccounts(config, { table, log, users, accountTokens, logins }),
  });
  return {
    access: guarded.access,
    publicRights: guarded.publicRights,
    ui: guarded.ui,
    rates,
    logins: {
      tokens: {
        service: service.service,
        jwks: service.jwks,
        identify: async ({ headers }, client) => (await guarded.identify(headers, client)).principal,
        login: (username, password, { address }) => logins.login(username, password, address),
        exchange: (subjectToken) => exchange(workloadPasswords, subjectToken),
      },
      accountTokens: { accountTokens, isAdministrator: policy.isAdministrator },
      policy,
      users,
    },
    sweep: () => failures.sweep(),
    memory: { rates, failures, users, keys: service.keys, sources } as AccessMemory,
    close: () => users.close(),
  };
}

/** Access control with an external token server: only its tokens are valid. */
async function openOthers(
  config: AuthConfig,
  external: ExternalConfig,
  parts: AccessParts,
): Promise<OpenAccess> {
  const { log } = parts;
  const rates = ratesOf(config, parts);
  const failed = (error: unknown) =>
    log.error("Cannot reload the keys of the token server: the previous keys stay in use", error);
  const tokens = await openExternalTokens(external, { failed });
  const { access, publicRights, ui } = guard(config, { tokens, rates });
  return {
    access,
    publicRights,
    ui,
    rates,
    sweep: async () => {},
    memory: { rates } as AccessMemory,
    close() {},
  };
}

function ratesOf({ limits }: AuthConfig, { isShared = false, earlier }: AccessParts): RequestRates {
  const { requestsPerMinute: perMinute } = limits;
  return new RequestRates({ perMinute, isShared, ...(earlier && { earlier: earlier.rates }) });
}

/** Parts of {@linkcode guard}. */
interface GuardParts {
  tokens: BearerTokens;
  rates: RequestRates;
  logins?: Logins;
  policy?: Policy;
  accounts?: UiAccounts;
}

/** Access control with these tokens and, if configured, logins. */
function guard(config: AuthConfig, { tokens, rates, logins, policy, accounts }: GuardParts) {
  const proxy = config.proxy && createProxyIdentity(config.proxy);
  const authenticator = createAuthenticator({
    tokens,
    ...(logins && { logins }),
    ...(proxy && { certificate: proxy.principal }),
  });
  const allows: Policy["allows"] = policy?.allows ?? (() => false);
  const addressOf = proxy?.addressOf ?? addressBehindSocket;
  const access = createGuard({
    authenticator,
    allows,
    hasAccount: ({ kind, name }) => kind === "user" || policy?.isAdministrator(name) === true,
    ...(policy && { isAdministrator: policy.isAdministrator }),
    tokensDecide: policy === undefined,
    challenge: createChallenge(config),
    rates,
    addressOf,
  });
  const publicRights: PublicRights = {
    mayPull: (repository) => allows(ANONYMOUS, "pull", repository),
    countRequest: (address) => rates.take(networkOf(address)),
    addressOf,
    forwardedHosts: proxy?.forwardedHosts ?? (() => undefined),
  };
  const openUi = async () => {
    const { createUiAccess } = await importUi();
    return createUiAccess({
      allows,
      tokensDecide: policy === undefined,
      isAdministrator: policy?.isAdministrator ?? (() => false),
      addressOf,
      rates,
      ...(proxy && { certificate: proxy.principal }),
      ...(accounts && { accounts }),
    });
  };
  let ui: Promise<UiAccess> | undefined;
  return { access, publicRights, ui: () => ui ??= openUi(), identify: authenticator.identify };
}

function openWorkloadPasswords(
  { issuers, url: issuer, service }: AuthConfig,
  { keys }: OpenTokenService,
  workloads: PasswordSource,
): WorkloadPasswords {
  const tokens = new SignedTokens({ keys, issuer, service, type: WORKLOAD_PASSWORD_TYPE, now: Date.now });
  return createWorkloadPasswords({ tokens, issuers, workloads });
}

async function exchange(
  tokens: WorkloadPasswords,
  subjectToken: string,
): ReturnType<WorkloadPasswords["exchange"]> {
  try {
    return await tokens.exchange(subjectToken);
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    throw new RegistryError("UNAUTHORIZED", "Token is invalid or expired", { cause: error });
  }
}

/** No password of a person's looks like it, and comparing one takes long. */
function isJwtLike(password: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(password);
}
