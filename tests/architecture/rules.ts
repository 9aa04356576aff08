import type { Imports } from "./imports.ts";

/**
 * The folders at the top level, each above those that it may import from; those of one line must not import from each
 * other.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ["oci", "telemetry"],
  ["storage"],
  ["auth", "registry"],
  ["cache", "events", "purge", "trust"],
  ["api"],
  ["backup", "config", "routes"],
  ["app", "process"],
  ["cli"],
  ["main.ts"],
  ["bundle"],
];

/** Doors besides each folder's `mod.ts`, and why there is more than one: each loads what the others need not. */
export const FURTHER_DOORS: Readonly<Record<string, string>> = {
  "api/schemas/mod.ts": "loads the schema library",
  "auth/interface.ts": "loads no library",
  "auth/items.ts": "shows items as they are stored, to backups",
  "auth/oidc/mod.ts": "loads the library of OpenID Connect, with the first login at a provider",
  "auth/policy/subject.ts": "loads no library, for checks of the configuration",
  "auth/rules.ts": "reads policies, and loads nothing that checks passwords or tokens",
  "auth/start.ts": "loads what the start of a process needs",
  "bundle/archive.ts": "is a program besides the bundle",
  "bundle/sbom.ts": "is a program besides the bundle",
  "cache/shared_gets.ts": "is loaded where there are replicas",
  "cli/accounts/commands.ts": "lists the commands of the room, and loads none of their code",
  "cli/completion/commands.ts": "lists the commands of the room, and loads none of their code",
  "cli/cost/commands.ts": "lists the commands of the room, and loads none of their code",
  "cli/cost/counted.ts": "shows counted requests to the tests that count them",
  "cli/doctor/commands.ts": "lists the commands of the room, and loads none of their code",
  "cli/explore/commands.ts": "lists the commands of the room, and loads none of their code",
  "cli/import/commands.ts": "lists the commands of the room, and loads none of their code",
  "cli/kubelet/commands.ts": "lists the commands of the room, and loads none of their code",
  "cli/provision/commands.ts": "lists the commands of the room, and loads none of their code",
  "cli/transfer/commands.ts": "lists the commands of the room, and loads none of their code",
  "cli/upkeep/commands.ts": "lists the commands of the room, and loads none of their code",
  "cli/verify/commands.ts": "lists the commands of the room, and loads none of their code",
  "cli/events/commands.ts": "lists the commands of the room, and loads none",
  "config/config.ts": "loads the schema library",
  "config/event_rules.ts": "is loaded with the registry",
  "config/purge_rules.ts": "is loaded with the registry",
  "config/reloadable.ts": "is loaded by the first reload",
  "config/verify_config.ts": "is loaded where signatures are verified, and by the first reload",
  "oci/errors.ts": "loads what the start of a process needs",
  "oci/glob.ts": "loads the library that matches patterns",
  "oci/glob_pattern.ts": "loads the library that expands patterns",
  "oci/manifest.ts": "loads `node:crypto`",
  "process/connections/server.ts": "loads what the start of a process needs",
  "process/notify.ts": "is loaded where a service manager waits for the process",
  "process/connections/tls/mod.ts": "is loaded where a certificate is configured",
  "process/open/open_access.ts": "loads authentication",
  "process/open/open_api.ts": "is loaded by the first request for a page or its JSON",
  "process/open/open_registry.ts": "loads the registry, after the process listens",
  "process/open/open_storage.ts": "loads the drivers",
  "process/open/open_trust.ts": "loads the verification of signatures",
  "process/reload/mod.ts": "is loaded by the first reload",
  "process/start/mod.ts": "shows the permissions of a process to a command",
  "process/workers/mod.ts": "loads the supervisor of several processes",
  "registry/cache_tags.ts": "loads no protocol",
  "registry/interface.ts": "loads no protocol",
  "registry/near/mod.ts": "is loaded where there are replicas",
  "registry/start.ts": "loads what the start of a process needs",
  "registry/stored.ts": "shows items and objects as they are stored, to backups",
  "routes/access/guard.ts": "is loaded where access is configured",
  "routes/middleware/cross_origin.ts": "is loaded where web pages of other origins may use the API",
  "routes/http/content.ts": "loads bodies and conditions, after the process listens",
  "routes/ui/mod.ts": "is loaded by the first request for a page",
  "process/telemetry/mod.ts": "loads the libraries of telemetry",
  "routes/ui/pages/components/mod.ts": "loads no page",
  "storage/aws/mod.ts": "loads no driver",
  "storage/bounded_map.ts": "loads nothing",
  "storage/check/mod.ts": "loads the probes of a store",
  "storage/check/proven_content.ts": "loads no other probe",
  "storage/nearest.ts": "is loaded where there are replicas",
  "storage/observed/mod.ts": "is loaded where there is telemetry",
  "storage/objects/s3/mod.ts": "loads the driver of S3",
  "storage/objects/s3/sdk.ts": "loads the AWS SDK",
  "storage/ports.ts": "loads no driver",
  "storage/start.ts": "loads what the start of a process needs",
  "storage/table/dynamodb/mod.ts": "loads the driver of DynamoDB",
  "storage/ttl_cache.ts": "is loaded by the first cache, after the process listens",
  "trust/interface.ts": "loads nothing",
  "telemetry/observer.ts": "loads nothing",
  "telemetry/otel/mod.ts": "loads the API of OpenTelemetry",
};

