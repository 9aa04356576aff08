import { packTar } from "npm:modern-tar@0.8.6";
import { type Bytes, Content, type ImageDescriptor } from "./content.ts";
import type { Image } from "./manifest.ts";

const REF_NAME = "org.opencontainers.image.ref.name";

/** Writes an image as an OCI layout (image-spec, image-layout.md) whose index names it `tag`; returns the folder. */
export async function writeLayout(folder: string, image: Image, tag = "latest"): Promise<string> {
  for (const [path, bytes] of layoutFiles(image, tag)) {
    await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeFile(`${folder}/${path}`, bytes);
  }
  return folder;
}

/** Writes an image as the tar archive of an OCI layout; returns the file. */
export async function writeArchive(file: string, image: Image, tag = "latest"): Promise<string> {
  const entries = [...layoutFiles(image, tag)].map(([name, body]) => ({
    header: { name, type: "file" as const, size: body.length, mode: 0o644, mtime: new Date(0) },
    body,
  }));
  await Deno.writeFile(file, await packTar(entries));
  return file;
}

/** Reads the OCI layout that a client has written: what its index lists as `tag` (or its only entry) and all blobs. */
export async function readLayout(folder: string, tag?: string): Promise<Image> {
  const index = JSON.parse(await Deno.readTextFile(`${folder}/index.json`));
  const listed: ImageDescriptor[] = index.manifests;
  const root = tag === undefined
    ? listed[0]
    : listed.find((descriptor) => descriptor.annotations?.[REF_NAME] === tag);
  if (root === undefined) {
    throw new RangeError(`Cannot find "${tag}" in the layout: ${JSON.stringify(index)}`);
  }
  const content = new Content();
  for (const algorithm of ["sha256", "sha512"] as const) {
    for await (const file of filesIn(`${folder}/blobs/${algorithm}`)) {
      content.add("", await Deno.readFile(file), algorithm);
    }
  }
  return { root, content };
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const entry of Deno.readDir(folder)) yield `${folder}/${entry.name}`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function* layoutFiles({ root, content }: Image, tag: string): Generator<[path: string, bytes: Bytes]> {
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  yield ["oci-layout", json({ imageLayoutVersion: "1.0.0" })];
  const listed = { ...root, annotations: { ...root.annotations, [REF_NAME]: tag } };
  yield ["index.json", json({ schemaVersion: 2, manifests: [listed] })];
  for (const [digest, bytes] of content.entries()) yield [`blobs/${digest.replace(":", "/")}`, bytes];
}
