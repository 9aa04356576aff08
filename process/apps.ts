import type { AuthConfig } from "../auth/interface.ts";
import type { Config } from "../config/mod.ts";
import type { Registry } from "../registry/interface.ts";
import { deferredRegistry } from "../registry/start.ts";
import {
  type Access,
  type App,
  type AppOptions,
  createApp,
  deferredAccess,
  type RequestLimits,
  type RequestLog,
  withoutProbes,
} from "../routes/mod.ts";
import type { Log } from "./log/mod.ts";
import type { Served } from "./open/open_registry.ts";
import type { Telemetry } from "./telemetry/mod.ts";
import type { Opener, Part } from "./opener.ts";

/** Parts of the process that all apps share. */
export interface AppsOptions {
  /** Opens the registry. */
  opener: Opener;
  /** Log of the process. */
  log: Log;
  /** Part of the registry that this process serves. */
  part: Part;
  /** State of the shutdown: `/readyz` answers 503 while the process drains. */
  leaving: { readonly isDraining: boolean };
  /** Metrics and spans of the process, if any are configured. */
  telemetry?: Telemetry;
  /** Aborted when the process stops: all request bodies are aborted. */
  stop: AbortSignal;
}

/** Makes the app of each configuration. */
export class Apps {
  readonly #options: AppsOptions;
  #limits: RequestLimits | undefined;

  /** No app yet. */
  constructor(options: AppsOptions) {
    this.#options = options;
  }

  /** App of the start. Its first request opens the registry: the process answers liveness probes before that. */
  first(config: Config): App {
    const served = async () => (await this.#options.opener.open()).served;
    const { auth } = config;
    return this.#create(config, {
      served,
      registry: deferredRegistry(async () => (await served()).registry),
      access: auth && deferredAccess(auth, async () => (await served()).access!.access),
    });
  }

  /** App of a configuration that follows. */
  next(config: Config, served: Served): App {
    return this.#create(config, {
      served: () => Promise.resolve(served),
      registry: served.registry,
      access: served.access?.access,
    });
  }

  #create(config: Config, { registry, access, served }: Foundation): App {
    const { opener, log, part, leaving, telemetry } = this.#options;
    const logged = config.logProbes ? log.request : withoutProbes(log.request);
    return createApp({
      registry,
      log: telemetry === undefined ? logged : both(logged, telemetry.ended),
      ...(telemetry?.began && { began: telemetry.began }),
      audit: log.audit,
      auditReady: log.auditReady,
      ...(access && { access, ...loginsOf(config.auth, served) }),
      ...publicFaceOf(config, served),
      ...uiOf(config, served),
      api: async () => await (await served()).api(),
      ...(config.apiOrigins.length > 0 && { apiOrigins: config.apiOrigins }),
      ready: async () => !leaving.isDraining && await (await opener.open()).ready() && part.othersRespond(),
      warnings: async () => [...(await opener.open()).warnings(), ...part.warningsOfOthers()],
      delivery: config,
      limits: this.#limitsFor(config),
    });
  }

  /** Limits of requests. Apps share the memory for bodies: an earlier one may still have requests in progress. */
  #limitsFor({ maxManifestSize, uploadIdleTimeout }: Config): RequestLimits {
    const { part: { share }, stop } = this.#options;
    const { bodies, forms } = this.#limits ?? {};
    return this.#limits = {
      maxManifestSize,
      uploadIdleTimeout,
      share,
      stop,
      ...(bodies && { bodies }),
      ...(forms && { forms }),
    };
  }
}

/** Receiver that passes each entry on to two others. */
function both(first: (entry: RequestLog) => void, second: (entry: RequestLog) => void) {
  return function receiveTwice(entry: RequestLog): void {
    first(entry);
    second(entry);
  };
}

/** Registry and access control of an app: open, or opened by the first request that needs them. */
interface Foundation {
  registry: Registry;
  access: Access | undefined;
  served: () => Promise<Served>;
}

function loginsOf(
  auth: AuthConfig | undefined,
  served: () => Promise<Served>,
): Pick<AppOptions, "tokens" | "accountTokens"> {
  // An external token server has the logins then.
  if (auth?.external !== undefined) return {};
  const logins = async () => (await served()).access!.logins!;
  return {
    tokens: async () => (await logins()).tokens,
    accountTokens: async () => (await logins()).accountTokens,
  };
}

/** Web UI with the access control, if it is on. */
function uiOf({ ui, auth }: Config, served: () => Promise<Served>): Pick<AppOptions, "ui"> {
  if (!ui) return {};
  if (auth === undefined) return { ui: {} };
  const access = async () => await (await served()).access!.ui();
  return { ui: { url: auth.url, access } };
}

/** Public face with the rights of the access control. */
function publicFaceOf(
  { public: face, auth }: Config,
  served: () => Promise<Served>,
): Pick<AppOptions, "publicFace"> {
  if (face === undefined) return {};
  const { hosts, purge: _, ...caching } = face;
  const rights = auth && (async () => (await served()).access!.publicRights);
  return { publicFace: { hosts, caching, rights } };
}
