import type { Chart, Fact, Text } from "./schemas/mod.ts";
import { textIn } from "./texts.ts";
import { arrayOf, member, objectOf, textOf, textsOf } from "./values.ts";

/** Bytes of an archive that is read, and of its content. Helm itself refuses charts of more than 20 MiB. */
export const MAX_ARCHIVE_BYTES = 2 * 1024 * 1024;
const MAX_CONTENT_BYTES = 16 * 1024 * 1024;

/** Bytes of a file in the archive that is read. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Bytes of values or README in an answer. */
const MAX_SHOWN_BYTES = 48 * 1024;

/** Members of Chart.yaml that are texts, in the order in which they are shown. */
const FACTS = [
  "name",
  "version",
  "appVersion",
  "description",
  "type",
  "kubeVersion",
  "home",
  "icon",
] as const;

/** Maximum dependencies of a chart in an answer. */
const MAX_DEPENDENCIES = 100;

/** Chart of its config, which is Chart.yaml as JSON, and of its archive. */
export async function readChart(
  config: unknown,
  archive: { bytes: Uint8Array<ArrayBuffer> } | { problem: string },
): Promise<Chart> {
  const chart = { facts: factsOf(config), dependencies: dependenciesOf(config) };
  if ("problem" in archive) return { ...chart, problem: archive.problem };
  try {
    return { ...chart, ...await readFiles(archive.bytes) };
  } catch (error) {
    const reason = error instanceof RangeError ? error.message : "Not a gzipped tar archive";
    return { ...chart, problem: reason };
  }
}

/**
 * `values.yaml` and `README.md` beside Chart.yaml, in the one folder of the archive.
 *
 * @throws {RangeError} if the archive unpacks to more than {@linkcode MAX_CONTENT_BYTES}.
 */
async function readFiles(bytes: Uint8Array<ArrayBuffer>): Promise<{ values?: Text; readme?: Text }> {
  const { unpackTar } = await import("modern-tar");
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new DecompressionStream("gzip"))
    .pipeThrough(limitedTo(MAX_CONTENT_BYTES));
  const isWanted = ({ name, size }: { name: string; size: number }) =>
    /^(\.\/)?[^/]+\/(values\.yaml|README\.md)$/i.test(name) && size <= MAX_FILE_BYTES;
  const files = await unpackTar(stream, { filter: isWanted });
  const shown = (end: string, mediaType: string) => {
    const found = files.find(({ header: { name } }) => name.toLowerCase().endsWith(end))?.data;
    return found && textIn(found, mediaType, MAX_SHOWN_BYTES);
  };
  return {
    ...member("values", shown("/values.yaml", "application/yaml")),
    ...member("readme", shown("/readme.md", "text/markdown")),
  };
}

/** Fails as soon as more bytes pass: a small archive can unpack to terabytes. */
function limitedTo(most: number): TransformStream<Uint8Array, Uint8Array> {
  let passed = 0;
  return new TransformStream({
    transform(chunk, controller) {
      passed += chunk.length;
      if (passed > most) throw new RangeError(`The archive unpacks to more than ${most} bytes`);
      controller.enqueue(chunk);
    },
  });
}

function factsOf(config: unknown): Fact[] {
  const document = objectOf(config);
  const texts = FACTS.map((name) => ({ name, value: textOf(document[name]) ?? "" }));
  const maintainers = arrayOf(document.maintainers).map((item) => {
    const { name, email } = objectOf(item);
    return [textOf(name), textOf(email)].filter((text) => text !== undefined).join(" ");
  });
  const lists = [
    { name: "maintainers", value: maintainers.filter((text) => text !== "").join(", ") },
    { name: "keywords", value: textsOf(document.keywords).join(", ") },
    { name: "sources", value: textsOf(document.sources).join(" ") },
    { name: "deprecated", value: document.deprecated === true ? "true" : "" },
  ];
  return [...texts, ...lists].filter(({ value }) => value !== "");
}

function dependenciesOf(config: unknown): Chart["dependencies"] {
  return arrayOf(objectOf(config).dependencies).slice(0, MAX_DEPENDENCIES).map((item) => {
    const { name, version, repository } = objectOf(item);
    return {
      name: textOf(name) ?? "",
      version: textOf(version) ?? "",
      repository: textOf(repository) ?? "",
    };
  });
}
