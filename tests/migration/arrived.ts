import { assert, assertEquals } from "@std/assert";
import { type Digest, parseRepositoryName, type Tag } from "../../oci/mod.ts";
import type { Registry } from "../../registry/mod.ts";
import { readAll } from "../../storage/mod.ts";
import { digest } from "../harness/stores.ts";
import { type Fleet, tagsOf } from "./fleet.ts";
import type { ExpectedFinding, Planted } from "./planted_damage.ts";

/** Damage of a source that has none. */
export const SOUND: Planted = { findings: [], lost: new Set(), lostManifests: new Set() };

/** Checks that the registry has everything sound of a fleet, byte by byte, and nothing of the rest. */
export async function assertArrived(registry: Registry, fleet: Fleet, planted: Planted): Promise<void> {
  for (const [at, target] of tagsOf(fleet)) {
    const [name = "", tag = ""] = at.split(":");
    const found = await orNothing(() => registry.resolveTag(parseRepositoryName(name), tag as Tag));
    assertEquals(found, planted.lost.has(at) ? undefined : target, at);
  }
  for (const [name, { manifests }] of fleet) {
    const repository = parseRepositoryName(name);
    for (const { bytes, mediaType } of manifests) {
      const at = `${name}@${digest(bytes)}`;
      const found = await orNothing(() => registry.getManifest(repository, { digest: digest(bytes) }));
      assertEquals(found?.bytes, planted.lostManifests.has(at) ? undefined : bytes, at);
      if (found === undefined) continue;
      assertEquals(found.mediaType, mediaType, at);
      const { config, layers = [], subject } = JSON.parse(new TextDecoder().decode(bytes));
      for (const blob of config === undefined ? [] : [config, ...layers]) {
        const reader = await registry.getBlob(repository, blob.digest as Digest);
        assertEquals(digest(await readAll(await reader.open())), blob.digest, at);
      }
      if (subject === undefined) continue;
      const { items } = await registry.listReferrers(repository, subject.digest, { artifactTypes: [] });
      assertEquals(items.map((item) => item.digest), [digest(bytes)], at);
    }
  }
}

/** Checks that each planted damage is listed once, and nothing else is. */
export function assertListed(
  findings: readonly ExpectedFinding[],
  expected: readonly ExpectedFinding[],
): void {
  const left = [...findings];
  for (const { kind, repository, tag, note } of expected) {
    const at = left.findIndex((finding) =>
      finding.kind === kind && finding.repository === repository && finding.tag === tag &&
      finding.note.includes(note)
    );
    assert(
      at !== -1,
      `Not listed: ${kind} ${repository}:${tag} ${note} among ${JSON.stringify(left, null, 1)}`,
    );
    left.splice(at, 1);
  }
  assertEquals(left, []);
}

async function orNothing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch {
    return undefined;
  }
}
