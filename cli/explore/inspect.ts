import type { Child, Layer, ManifestView, Referrer, Repository } from "../../api/mod.ts";
import { type Digest, isDigest, type Reference, type RepositoryName } from "../../oci/mod.ts";
import { factsOf, lineOf, tableOf } from "../table.ts";
import { formatBytes, formatCount } from "../units.ts";
import { digestFor, type Output } from "./output.ts";
import type { BoundApi } from "./source.ts";
import { platformText } from "./tags.ts";

/** Referrers that are shown. */
const MAX_REFERRERS = 100;

/**
 * `skerry inspect`: prints what a repository, or a manifest, is.
 *
 * @returns The exit code.
 */
export async function inspect(
  api: BoundApi,
  { repository, reference }: { repository: RepositoryName; reference?: Reference },
  output: Output,
): Promise<number> {
  const { print, json } = output;
  if (reference === undefined) {
    const found = await api.getRepository(repository);
    print(json ? JSON.stringify(found) : repositoryText(found));
    return 0;
  }
  const view = await manifestOf(api, repository, reference);
  if (json) {
    print(JSON.stringify(view));
    return 0;
  }
  const { referrers } = await api.listReferrers(repository, view.digest as Digest, { n: MAX_REFERRERS });
  print(manifestText(view, referrers, output));
  return 0;
}

/** The manifest with all its layers or children, which come in pages. */
async function manifestOf(
  api: BoundApi,
  repository: RepositoryName,
  reference: Reference,
): Promise<ManifestView> {
  const view = await api.getManifest(repository, reference);
  const count = () => view.layers.length + view.children.length;
  // Pages of the digest, because the tag may move meanwhile.
  const digest = view.digest;
  if (!isDigest(digest)) return view;
  while (count() < view.parts.total) {
    const page = await api.getManifest(repository, { digest }, { from: count() });
    if (page.layers.length + page.children.length === 0) break;
    view.layers.push(...page.layers);
    view.children.push(...page.children);
  }
  return view;
}

function repositoryText(repository: Repository): string {
  const { name, tags, newest, bytes, createdAt, title, description, licenses, source, url, rights } =
    repository;
  return factsOf([
    ["Repository", name],
    ["Title", title],
    ["Description", description],
    ["Tags", formatCount(tags)],
    [
      "Newest",
      newest && `${newest.tag}, pushed ${newest.pushedAt}${newest.pushedBy ? ` by ${newest.pushedBy}` : ""}`,
    ],
    ["Size", bytes === undefined ? undefined : formatBytes(bytes)],
    ["Created", createdAt],
    ["Licenses", licenses],
    ["Source", source],
    ["URL", url],
    ["Immutable tags", repository.immutable.length === 0 ? undefined : repository.immutable.join(" ")],
    ["Signatures", repository.signatures],
    ["Rights", rights.join(" ")],
  ]);
}

function manifestText(view: ManifestView, referrers: Referrer[], output: Output): string {
  const { image, config } = view;
  const facts = factsOf([
    ["Name", `${view.name}@${view.digest}`],
    ["Kind", view.artifactType === undefined ? view.kind : `${view.kind} (${view.artifactType})`],
    ["Media type", view.mediaType],
    ["Size", view.size === undefined ? undefined : formatBytes(view.size)],
    ["Pushed", view.pushedBy === undefined ? view.pushedAt : `${view.pushedAt} by ${view.pushedBy}`],
    ["Tags", view.tags.items.length === 0 ? undefined : listOf(view.tags)],
    [
      "In indexes",
      view.indexes.items.length === 0
        ? undefined
        : listOf({ ...view.indexes, items: view.indexes.items.map(({ digest }) => digest) }),
    ],
    ["Subject", view.subject && `${view.subject.digest}${view.subject.exists ? "" : " (missing)"}`],
    ["Config", config?.digest],
    ["Platform", image?.platform && platformText(image.platform)],
    ["Created", image?.created],
    ["User", image?.user],
    ["Working dir", image?.workingDir],
    ["Entrypoint", image && image.entrypoint.length > 0 ? JSON.stringify(image.entrypoint) : undefined],
    ["Command", image && image.command.length > 0 ? JSON.stringify(image.command) : undefined],
    ["Ports", image && image.ports.length > 0 ? image.ports.join(" ") : undefined],
    ["Volumes", image && image.volumes.length > 0 ? image.volumes.join(" ") : undefined],
    ...view.facts.map(({ name, value }) => [name, value] as const),
    ["Problem", view.configProblem],
  ]);
  return [
    facts,
    section("Environment", image?.environment.map(({ name, value }) => `${name}=${value}`), output),
    section("Labels", image && Object.entries(image.labels).map(pairText), output),
    section("Annotations", Object.entries(view.annotations).map(pairText), output),
    ...view.layers.length === 0 ? [] : [layersTable(view.layers, output)],
    ...view.children.length === 0 ? [] : [childrenTable(view.children, output)],
    ...referrers.length === 0 ? [] : [referrersTable(referrers, output)],
  ].filter((part) => part !== undefined).join("\n\n");
}

function listOf({ items, more }: { items: string[]; more: boolean }): string {
  return `${items.join(" ")}${more ? " ..." : ""}`;
}

function pairText([name, value]: [name: string, value: string]): string {
  return `${name}=${value}`;
}

/** Indented lines under a title; `undefined` without lines. */
function section(title: string, lines: string[] | undefined, output: Output): string | undefined {
  if (lines === undefined || lines.length === 0) return undefined;
  const indented = lines.map((line) => `  ${lineOf(line, { width: output.width && output.width - 2 })}`);
  return `${title}:\n${indented.join("\n")}`;
}

function layersTable(layers: readonly Layer[], output: Output): string {
  const columns = [
    { title: "LAYER", align: "right" as const },
    { title: "DIGEST" },
    { title: "SIZE", align: "right" as const },
    { title: "CREATED BY" },
  ];
  const rows = layers.map(({ digest, size, title, createdBy, mediaType }, i) => [
    `${i}`,
    digestFor(output, digest),
    formatBytes(size),
    title ?? createdBy ?? mediaType,
  ]);
  return tableOf(columns, rows, output);
}

function childrenTable(children: readonly Child[], output: Output): string {
  const columns = [
    { title: "PLATFORM" },
    { title: "DIGEST" },
    { title: "KIND" },
    { title: "SIZE", align: "right" as const },
  ];
  const rows = children.map(({ platform, digest, kind, size, exists }) => [
    platform === undefined ? "" : platformText(platform),
    digestFor(output, digest),
    kind,
    exists === false ? "missing" : size === undefined ? "" : formatBytes(size),
  ]);
  return tableOf(columns, rows, output);
}

function referrersTable(referrers: readonly Referrer[], output: Output): string {
  const columns = [{ title: "REFERRER" }, { title: "KIND" }, { title: "ARTIFACT TYPE" }];
  const rows = referrers.map((
    { digest, kind, artifactType = "" },
  ) => [digestFor(output, digest), kind, artifactType]);
  return tableOf(columns, rows, output);
}
