import { CREDENTIALS, REGION } from "../../harness/credentials.ts";
import { ADMINISTRATOR, authSetting, hashOf } from "../../harness/secured.ts";
import { freePort } from "../../harness/ports.ts";
import { tool } from "../../tools/tool.ts";
import { awaitChildren, type Server, startProgram } from "../server.ts";
import { startSubject } from "../subject.ts";
import { makeFolder } from "../folder.ts";

/** Registries that are compared. */
export const PEERS = ["skerry", "zot", "distribution"] as const;

/** Name of a registry. */
export type PeerName = (typeof PEERS)[number];

/** S3 and DynamoDB, with a bucket and a table. */
export interface S3Place {
  readonly bucket: string;
  readonly s3: string;
  /** Settings of Skerry. */
  readonly env: Readonly<Record<string, string>>;
}

/** Place of a registry's content: a bucket, or a folder of its own. */
export type Place = S3Place | "folder";

/** Options of {@linkcode startPeer}. */
export interface PeerOptions {
  /** True if it answers {@linkcode ADMINISTRATOR} alone; by default it answers everybody. */
  readonly login?: boolean;
  /** Script of Skerry, by default that of the sources. */
  readonly script?: string;
  /** Workers of Skerry, by default a single process. The others have a thread for each core. */
  readonly workers?: number;
  /** True if zot syncs files before it acknowledges them. The others do so by default. */
  readonly durable?: boolean;
}

/**
 * Starts a registry that sends every blob itself. What it keeps in a folder is removed with it. All of them write an
 * access log, and none collects garbage while it is measured.
 */
export async function startPeer(
  name: PeerName,
  place: Place,
  { login = false, script, workers = 1, durable = false }: PeerOptions = {},
): Promise<Server> {
  const port = freePort();
  if (name === "skerry") {
    const settings = {
      SKERRY_COLLECT_INTERVAL: "0",
      SKERRY_WORKERS: `${workers}`,
      ...place === "folder" ? {} : place.env,
      ...login ? await authSetting(port, {}) : {},
    };
    const server = await startSubject({ settings, port, ...script === undefined ? {} : { script } });
    await awaitChildren(server, workers > 1 ? workers : 0);
    return server;
  }
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeFolder());
  let htpasswd: string | undefined;
  if (login) {
    htpasswd = `${folder.path}/htpasswd`;
    await Deno.writeTextFile(htpasswd, `${ADMINISTRATOR.username}:${await hashOf(ADMINISTRATOR.password)}\n`);
  }
  const configuration = CONFIGURATIONS[name](port, folder.path, place, { htpasswd, durable });
  const file = `${folder.path}/configuration.json`;
  await Deno.writeTextFile(file, JSON.stringify(configuration));
  const server = stack.use(
    await startProgram({ program: await tool(name), args: ["serve", file], port, quiet: true }),
  );
  const kept = stack.move();
  return { ...server, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const CONFIGURATIONS = { zot: configureZot, distribution: configureDistribution };

/** Options of a configuration. */
interface Configured {
  /** Path of a file of accounts. */
  readonly htpasswd: string | undefined;
  readonly durable: boolean;
}

/** Without deduplication, as its documentation wants it for several replicas on one bucket. */
function configureZot(
  port: number,
  folder: string,
  place: Place,
  { htpasswd, durable }: Configured,
): unknown {
  const s3 = place === "folder" ? {} : {
    storageDriver: { name: "s3", rootdirectory: "/zot", ...s3Options(place), skipverify: false },
  };
  return {
    distSpecVersion: "1.0.1-dev",
    storage: {
      rootDirectory: `${folder}/content`,
      dedupe: place === "folder",
      gc: false,
      commit: durable,
      ...s3,
    },
    http: {
      address: "127.0.0.1",
      port: `${port}`,
      ...htpasswd === undefined ? {} : { auth: { htpasswd: { path: htpasswd } } },
    },
    log: { level: "info", output: "/dev/null" },
  };
}

/** JSON is YAML, which it reads. */
function configureDistribution(
  port: number,
  folder: string,
  place: Place,
  { htpasswd }: Configured,
): unknown {
  const driver = place === "folder"
    ? { filesystem: { rootdirectory: `${folder}/content` } }
    : { s3: { rootdirectory: "/distribution", ...s3Options(place), forcepathstyle: true } };
  return {
    version: 0.1,
    log: { level: "info" },
    storage: {
      ...driver,
      cache: { blobdescriptor: "inmemory" },
      delete: { enabled: true },
      redirect: { disable: true },
    },
    http: { addr: `127.0.0.1:${port}` },
    ...htpasswd === undefined ? {} : { auth: { htpasswd: { realm: "registry", path: htpasswd } } },
  };
}

function s3Options({ bucket, s3 }: S3Place): Record<string, unknown> {
  return {
    bucket,
    region: REGION,
    regionendpoint: s3,
    accesskey: CREDENTIALS.accessKeyId,
    secretkey: CREDENTIALS.secretAccessKey,
    secure: false,
  };
}
