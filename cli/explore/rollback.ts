import { type Digest, isDigest } from "../../oci/mod.ts";
import { StartError } from "../../config/mod.ts";
import type { Tagged } from "./history.ts";
import type { Output } from "./output.ts";
import type { BoundApi } from "./source.ts";

/** Options of {@linkcode rollback}. */
export interface RollbackOptions {
  /** Target; the digest before the current one by default. */
  to?: Digest | undefined;
  /** Changes nothing, and prints what would be done. */
  dryRun: boolean;
  /** Asks the operator for the permission; true if there is it. */
  confirm: (question: string) => Promise<boolean>;
}

/**
 * `skerry rollback`: moves a tag back to the manifest that it pointed to before, or to another one. A move by another
 * client meanwhile is not overwritten.
 *
 * @returns The exit code: 1 if the operator refuses.
 * @throws {StartError} if the history has no earlier manifest.
 */
export async function rollback(
  api: BoundApi,
  { repository, tag }: Tagged,
  { to, dryRun, confirm }: RollbackOptions,
  { print, json }: Output,
): Promise<number> {
  const { moves } = await api.getTagHistory(repository, tag);
  const current = moves[0]?.digest;
  const earlier = moves.find(({ digest, exists }) => digest !== current && exists)?.digest;
  const target = to ?? earlier;
  if (current === undefined || !isDigest(current) || target === undefined || !isDigest(target)) {
    throw new StartError(
      `Cannot roll back "${repository}:${tag}": its history has no earlier manifest that still exists`,
    );
  }
  if (!dryRun && !await confirm(`Move "${repository}:${tag}" from ${current} to ${target}?`)) {
    print("Not moved");
    return 1;
  }
  const change = await api.moveTag(repository, tag, target, { dryRun, condition: { ifMatch: [current] } });
  if (json) print(JSON.stringify(change));
  else {
    const verb = dryRun ? "Would move" : "Moved";
    print(`${verb} "${repository}:${tag}" from ${change.before ?? current} to ${change.after}`);
  }
  return 0;
}
