import type { SealedApi } from "../api/mod.ts";
import type { Registry } from "../registry/interface.ts";
import { endpoint } from "./answering.ts";
import { deleteBlob, getBlob } from "./blobs.ts";
import { listRepositories } from "./catalog.ts";
import type { DeliveryOptions } from "./delivery.ts";
import { deleteRepository, discoverExtensions, getTagHistory } from "./extensions.ts";
import type { RepositoryApiKind } from "./endpoints.ts";
import type { Handler, RequestLimits } from "./handler.ts";
import { deleteManifest, getManifest, putManifest } from "./manifests.ts";
import { listReferrers } from "./referrers.ts";
import type { AdmissionOptions, AppHandler } from "./middleware/mod.ts";
import { parseRoute, type RegistryKind } from "./route.ts";
import { listTags } from "./tags.ts";
import {
  appendUpload,
  cancelUpload,
  commitUpload,
  getUpload,
  mountBlob,
  putBlob,
  startUpload,
} from "./uploads.ts";

/** Dependencies of {@linkcode registryRoute}. */
export interface RegistryRouteOptions extends AdmissionOptions {
  /** Registry that handles the requests. */
  registry: Registry;
  /** Loads the API of pages and of JSON answers. */
  api?: () => Promise<SealedApi>;
  /** Limits of requests. */
  limits: RequestLimits;
  /** Delivery of blobs; the registry sends all bytes itself by default. */
  delivery?: DeliveryOptions;
}

/** Handler of the one route of `/v2/*`: parses, authorizes and answers every request that has no route of its own. */
export function registryRoute(options: RegistryRouteOptions): AppHandler {
  return endpoint(options, parseRoute, registryHandler(options));
}

/** Handler of every request that `parseRoute` reads: calls that of the route's kind. */
export function registryHandler(options: RegistryRouteOptions): Handler<RegistryKind> {
  const { registry, limits, delivery } = options;
  const handlers: { [Kind in RegistryKind]: Handler<Kind> } = {
    getBlob: getBlob(registry, delivery),
    deleteBlob: deleteBlob(registry),
    getManifest: getManifest(registry),
    putManifest: putManifest(registry, limits),
    deleteManifest: deleteManifest(registry),
    startUpload: startUpload(registry),
    mountBlob: mountBlob(registry),
    putBlob: putBlob(registry, limits),
    getUpload: getUpload(registry),
    appendUpload: appendUpload(registry, limits),
    commitUpload: commitUpload(registry, limits),
    cancelUpload: cancelUpload(registry),
    listTags: listTags(registry),
    getTagHistory: getTagHistory(registry),
    listReferrers: listReferrers(registry),
    listRepositories: listRepositories(registry),
    deleteRepository: deleteRepository(registry),
    ...repositoryApi(options),
    discover: discoverExtensions(),
  };
  return function handleRegistry(route, request, caller, client) {
    const handler = handlers[route.kind] as Handler<RegistryKind>;
    return handler(route, request, caller, client);
  };
}

/** Handlers of the API in a repository, which its first request loads. */
function repositoryApi(options: RegistryRouteOptions): { [Kind in RepositoryApiKind]: Handler<Kind> } {
  let made: Promise<{ [Kind in RepositoryApiKind]: Handler<Kind> }> | undefined;
  const make = () => made ??= importApi().then(({ repositoryApiHandlers }) => repositoryApiHandlers(options));
  const deferred = <Kind extends RepositoryApiKind>(kind: Kind): Handler<Kind> => async (...request) =>
    await (await make())[kind](...request);
  return {
    getRepository: deferred("getRepository"),
    findTags: deferred("findTags"),
    inspectManifest: deferred("inspectManifest"),
    getMoves: deferred("getMoves"),
    diffManifests: deferred("diffManifests"),
    findReferrers: deferred("findReferrers"),
    inspectReferrer: deferred("inspectReferrer"),
    getSignatures: deferred("getSignatures"),
    moveTag: deferred("moveTag"),
    removeTag: deferred("removeTag"),
    removeManifest: deferred("removeManifest"),
  };
}

// Not literal: no pull needs it.
const importApi = (): Promise<typeof import("./api/mod.ts")> =>
  import(new URL("api/mod.ts", import.meta.url).href);
