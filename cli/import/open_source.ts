import { StartError } from "../../config/mod.ts";
import type { CredentialSource } from "../../storage/aws/mod.ts";
import type { S3Options } from "../../storage/objects/s3/mod.ts";
import { ContentIndex } from "./content_index.ts";
import { DISTRIBUTION_FOLDER, DistributionRegistry } from "./distribution_registry.ts";
import { FolderTree } from "./folder_tree.ts";
import { LayoutRegistry } from "./layout_registry.ts";
import type { ReportFinding, SourceRegistry } from "./source_registry.ts";
import type { SourceTree } from "./source_tree.ts";

/** A bucket and a prefix in it. */
export interface SourceBucket {
  /** Name of the bucket. */
  bucket: string;
  /** Prefix of the keys, without slashes at its ends. */
  prefix: string;
  /** Region for which requests are signed. */
  region: string;
  /** URL of the store; AWS by default. */
  endpoint?: string;
  /** True for URLs with the bucket in their path. */
  pathStyle: boolean;
}

/** Place of the source. */
export type SourcePlace = { folder: string } | SourceBucket;

/** Variables with credentials for the source alone; without them, those of the AWS SDK are used. */
export const CREDENTIAL_VARIABLES = {
  accessKeyId: "SOURCE_AWS_ACCESS_KEY_ID",
  secretAccessKey: "SOURCE_AWS_SECRET_ACCESS_KEY",
  sessionToken: "SOURCE_AWS_SESSION_TOKEN",
} as const;

// Not literal, so that an import from a folder loads no code for S3.
const importS3 = (): Promise<typeof import("../../storage/objects/s3/mod.ts")> =>
  import(new URL("../../storage/objects/s3/mod.ts", import.meta.url).href);
const importBucketTree = (): Promise<typeof import("./bucket_tree.ts")> =>
  import(new URL("bucket_tree.ts", import.meta.url).href);

/**
 * Opens the files of the source.
 *
 * @throws {StartError} if the folder cannot be read, and for a prefix or credentials that are not valid.
 */
export async function openTree(place: SourcePlace): Promise<SourceTree> {
  if ("folder" in place) return await FolderTree.open(place.folder);
  const { prefix } = place;
  const tree = await openBucket(place);
  // zot puts its `rootdirectory` before each key although its S3 driver does so too.
  return await repeats(tree, prefix) ? await openBucket({ ...place, prefix: `${prefix}/${prefix}` }) : tree;
}

async function openBucket(
  { prefix, bucket, region, endpoint, pathStyle }: SourceBucket,
): Promise<SourceTree> {
  const options: S3Options = {
    bucket,
    region,
    pathStyle,
    prefix: prefix === "" ? "" : `${prefix}/`,
    ...(endpoint !== undefined && { endpoint }),
  };
  const [{ BucketReader }, { BucketTree }] = await Promise.all([importS3(), importBucketTree()]);
  try {
    const reader = await BucketReader.open(options, credentialsIn(Deno.env.toObject()));
    return new BucketTree(`bucket ${bucket}/${prefix}`, reader);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StartError(error.message, { cause: error });
  }
}

/** True if a tree holds nothing but a folder of the name that its prefix has. */
async function repeats(tree: SourceTree, prefix: string): Promise<boolean> {
  if (prefix === "") return false;
  let first = true;
  for await (const { name, kind } of tree.entries("")) {
    if (!first || kind !== "folder" || name !== prefix.split("/", 1)[0]) return false;
    first = false;
  }
  for await (const _ of tree.entries(prefix)) return true;
  return false;
}

/**
 * Finds the format of the source. `scratch` is a folder for temporary files.
 *
 * @throws {StartError} if it holds no registry.
 */
export async function openSource(
  tree: SourceTree,
  scratch: string,
  report: ReportFinding,
): Promise<SourceRegistry & Disposable> {
  for await (const { kind } of tree.entries(`${DISTRIBUTION_FOLDER}/repositories`)) {
    if (kind === "folder") return withDispose(new DistributionRegistry(tree, report), () => {});
  }
  const index = new ContentIndex(tree, `${scratch}/content`);
  const layouts = new LayoutRegistry(tree, report, index);
  const silent = new LayoutRegistry(tree, () => {}, index);
  for await (const _ of silent.repositories()) return withDispose(layouts, () => index[Symbol.dispose]());
  index[Symbol.dispose]();
  throw new StartError(
    `Cannot find a registry in ${tree.place}: expected ${DISTRIBUTION_FOLDER}/repositories, or folders with index.json`,
  );
}

function withDispose<T extends object>(registry: T, dispose: () => void): T & Disposable {
  return Object.assign(registry, { [Symbol.dispose]: dispose });
}

function credentialsIn(environment: Record<string, string>): CredentialSource | undefined {
  const accessKeyId = environment[CREDENTIAL_VARIABLES.accessKeyId] ?? "";
  const secretAccessKey = environment[CREDENTIAL_VARIABLES.secretAccessKey] ?? "";
  const sessionToken = environment[CREDENTIAL_VARIABLES.sessionToken] ?? "";
  if ((accessKeyId === "") !== (secretAccessKey === "")) {
    throw new StartError(
      `Expected both ${CREDENTIAL_VARIABLES.accessKeyId} and ${CREDENTIAL_VARIABLES.secretAccessKey}, or neither`,
    );
  }
  if (accessKeyId === "") return undefined;
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== "" && { sessionToken }) };
  return () => Promise.resolve(credentials);
}
