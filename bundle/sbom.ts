/**
 * `deno task sbom`: prints the software bill of materials of the bundle as CycloneDX 1.6, made from `deno.lock`. It has no
 * date and no random number, so the same sources give the same bytes.
 *
 * @module
 */
import manifest from "../deno.json" with { type: "json" };

/** Part of a bill of materials. */
export interface Component {
  /** Kind of software. */
  readonly type: "application" | "library" | "platform";
  /** Name of the component in the list of dependencies. */
  readonly "bom-ref": string;
  /** Scope of an npm package, such as `@aws-sdk`. */
  readonly group?: string;
  /** Name without the scope. */
  readonly name: string;
  /** Exact version. */
  readonly version: string;
  /** Package URL. */
  readonly purl?: string;
  /** Hash of the packed package. */
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
  /** SPDX identifiers; npm packages have none in `deno.lock`. */
  readonly licenses?: readonly { readonly license: { readonly id: string } }[];
}

/** Software bill of materials (https://cyclonedx.org/docs/1.6/json/). */
export interface Sbom {
  /** Name of the format. */
  readonly bomFormat: "CycloneDX";
  /** Version of the format. */
  readonly specVersion: "1.6";
  /** Version of this bill. */
  readonly version: number;
  /** The registry itself. */
  readonly metadata: { readonly component: Component };
  /** Deno and every package. */
  readonly components: readonly Component[];
  /** Other components that each component needs. */
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** A package of `deno.lock`. */
interface LockedPackage {
  readonly integrity: string;
  readonly dependencies?: readonly string[];
}

/** `deno.lock`, which Deno imports as text only. */
interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, LockedPackage>>;
}

const SKERRY = "skerry";
const DENO = "deno";

/** The bill of materials of this version, with this version of Deno. */
export async function sbom(denoVersion: string = Deno.version.deno): Promise<Sbom> {
  const lock: Lock = JSON.parse(await Deno.readTextFile(new URL("../deno.lock", import.meta.url)));
  const packages = Object.entries(lock.npm);
  // The file names a package with its version only if it has several versions of it.
  const refs = new Map(packages.flatMap(([key]) => [[nameOf(key), purlOf(key)], [key, purlOf(key)]]));
  const refOf = (name: string) => refs.get(name) ?? refs.get(nameOf(name))!;
  const roots = Object.keys(lock.specifiers).map((specifier) => refOf(specifier.slice("npm:".length)));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": SKERRY,
        name: manifest.name,
        version: manifest.version,
        licenses: [{ license: { id: manifest.license } }],
      },
    },
    components: [
      {
        type: "platform",
        "bom-ref": DENO,
        name: "deno",
        version: denoVersion,
        licenses: [{ license: { id: "MIT" } }],
      },
      ...packages.map(([key, { integrity }]) => library(key, integrity)),
    ],
    dependencies: [
      { ref: SKERRY, dependsOn: [DENO, ...roots] },
      { ref: DENO, dependsOn: [] },
      ...packages.map(([key, { dependencies = [] }]) => ({
        ref: purlOf(key),
        dependsOn: dependencies.map(refOf),
      })),
    ],
  };
}

function library(key: string, integrity: string): Component {
  const [, group, name] = /^(?:(@[^/]+)\/)?(.+)$/.exec(nameOf(key))!;
  const [algorithm, hash] = integrity.split("-");
  if (algorithm !== "sha512" || hash === undefined) {
    throw new Error(`Cannot read the hash of "${key}": ${integrity}`);
  }
  return {
    type: "library",
    "bom-ref": purlOf(key),
    ...(group !== undefined && { group }),
    name: name!,
    version: versionOf(key),
    purl: purlOf(key),
    hashes: [{ alg: "SHA-512", content: Uint8Array.fromBase64(hash).toHex() }],
  };
}

/** Name of a package, from `name@version` or a name alone. */
function nameOf(key: string): string {
  const at = key.indexOf("@", 1);
  return at === -1 ? key : key.slice(0, at);
}

function versionOf(key: string): string {
  return key.slice(nameOf(key).length + 1);
}

/** Package URL (https://github.com/package-url/purl-spec): the `@` of a scope is encoded. */
function purlOf(key: string): string {
  return `pkg:npm/${nameOf(key).replace("@", "%40")}@${versionOf(key)}`;
}

if (import.meta.main) console.log(JSON.stringify(await sbom(), null, 2));
