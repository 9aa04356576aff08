/**
 * The registry's HTTP interface over stores of choice, without a server: tests drive it by `app.request("/v2/")`.
 *
 * @module
 */
import { type ApiParts, openApi } from "../../process/open/open_api.ts";
import { createRegistry, type Epochs, type Registry, type RegistryOptions } from "../../registry/mod.ts";
import { type App, type AppOptions, createApp, type RequestLog } from "../../routes/mod.ts";
import { MemoryObjectStore, MemoryTable } from "../../storage/mod.ts";
import { Verifier } from "../../trust/mod.ts";
import { assertListed } from "./listed_status.ts";

/** Options that differ from a registry in memory with every default. */
export interface TestAppOptions extends
  Pick<
    AppOptions,
    | "access"
    | "tokens"
    | "accountTokens"
    | "audit"
    | "auditReady"
    | "delivery"
    | "publicFace"
    | "ui"
    | "apiOrigins"
  > {
  /** Other stores or rules. */
  registry?: Partial<RegistryOptions>;
  /** Other bounds of requests. */
  limits?: Partial<AppOptions["limits"]>;
  /** Adds something around the registry, such as a switch or a cache. */
  wrap?: (registry: Registry, epochs: Epochs) => Registry;
  /** Configuration and access control of the API of pages. */
  api?: {
    config?: Partial<ApiParts["config"]>;
    access?: ApiParts["access"];
    signatures?: ApiParts["signatures"];
  };
  /** Check behind `/readyz`. */
  ready?: () => Promise<boolean>;
  /** Warnings of `/readyz` although it is ready. */
  warnings?: () => Promise<string[]>;
}

/** An app and what tests look at beside it. */
export interface TestApp {
  /** Answers requests, by `request` in a test and by `fetch` in a server. */
  app: App;
  /** Sends a request to the app. */
  request: (path: string, init?: RequestInit) => Promise<Response>;
  /** Every log entry so far. */
  entries: RequestLog[];
}

/** Empty stores of the kind that is tested; two apps over the same ones are two processes of one registry. */
export function testStores(): Pick<RegistryOptions, "objects" | "table"> {
  return { objects: new MemoryObjectStore(), table: new MemoryTable() };
}

/** The app over a real registry. */
export function buildApp(options: TestAppOptions = {}): TestApp {
  const stored = createRegistry({ ...testStores(), ...options.registry });
  const registry = options.wrap?.(stored.registry, stored.epochs) ?? stored.registry;
  const { config, access } = options.api ?? {};
  const rules = {
    deleteTags: true,
    deleteManifests: true,
    readOnly: false,
    retention: [],
    verify: [],
    ...config,
  };
  const state = { ready: () => Promise.resolve(true), warnings: () => [] };
  const signatures = options.api?.signatures ?? new Verifier({ store: registry, rules: [] });
  let api: ReturnType<typeof openApi> | undefined;
  return appOver(
    registry,
    options,
    () => api ??= openApi({ config: rules, registry, stored, access, signatures, ...state }),
  );
}

/** The app over a registry that has only the methods that a test needs. */
export function fakeApp(
  registry: Partial<Registry>,
  options: Omit<TestAppOptions, "registry"> = {},
): TestApp {
  return appOver(registry as Registry, options);
}

function appOver(
  registry: Registry,
  options: Omit<TestAppOptions, "registry">,
  api?: () => ReturnType<typeof openApi>,
): TestApp {
  const { access, tokens, accountTokens, audit, auditReady, delivery, publicFace, ui, apiOrigins } = options;
  const entries: RequestLog[] = [];
  const app = createApp({
    registry,
    log(entry) {
      entries.push(entry);
      try {
        assertListed(entry.route, entry.status);
      } catch (error) {
        // Thrown here, it would become an answer.
        reportError(error);
      }
    },
    ready: options.ready ?? (() => Promise.resolve(true)),
    ...(options.warnings && { warnings: options.warnings }),
    limits: { maxManifestSize: 4 * 1024 * 1024, uploadIdleTimeout: 60_000, ...options.limits },
    ...(access && { access }),
    ...(tokens && { tokens }),
    ...(accountTokens && { accountTokens }),
    ...(audit && { audit }),
    ...(auditReady && { auditReady }),
    ...(publicFace && { publicFace }),
    ...(ui && { ui }),
    ...(apiOrigins && { apiOrigins }),
    ...(api && { api }),
    ...(delivery && { delivery }),
  });
  return { app, entries, request: async (path, init) => await app.request(path, init) };
}
