import type { Digest, RepositoryName } from "../oci/mod.ts";
import type { Caller } from "../registry/interface.ts";
import type { DiffRequest } from "./api.ts";
import { type Library, MAX_BATCH, type ReadManifest } from "./library.ts";
import {
  attestedBy,
  type ManifestDocument,
  type Part,
  platformText,
  sizeWithContent,
} from "./manifest_document.ts";
import type { ManifestViews } from "./manifest_views.ts";
import type { ChildChange, Diff, DiffSide, Image, LayerChange, ValueChange } from "./schemas/mod.ts";
import { digestIn, member, timeOf } from "./values.ts";

/** Layers, and values, in one answer. */
const MAX_LAYERS = 500;
const MAX_VALUES = 500;

/** Children of both indexes that are compared. */
const MAX_CHILDREN = MAX_BATCH / 2;

/** A manifest with its config. */
interface Side {
  read: ReadManifest;
  image: Image | undefined;
  isComplete: boolean;
}

/** Compares manifests. */
export class Diffs {
  readonly #library: Library;
  readonly #views: ManifestViews;

  /** Comparisons over the library. */
  constructor(library: Library, views: ManifestViews) {
    this.#library = library;
    this.#views = views;
  }

  /** Compares two manifests: for each up to two requests, two for its config, and one for the children of an index. */
  async compare(
    caller: Caller,
    repository: RepositoryName,
    { fromRepository = repository, from, to }: DiffRequest,
  ): Promise<Diff> {
    const [before, after] = await Promise.all([
      this.#side(caller, fromRepository, from),
      this.#side(caller, repository, to),
    ]);
    const layers = compareLayers(before, after);
    const values = compareValues(before, after);
    const [a, b] = [before.read.document.children, after.read.document.children];
    const children = a.length === 0 && b.length === 0
      ? []
      : compareChildren(await this.#children(fromRepository, a), await this.#children(repository, b));
    const bytes = { same: 0, added: 0, removed: 0 };
    for (const { change, size } of layers) bytes[change] += size;
    const isCut = layers.length > MAX_LAYERS || values.length > MAX_VALUES ||
      Math.max(a.length, b.length) > MAX_CHILDREN;
    return {
      from: describe(fromRepository, "tag" in from ? from.tag : from.digest, before),
      to: describe(repository, "tag" in to ? to.tag : to.digest, after),
      same: before.read.digest === after.read.digest,
      layers: layers.slice(0, MAX_LAYERS),
      bytes,
      values: values.slice(0, MAX_VALUES),
      children,
      complete: !isCut && before.isComplete && after.isComplete,
    };
  }

  async #side(caller: Caller, repository: RepositoryName, reference: DiffRequest["from"]): Promise<Side> {
    const read = await this.#views.find(caller, repository, reference);
    const { image, problem } = await this.#views.readConfig(repository, read.document);
    return { read, image, isComplete: problem === undefined };
  }

  async #children(repository: RepositoryName, children: Part[]): Promise<ReadChild[]> {
    const compared = children.filter((child) => attestedBy(child) === undefined).slice(0, MAX_CHILDREN);
    const digests = compared.map(({ digest }) => digestIn(digest)).filter((digest) => digest !== undefined);
    const found = await this.#library.manifests(repository, digests);
    const documents = new Map(
      found.filter((child) => child !== undefined && child !== "unread")
        .map((child) => [child.digest, { document: child.document, size: child.size }]),
    );
    return compared.map((part) => ({ part, ...documents.get(part.digest as Digest) }));
  }
}

/** Child of an index; without its document if that was not read. */
interface ReadChild {
  part: Part;
  document?: ManifestDocument;
  size?: number;
}

function describe(name: RepositoryName, reference: string, { read }: Side): DiffSide {
  const { digest, mediaType, size, pushedAt, document } = read;
  return {
    name,
    reference,
    digest,
    mediaType,
    kind: document.kind,
    pushedAt: timeOf(pushedAt),
    ...(document.children.length === 0 && { size: sizeWithContent(size, document) }),
  };
}

/** Layers of the later manifest in their order, and then those that only the earlier one has. */
function compareLayers(before: Side, after: Side): LayerChange[] {
  const [old, current] = [layersOf(before), layersOf(after)];
  return [
    ...[...current].map(([digest, layer]): LayerChange => ({
      change: old.has(digest) ? "same" : "added",
      ...layer,
    })),
    ...[...old].filter(([digest]) => !current.has(digest))
      .map(([, layer]): LayerChange => ({ change: "removed", ...layer })),
  ];
}

