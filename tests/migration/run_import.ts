import { assertEquals } from "@std/assert";
import { readConfig, runCommand } from "../../cli/mod.ts";
import { createRegistry, type Registry } from "../../registry/mod.ts";
import { createLog } from "../../process/mod.ts";
import { openStorage } from "../../process/open/open_storage.ts";
import { assertArrived, assertListed } from "./arrived.ts";
import type { Fleet } from "./fleet.ts";
import type { ExpectedFinding, Planted } from "./planted_damage.ts";

/** Settings of the registry that gets the content. */
export type Settings = Readonly<Record<string, string>>;

/** Counts at the end of `skerry import --json`. */
export type Counts = Readonly<Record<string, number>>;

/** Runs `skerry import --json` in this process. */
export async function runImport(settings: Settings, args: string[]) {
  const lines: string[] = [];
  const code = await runCommand(["import", "--json", ...args], {
    config: () => readConfig({ ...settings, SKERRY_LOG: "off" }),
    print: (text) => lines.push(text),
  });
  const documents = lines.map((line) => JSON.parse(line));
  const { report } = documents.pop() as { report: Counts };
  return { code, report, findings: documents as ExpectedFinding[] };
}

/** Runs `use` with the registry of the settings. */
export async function withRegistry(
  settings: Settings,
  use: (registry: Registry) => Promise<void>,
): Promise<void> {
  const config = await readConfig({ ...settings });
  const storage = await openStorage({ ...config, s3VerifiesContent: "off" }, createLog({ format: "off" }));
  try {
    await use(createRegistry({ ...storage }).registry);
  } finally {
    await storage.close();
  }
}

/**
 * Imports a source that was damaged, twice: everything sound arrives with its digests, the damage is listed, and the
 * second run pushes nothing. Returns the counts of the first run.
 */
export async function assertMigrates(
  settings: Settings,
  args: string[],
  { fleet, planted }: { fleet: Fleet; planted: Planted },
): Promise<Counts> {
  const first = await runImport(settings, args);
  assertListed(first.findings, planted.findings);
  assertEquals(first.code, planted.findings.length > 0 ? 1 : 0);
  await withRegistry(settings, (registry) => assertArrived(registry, fleet, planted));
  const { findings, report } = await runImport(settings, args);
  assertListed(findings, planted.findings);
  for (const count of ["manifests", "tags", "blobs", "linkedBlobs", "bytes"]) {
    assertEquals(report[count], 0, count);
  }
  return first.report;
}
