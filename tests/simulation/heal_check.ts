import { type Client, GivenUp } from "./client.ts";
import { pushWhole } from "./upload_ways.ts";
import { must } from "./violation.ts";
import {
  ARTIFACT,
  type Blob,
  BLOBS,
  GIANT,
  INDEX,
  type ManifestPlan,
  REPOSITORIES,
  SECOND,
} from "./world.ts";
import type { RepositoryName } from "../../oci/mod.ts";

/** Images that together reference all content. */
const ALL = [INDEX, SECOND, ARTIFACT, GIANT];

/** The blobs that they need. */
const NEEDED = BLOBS.filter((blob) => [...ALL, ...INDEX.children].some(({ blobs }) => blobs.includes(blob)));

/** Pulls everything and pushes the missing content again, as a client does after a HEAD. Then all of it must exist. */
export async function checkHealed(client: Client): Promise<void> {
  for (const repository of REPOSITORIES) {
    for (const blob of BLOBS) await isReadable(client, repository, blob);
  }
  for (const repository of REPOSITORIES) {
    for (const manifest of ALL) await push(client, repository, manifest);
  }
  for (const repository of REPOSITORIES) {
    for (const blob of NEEDED) {
      must(
        await isReadable(client, repository, blob),
        `${blob.name} was pushed again in ${repository} and is gone`,
      );
    }
    for (const { digest, name } of ALL) {
      const { bytes } = await client.ask(`GET ${name}`, () => {
        return client.registry.getManifest(repository, { digest });
      });
      must(bytes.length > 0, `${name} was pushed again in ${repository} and is empty`);
    }
  }
}

async function isReadable(
  client: Client,
  repository: RepositoryName,
  { digest, name }: Blob,
): Promise<boolean> {
  try {
    await client.ask(`GET ${name}`, () => client.readBlob(repository, digest));
    return true;
  } catch (error) {
    if (error instanceof GivenUp && error.told.status === 404) return false;
    throw error;
  }
}

async function push(client: Client, repository: RepositoryName, manifest: ManifestPlan): Promise<void> {
  for (const child of manifest.children) await push(client, repository, child);
  for (const blob of manifest.blobs) {
    if (!await client.hasBlob(repository, blob)) await pushWhole(client, repository, blob);
  }
  await client.putManifest(repository, manifest, []);
}