function layersOf({ read, image }: Side): Map<string, Omit<LayerChange, "change">> {
  const instructions = new Map(image?.history.map(({ layer, createdBy }) => [layer, createdBy]));
  return new Map(
    read.document.layers.map(({ digest, size, mediaType, annotations }, i) => [digest, {
      digest,
      size,
      mediaType,
      ...member("title", annotations["org.opencontainers.image.title"]),
      ...member("createdBy", instructions.get(i)),
    }]),
  );
}

type Field = ValueChange["field"];

/** Values of both sides by field and name. A repeated variable has its last value, as in a process. */
function compareValues(before: Side, after: Side): ValueChange[] {
  const [old, current] = [valuesOf(before), valuesOf(after)];
  return [...new Set([...old.keys(), ...current.keys()])].flatMap((key) => {
    const [a, b] = [old.get(key), current.get(key)];
    if (a?.value === b?.value) return [];
    const { field, name } = (b ?? a)!;
    return [{
      field,
      ...member("name", name),
      ...member("before", a?.value),
      ...member("after", b?.value),
    }];
  });
}

function valuesOf({ read, image }: Side): Map<string, { field: Field; name?: string; value: string }> {
  const { document, mediaType } = read;
  const values = new Map<string, { field: Field; name?: string; value: string }>();
  const set = (field: Field, value: string | undefined, name?: string) => {
    if (value !== undefined) values.set(`${field} ${name ?? ""}`, { field, value, ...member("name", name) });
  };
  set("mediaType", mediaType);
  set("artifactType", document.artifactType);
  if (image !== undefined) {
    set("platform", image.platform && platformText(image.platform));
    set("created", image.created);
    set("author", image.author);
    set("user", image.user);
    set("workingDir", image.workingDir);
    set("entrypoint", listText(image.entrypoint));
    set("command", listText(image.command));
    set("stopSignal", image.stopSignal);
    for (const { name, value } of image.environment) set("environment", value, name);
    for (const [name, value] of Object.entries(image.labels)) set("label", value, name);
    for (const port of image.ports) set("port", port, port);
    for (const volume of image.volumes) set("volume", volume, volume);
  }
  for (const [name, value] of Object.entries(document.annotations)) set("annotation", value, name);
  return values;
}

function listText(texts: string[]): string | undefined {
  return texts.length === 0 ? undefined : JSON.stringify(texts);
}

function compareChildren(before: ReadChild[], after: ReadChild[]): ChildChange[] {
  const [old, current] = [byPlatform(before), byPlatform(after)];
  return [...new Set([...current.keys(), ...old.keys()])].map((key): ChildChange => {
    const [a, b] = [old.get(key), current.get(key)];
    const change = a === undefined
      ? "added"
      : b === undefined
      ? "removed"
      : a.part.digest === b.part.digest
      ? "same"
      : "changed";
    return {
      change,
      ...member("platform", (b ?? a)!.part.platform),
      ...member("before", a && sideOf(a)),
      ...member("after", b && sideOf(b)),
      ...(change === "changed" && member("layers", countLayers(a!, b!))),
    };
  });
}

/** Children by their platform. Several of one platform, and those without any, are told apart by their place. */
function byPlatform(children: ReadChild[]): Map<string, ReadChild> {
  const found = new Map<string, ReadChild>();
  for (const child of children) {
    const name = child.part.platform === undefined ? "" : platformText(child.part.platform);
    let key = name;
    for (let n = 2; found.has(key); n++) key = `${name} ${n}`;
    found.set(key, child);
  }
  return found;
}

function sideOf({ part, document, size }: ReadChild): { digest: string; size?: number } {
  const known = document && document.children.length === 0 && size !== undefined;
  return { digest: part.digest, ...(known && { size: sizeWithContent(size, document) }) };
}

function countLayers(a: ReadChild, b: ReadChild): ChildChange["layers"] {
  if (a.document === undefined || b.document === undefined) return undefined;
  const [old, current] = [a.document, b.document].map(({ layers }) =>
    new Map(layers.map(({ digest, size }) => [digest, size]))
  ) as [Map<string, number>, Map<string, number>];
  const added = [...current].filter(([digest]) => !old.has(digest));
  return {
    same: current.size - added.length,
    added: added.length,
    removed: [...old.keys()].filter((digest) => !current.has(digest)).length,
    addedBytes: added.reduce((sum, [, size]) => sum + size, 0),
  };
}
