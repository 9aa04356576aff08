import { RegistryError, type RepositoryName } from "../../oci/mod.ts";
import { createRegistry } from "../../registry/mod.ts";
import type { Config } from "../../config/mod.ts";
import { eventRules } from "../../config/event_rules.ts";
import { purgeRules } from "../../config/purge_rules.ts";
import { openAudit } from "../audit.ts";
import { counted } from "../counted.ts";
import { openForUpkeep } from "../upkeep_storage.ts";

/**
 * `skerry delete-repository`: deletes everything in a repository, or only counts it, and prints the counts. Ignores the
 * switches for deletes over HTTP: access to the stores is the only permission needed.
 *
 * @returns The exit code: 0 if the repository was deleted or would be, 1 if it does not exist or some content remains
 *   for now.
 * @throws {StartError} if the storage cannot be used.
 */
export async function deleteRepository(
  config: Config,
  print: (text: string) => void,
  repository: RepositoryName,
  { dryRun }: { dryRun: boolean },
): Promise<number> {
  const { objects, table, close } = await openForUpkeep(config);
  try {
    await using audit = openAudit(config);
    const { registry, outbox } = createRegistry({
      ...config,
      ...purgeRules(config),
      ...eventRules(config),
      objects,
      table,
    });
    const { tags, manifests, blobs, kept } = await registry.deleteRepository(repository, {
      dryRun,
      changed: (change) => audit.record(change),
    });
    await (await outbox?.())?.handOver();
    const count = `${counted(tags, "tag")}, ${counted(manifests, "manifest")} and ${counted(blobs, "blob")}`;
    print(`${dryRun ? "Would delete" : "Deleted"} ${count} of "${repository}"`);
    if (kept === 0) return 0;
    print(`${counted(kept, "blob")} kept: a push may still need them (try again in a few minutes)`);
    return 1;
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== "NAME_UNKNOWN") throw error;
    print(`No such repository: "${repository}"`);
    return 1;
  } finally {
    await close();
  }
}
