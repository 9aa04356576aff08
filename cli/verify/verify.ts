import {
  isDigest,
  isRepositoryName,
  isTag,
  type Reference,
  RegistryError,
  type RepositoryName,
} from "../../oci/mod.ts";
import { type Config, StartError } from "../../config/mod.ts";
import { plainLines } from "../../process/mod.ts";
import { openTrust, Verifier } from "../../process/open/open_trust.ts";
import { createRegistry } from "../../registry/mod.ts";
import type { SignatureReport } from "../../trust/interface.ts";
import { MisuseError } from "../command.ts";
import { openForUpkeep } from "../upkeep_storage.ts";

/** A manifest in the words of a command line. */
export interface Image {
  /** Its repository. */
  repository: RepositoryName;
  /** Its tag or digest. */
  reference: Reference;
}

/** Options of `skerry verify`. */
export interface VerifyCommandOptions extends Image {
  /** Prints the report as JSON. */
  json: boolean;
}

/** Reads `REPOSITORY:TAG` or `REPOSITORY@DIGEST`. @throws {MisuseError} for other text. */
export function readImage(text: string): Image {
  const at = text.indexOf("@");
  const end = at === -1 ? text.lastIndexOf(":") : at;
  const [repository, rest] = [text.slice(0, Math.max(end, 0)), text.slice(end + 1)];
  if (isRepositoryName(repository)) {
    if (at === -1 && isTag(rest)) return { repository, reference: { tag: rest } };
    if (at !== -1 && isDigest(rest)) return { repository, reference: { digest: rest } };
  }
  throw new MisuseError(`Expected REPOSITORY:TAG or REPOSITORY@DIGEST, got "${text}"`);
}

/**
 * `skerry verify`: verifies the signatures of a manifest by the rules of `verify`, and prints them.
 *
 * @returns The exit code: 0 if every rule of the repository is met, 1 otherwise.
 * @throws {StartError} if the manifest does not exist, or if a rule or the storage cannot be used.
 */
export async function verifyCommand(
  config: Config,
  print: (text: string) => void,
  { repository, reference, json }: VerifyCommandOptions,
): Promise<number> {
  const rules = await openTrust(config.verify);
  const { objects, table, close } = await openForUpkeep(config);
  try {
    const { registry } = createRegistry({ ...config, objects, table, touch: false });
    const { digest } = await existing(registry.getManifest(repository, reference));
    const report = await new Verifier({ store: registry, rules }).report(repository, digest);
    if (json) print(JSON.stringify({ repository, ...report }));
    else for (const line of linesOf(repository, report)) print(plainLines(line));
    return report.state === "verified" ? 0 : 1;
  } finally {
    await close();
  }
}

async function existing<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status !== 404) throw error;
    throw new StartError(`Cannot verify the manifest: ${error.message}`);
  }
}

/** The report in lines: the result, a table of the rules, and a table of the signatures. */
function linesOf(repository: RepositoryName, report: SignatureReport): string[] {
  const { digest, state, rules, signatures, coveredBy, complete } = report;
  const lines = [`${repository}@${digest}: ${state}`];
  if (coveredBy !== undefined) lines.push(`Covered by the signed index ${coveredBy}`);
  if (!complete) lines.push("There are more signatures than are read");
  if (rules.length === 0) lines.push("No rule of `verify` is for this repository");
  else {
    const rows = rules.map(({ name, mode, met, reason }) => [name, mode, met ? "yes" : "no", reason]);
    lines.push("", ...table([["RULE", "MODE", "MET", "REASON"], ...rows]));
  }
  if (signatures.length > 0) {
    const rows = signatures.map(({ state, format, signedAt, reason, manifest, predicateType = "-" }) => [
      state,
      format,
      signedAt === undefined ? "-" : new Date(signedAt).toISOString(),
      predicateType,
      manifest.slice(0, 19),
      reason,
    ]);
    lines.push("", ...table([["STATE", "FORMAT", "SIGNED", "PREDICATE", "MANIFEST", "REASON"], ...rows]));
  }
  return lines;
}

/** Rows in columns of equal width. The last column has no padding. */
function table(rows: string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) => column === row.length - 1 ? cell : cell.padEnd(widths[column]!)).join("  ")
  );
}
