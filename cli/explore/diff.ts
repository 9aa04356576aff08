import type { Diff, DiffSide, ValueChange } from "../../api/mod.ts";
import type { Reference, RepositoryName } from "../../oci/mod.ts";
import { factsOf, lineOf, tableOf } from "../table.ts";
import { formatBytes } from "../units.ts";
import { digestFor, type Output } from "./output.ts";
import type { BoundApi } from "./source.ts";
import { platformText } from "./tags.ts";

/** Mark of a line, as programs for differences have it. */
const MARKS = { same: " ", added: "+", removed: "-", changed: "~" } as const;

/**
 * `skerry diff`: prints how two manifests of a repository differ.
 *
 * @returns The exit code: 0 if they are the same manifest, 1 if they differ.
 */
export async function diff(
  api: BoundApi,
  repository: RepositoryName,
  { from, to }: { from: Reference; to: Reference },
  output: Output,
): Promise<number> {
  const found = await api.diff(repository, { from, to });
  output.print(output.json ? JSON.stringify(found) : textOf(found, output));
  return found.same ? 0 : 1;
}

function textOf(diff: Diff, output: Output): string {
  const { from, to, same, bytes, layers, children, values, complete } = diff;
  const facts = factsOf([
    ["From", sideText(from)],
    ["To", sideText(to)],
    [
      "Layers",
      layers.length === 0
        ? undefined
        : `${formatBytes(bytes.same)} same, ${formatBytes(bytes.added)} added, ${
          formatBytes(bytes.removed)
        } removed`,
    ],
  ]);
  return [
    facts,
    same ? "Both are the same manifest" : undefined,
    layers.length === 0 ? undefined : layersTable(diff, output),
    children.length === 0 ? undefined : childrenTable(diff, output),
    values.length === 0 ? undefined : valuesText(values, output),
    complete ? undefined : "Not everything could be compared",
  ].filter((part) => part !== undefined).join("\n\n");
}

function sideText({ reference, digest, size, pushedAt }: DiffSide): string {
  const name = reference === digest ? digest : `${reference} ${digest}`;
  return [name, ...size === undefined ? [] : [formatBytes(size)], `pushed ${pushedAt}`].join(", ");
}

function layersTable({ layers }: Diff, output: Output): string {
  const columns = [{ title: "" }, { title: "LAYER" }, { title: "SIZE", align: "right" as const }, {
    title: "CREATED BY",
  }];
  const rows = layers.map(({ change, digest, size, title, createdBy, mediaType }) => [
    MARKS[change],
    digestFor(output, digest),
    formatBytes(size),
    title ?? createdBy ?? mediaType,
  ]);
  return tableOf(columns, rows, output);
}

function childrenTable({ children }: Diff, output: Output): string {
  const columns = [{ title: "" }, { title: "PLATFORM" }, { title: "FROM" }, { title: "TO" }, {
    title: "LAYERS",
  }];
  const rows = children.map(({ change, platform, before, after, layers }) => [
    MARKS[change],
    platform === undefined ? "" : platformText(platform),
    before === undefined ? "" : digestFor(output, before.digest),
    after === undefined ? "" : digestFor(output, after.digest),
    layers === undefined
      ? ""
      : `${layers.same} same, ${layers.added} added (${
        formatBytes(layers.addedBytes)
      }), ${layers.removed} removed`,
  ]);
  return tableOf(columns, rows, output);
}

function valuesText(values: readonly ValueChange[], output: Output): string {
  return values.flatMap(({ field, name, before, after }) => {
    const label = name === undefined ? field : `${field} ${name}`;
    return [
      ...before === undefined ? [] : [lineOf(`- ${label}: ${before}`, output)],
      ...after === undefined ? [] : [lineOf(`+ ${label}: ${after}`, output)],
    ];
  }).join("\n");
}
