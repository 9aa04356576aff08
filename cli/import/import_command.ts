import { type Config, StartError } from "../../config/mod.ts";
import { purgeRules } from "../../config/purge_rules.ts";
import { createRegistry } from "../../registry/mod.ts";
import { openAudit } from "../audit.ts";
import { counted } from "../counted.ts";
import { withScratchFolder } from "../transfer/mod.ts";
import { openForCopy } from "../upkeep_storage.ts";
import { Destination } from "./destination.ts";
import { emptyReport, type ImportReport } from "./import_report.ts";
import { importRegistry } from "./import_registry.ts";
import { openSource, openTree, type SourcePlace } from "./open_source.ts";
import type { Finding } from "./source_registry.ts";

/** Milliseconds between two lines of progress. */
const PROGRESS_INTERVAL_MS = 5000;

/** Arguments of `skerry import`. */
export interface ImportCommand {
  /** Place of the other registry's storage. */
  place: SourcePlace;
  /** True to print JSON, one object a line: each finding, then the report. */
  json: boolean;
}

/**
 * `skerry import`: copies the storage of zot or CNCF distribution into the configured registry, beside everything else
 * that uses it.
 *
 * @returns The exit code: 1 if some part of the source was not imported.
 * @throws {StartError} if one of the two cannot be used, or fails meanwhile.
 */
export async function importCommand(
  config: Config,
  print: (text: string) => void,
  { place, json }: ImportCommand,
): Promise<number> {
  return await withScratchFolder(async (scratch) => {
    const report = emptyReport();
    const found = (finding: Finding) => {
      if (finding.kind !== "kept-tag") report.damaged++;
      print(json ? JSON.stringify(finding) : lineOf(finding));
    };
    try {
      // The source first: no folder is made for an import of nothing.
      const tree = await openTree(place);
      using source = await openSource(tree, scratch, found);
      if (!json) print(`Importing from ${tree.place}: ${source.format}`);
      await using stack = new AsyncDisposableStack();
      const { objects, table, maxBlobSize = Infinity, close } = await openForCopy(config);
      stack.defer(close);
      await using audit = openAudit(config);
      const { auth } = config;
      const { registry, outbox } = createRegistry({
        ...config,
        ...purgeRules(config),
        maxBlobSize: Math.min(config.maxBlobSize, maxBlobSize),
        objects,
        table,
        ...(auth && { immutable: auth.immutable, quotas: auth.quotas }),
      });
      using _ = showProgress(report);
      await importRegistry({
        tree,
        source,
        report,
        found,
        destination: new Destination(registry),
        maxManifestSize: config.maxManifestSize,
        isSparse: config.references === "sparse",
      });
      await (await outbox?.())?.handOver();
      audit.record({ action: "registry.import", reason: `${tree.place}: ${summaryOf(report)}` });
      print(json ? JSON.stringify({ report }) : summaryOf(report));
      return report.damaged > 0 ? 1 : 0;
    } catch (error) {
      if (error instanceof StartError) throw error;
      const message = (error as Error).message.replace(/\.$/, "");
      throw new StartError(`Cannot import: ${message} (run the command again to continue)`, {
        cause: error,
      });
    }
  });
}

function lineOf({ kind, repository, tag, digest, manifest, note }: Finding): string {
  const name = tag === undefined ? repository : `${repository}:${tag}`;
  const content = kind === "blob"
    ? ` ${digest} of manifest ${manifest}`
    : digest === undefined
    ? ""
    : ` ${digest}`;
  return `${kind}: ${name}${content} ${note}`;
}

function summaryOf(report: ImportReport): string {
  const { repositories, manifests, tags, blobs, linkedBlobs, bytes, presentManifests, keptTags, damaged } =
    report;
  const pushed = `${counted(manifests, "manifest")}, ${counted(tags, "tag")} and ${counted(blobs, "blob")}`;
  const kept = keptTags === 0 ? "" : `, ${counted(keptTags, "tag")} kept`;
  return `Imported ${pushed} (${bytes} bytes; ${linkedBlobs} more linked) of ` +
    `${counted(repositories, "repository")}; ${
      counted(presentManifests, "manifest")
    } already present${kept}; ` +
    `${counted(damaged, "finding")}`;
}

/** A line on the terminal now and then. */
function showProgress(report: ImportReport): Disposable {
  const show = () => console.error(summaryOf(report));
  const timer = Deno.stderr.isTerminal() ? setInterval(show, PROGRESS_INTERVAL_MS) : undefined;
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
