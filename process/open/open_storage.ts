import { type Config, dynamoOptions, isPemText, s3Options, StartError } from "../../config/mod.ts";
import type { S3Options } from "../../storage/objects/s3/mod.ts";
import type { Log } from "../log/mod.ts";
import type { ObjectReads, Registry } from "../../registry/mod.ts";
import { probeFolder, probeStores } from "./storage_probe.ts";
import type { ObjectStore, Table } from "../../storage/ports.ts";

/** The two ports, opened. */
export interface Storage {
  /** Store of the bytes. */
  objects: ObjectStore;
  /** Table of all items. */
  table: Table;
  /** Largest blob that the store accepts, in bytes; absent if that is more than any client would push. */
  maxBlobSize?: number;
  /** Closes both. */
  close: () => Promise<void>;
}

/** Read replicas of the stores, opened. */
export interface OpenReplicas {
  /** Reads of objects for clients, from the nearest bucket. */
  objects: ObjectReads;
  /**
   * Registry that answers GET from the nearest table, or `registry` itself if tables are read at home. `share` is the
   * fraction of the limits on memory for this process.
   */
  over(registry: Registry, share: number): Registry;
  /** Closes the connections. */
  close(): Promise<void>;
}

/** The two ports of a registry that is served. */
export interface ServedStorage extends Storage {
  /** Checks both at low cost; rejects with the problem. */
  probe: () => Promise<void>;
  /** Replicas for reads, if any are configured. */
  replicas?: OpenReplicas;
}

/** Maximum parts of an S3 object, https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html. */
const MAX_PARTS = 10_000;

/**
 * Opens the configured storage.
 *
 * @throws {StartError} for problems that the operator can solve.
 */
export async function openStorage(config: Config, log: Log): Promise<ServedStorage> {
  if (config.storage === "aws") return await openAws(config, log);
  if (config.storage === "folder") return await openFolder(config, log);
  const { MemoryObjectStore, MemoryTable } = await importDrivers();
  const nothing = async () => {};
  return { objects: new MemoryObjectStore(), table: new MemoryTable(), probe: nothing, close: nothing };
}

async function openFolder(config: Config, log: Log): Promise<ServedStorage> {
  const { data } = config;
  const [{ FilesystemObjectStore, SqliteTable }, { dataExposure }] = await Promise.all([
    importDrivers(),
    importExposure(),
  ]);
  try {
    const objects = await FilesystemObjectStore.open(`${data}/objects`);
    const table = await SqliteTable.open(`${data}/table.sqlite`);
    const exposure = await dataExposure(data);
    if (exposure !== undefined) log.warn(exposure);
    return {
      objects,
      table,
      probe: () => probeFolder(`${data}/objects`, table, config),
      close: () => table.close(),
    };
  } catch (error) {
    throw new StartError(`Cannot use the data folder "${data}": ${(error as Error).message}`, {
      cause: error,
    });
  }
}

// By computed names: Deno resolves the modules of literal imports before the first line runs, and each registry needs
// only those of its own storage.
const importDrivers = (): Promise<typeof import("../../storage/mod.ts")> =>
  import(new URL("../../storage/mod.ts", import.meta.url).href);
const importExposure = (): Promise<typeof import("./file_exposure.ts")> =>
  import(new URL("file_exposure.ts", import.meta.url).href);
const importAws = (): Promise<typeof import("../../storage/aws/mod.ts")> =>
  import(new URL("../../storage/aws/mod.ts", import.meta.url).href);
const importS3 = (): Promise<typeof import("../../storage/objects/s3/mod.ts")> =>
  import(new URL("../../storage/objects/s3/mod.ts", import.meta.url).href);
const importDynamo = (): Promise<typeof import("../../storage/table/dynamodb/mod.ts")> =>
  import(new URL("../../storage/table/dynamodb/mod.ts", import.meta.url).href);
const importReplicas = (): Promise<typeof import("./open_replicas.ts")> =>
  import(new URL("open_replicas.ts", import.meta.url).href);
const importProven = (): Promise<typeof import("../../storage/check/proven_content.ts")> =>
  import(new URL("../../storage/check/proven_content.ts", import.meta.url).href);
const importCheck = (): Promise<typeof import("../../storage/check/mod.ts")> =>
  import(new URL("../../storage/check/mod.ts", import.meta.url).href);

/** Sends no request unless `check` is set: a store that does not answer yet may do so in a moment. */
async function openAws(config: Config, log: Log): Promise<ServedStorage> {
  const [{ credentialsFor }, { S3ObjectStore }, { DynamoTable }] = await Promise.all([
    importAws(),
    importS3(),
    importDynamo(),
  ]);
  if (config.check) await assertSuitable(config);
  const options = s3Options(config);
  const credentials = credentialsFor(config.awsRegion);
  const key = await cloudFrontKeyOf(config);
  const objects = await S3ObjectStore.open({ ...options, ...key }, credentials).catch((error) => {
    throw key === undefined
      ? error
      : new StartError(`Cannot use redirectKey: ${error.message}`, { cause: error });
  });
  const table = await DynamoTable.open(dynamoOptions(config), credentials);
  const replicas = config.readReplicas.length > 0
    ? await (await importReplicas()).openReplicas(config, { objects, table, credentials, log })
    : undefined;
  const unproven = config.s3VerifiesContent === "auto" && !config.readOnly;
  return {
    objects: unproven ? await proving(objects, log) : objects,
    table,
    maxBlobSize: options.partSize * MAX_PARTS,
    probe: () => probeStores(objects, table),
    ...(replicas && { replicas }),
    async close() {
      await replicas?.close();
      await table[Symbol.asyncDispose]();
    },
  };
}

/** Key of the CloudFront distribution, if there is one. */
async function cloudFrontKeyOf(
  { redirectKeyPairId: keyPairId, redirectKey }: Config,
): Promise<Pick<S3Options, "cloudFrontKey"> | undefined> {
  if (keyPairId === "") return undefined;
  if (isPemText(redirectKey)) return { cloudFrontKey: { keyPairId, privateKey: redirectKey } };
  try {
    return { cloudFrontKey: { keyPairId, privateKey: await Deno.readTextFile(redirectKey) } };
  } catch (error) {
    throw new StartError(`Cannot read redirectKey "${redirectKey}": ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function proving(objects: ObjectStore, log: Log): Promise<ObjectStore> {
  const { enforcesContent, provenContent } = await importProven();
  return provenContent(objects, {
    enforces: () => enforcesContent(objects, "probe/payload-hash"),
    found(result) {
      if ("error" in result) log.error("Cannot determine if the bucket verifies content", result.error);
      else if (!result.enforced) {
        log.warn("The bucket does not verify content: the registry hashes every push itself");
      }
    },
  });
}

async function assertSuitable(config: Config): Promise<void> {
  const { checkBucket, checkTable, suffices } = await importCheck();
  const findings = await Promise.all([checkBucket(s3Options(config)), checkTable(dynamoOptions(config))]);
  const lacking = findings.flat().filter((finding) => !suffices([finding]));
  if (lacking.length === 0) return;
  const lines = lacking.map(({ capability, note }) => `  ${capability}: ${note || "not tested"}`);
  throw new StartError(`Cannot use the bucket and the table:\n${lines.join("\n")}`);
}