/** Rooms whose every file is a door for tests, and for nothing else. */
const FOR_TESTS = /(^|\/)(testing|contract)\//;

/** Imports that reach past the door of a folder, as `path imports path`. */
export function pastDoors(imports: Imports): string[] {
  return edges(imports, (path, target) => {
    const folder = enteredBy(path, target);
    if (folder === undefined || layerOf(target) === undefined) return false;
    if (FOR_TESTS.test(target)) return !isTest(path);
    // A door shows what lies in the rooms behind it; nothing else reaches into them.
    if (isDoor(path) && target.startsWith(folderOf(path))) return false;
    return target !== `${folder}/mod.ts` && !Object.hasOwn(FURTHER_DOORS, target);
  });
}

/** Imports from a folder that lies above, or beside. */
export function upwards(imports: Imports): string[] {
  return edges(imports, (path, target) => {
    if (isTest(path)) return false;
    const [own, other] = [layerOf(path), layerOf(target)];
    return own !== undefined && other !== undefined && topOf(path) !== topOf(target) && other >= own;
  });
}

/** Sources outside of `tests/` that import each other, one circle in a line. */
export function circles(imports: Imports): string[] {
  const found: string[] = [];
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const visit = (path: string) => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      found.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      return;
    }
    state.set(path, "open");
    trail.push(path);
    for (const target of imports.get(path) ?? []) visit(target);
    trail.pop();
    state.set(path, "done");
  };
  for (const path of imports.keys()) if (layerOf(path) !== undefined) visit(path);
  return found;
}

/** TypeScript sources at the top level other than `main.ts`. */
export function strayed(imports: Imports): string[] {
  return [...imports.keys()].filter((path) => !path.includes("/") && path !== "main.ts");
}

/** Doors that are named and are not there. */
export function missingDoors(imports: Imports): string[] {
  return Object.keys(FURTHER_DOORS).filter((door) => !imports.has(door));
}

function edges(imports: Imports, isWrong: (path: string, target: string) => boolean): string[] {
  return [...imports].flatMap(([path, targets]) =>
    targets.filter((target) => isWrong(path, target)).map((target) => `${path} imports ${target}`)
  );
}

/** The outermost folder that holds the target and not the importing source. */
function enteredBy(path: string, target: string): string | undefined {
  const own = path.split("/").slice(0, -1);
  const other = target.split("/").slice(0, -1);
  const shared = other.findIndex((folder, i) => folder !== own[i]);
  return shared === -1 ? undefined : other.slice(0, shared + 1).join("/");
}

function isDoor(path: string): boolean {
  return path.endsWith("/mod.ts") || Object.hasOwn(FURTHER_DOORS, path) || FOR_TESTS.test(path);
}

function isTest(path: string): boolean {
  return /_test\.tsx?$/.test(path) || FOR_TESTS.test(path) || layerOf(path) === undefined;
}

function layerOf(path: string): number | undefined {
  const layer = LAYERS.findIndex((folders) => folders.includes(topOf(path)));
  return layer === -1 ? undefined : layer;
}

function topOf(path: string): string {
  return path.split("/", 1)[0]!;
}

/** The folder whose door the source is; it ends in a slash. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1).replace(/testing\/$/, "");
}
