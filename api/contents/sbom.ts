import type { Package, ReferrerContent } from "../schemas/mod.ts";
import { arrayOf, member, objectOf, textOf } from "../values.ts";

/** Head of every content. */
export type Head = Pick<ReferrerContent, "digest" | "mediaType" | "size" | "title">;

/** Packages in an answer. */
export const MAX_SHOWN = 500;

/** Package of an SBOM for a search. */
export type FoundPackage = Package;

/** SBOM in one of its formats; `undefined` for another document. */
export function readSbom(head: Head, document: Record<string, unknown>): ReferrerContent | undefined {
  if (textOf(document.spdxVersion) !== undefined) return readSpdx(head, document);
  if (document.bomFormat === "CycloneDX") return readCycloneDx(head, document);
  return undefined;
}

/** All packages of an SBOM. */
export function packagesOf(document: unknown): FoundPackage[] {
  const object = objectOf(document);
  return object.bomFormat === "CycloneDX"
    ? componentsOf(object).map(describeComponent)
    : arrayOf(object.packages).map(describeSpdxPackage);
}

/** SPDX 2 in JSON. */
function readSpdx(head: Head, document: Record<string, unknown>): ReferrerContent {
  const { created, creators } = objectOf(document.creationInfo);
  const packages = arrayOf(document.packages);
  return {
    type: "sbom",
    ...head,
    format: "SPDX",
    tools: arrayOf(creators).filter((item) => typeof item === "string").slice(0, 20),
    packages: { items: packages.slice(0, MAX_SHOWN).map(describeSpdxPackage), total: packages.length },
    ...member("formatVersion", textOf(document.spdxVersion)),
    ...member("name", textOf(document.name)),
    ...member("created", textOf(created)),
  };
}

function describeSpdxPackage(item: unknown): Package {
  const { name, versionInfo, licenseConcluded, licenseDeclared, externalRefs } = objectOf(item);
  const purl = arrayOf(externalRefs).map(objectOf).find(({ referenceType }) => referenceType === "purl");
  const license = [licenseConcluded, licenseDeclared].map(textOf)
    .find((text) => text !== undefined && text !== "NOASSERTION" && text !== "NONE");
  return {
    name: textOf(name) ?? "",
    ...member("version", textOf(versionInfo)),
    ...member("license", license),
    ...member("purl", textOf(purl?.referenceLocator)),
  };
}

/** CycloneDX in JSON, up to 1.6. */
function readCycloneDx(head: Head, document: Record<string, unknown>): ReferrerContent {
  const { timestamp, tools, component } = objectOf(document.metadata);
  const components = componentsOf(document);
  const listed = Array.isArray(tools) ? tools : arrayOf(objectOf(tools).components);
  const names = listed.map((item) => {
    const { name, version } = objectOf(item);
    return [textOf(name), textOf(version)].filter((text) => text !== undefined).join(" ");
  });
  return {
    type: "sbom",
    ...head,
    format: "CycloneDX",
    tools: names.filter((name) => name !== "").slice(0, 20),
    packages: { items: components.slice(0, MAX_SHOWN).map(describeComponent), total: components.length },
    ...member("formatVersion", textOf(document.specVersion)),
    ...member("name", textOf(objectOf(component).name)),
    ...member("created", textOf(timestamp)),
  };
}

/** Maximum components of a document that are read, nested ones included. */
const MAX_COMPONENTS = 100_000;

/** Components, and those inside of them. */
function componentsOf(document: Record<string, unknown>): unknown[] {
  const found: unknown[] = [];
  const waiting = [...arrayOf(document.components)].reverse();
  while (waiting.length > 0 && found.length < MAX_COMPONENTS) {
    const component = waiting.pop();
    found.push(component);
    waiting.push(...arrayOf(objectOf(component).components).toReversed());
  }
  return found;
}

function describeComponent(item: unknown): Package {
  const { group, name, version, purl, licenses } = objectOf(item);
  const [first] = arrayOf(licenses).map(objectOf);
  const license = textOf(first?.expression) ?? textOf(objectOf(first?.license).id) ??
    textOf(objectOf(first?.license).name);
  const own = textOf(name) ?? "";
  return {
    name: textOf(group) === undefined ? own : `${group}/${own}`,
    ...member("version", textOf(version)),
    ...member("license", license),
    ...member("purl", textOf(purl)),
  };
}
