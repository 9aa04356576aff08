import { digest, utf8 } from "../harness/stores.ts";
import type { Fleet } from "./fleet.ts";
import type { SourceFiles } from "./source_files.ts";

/** Format of a registry's storage, as far as tests write and damage it. */
export interface Format {
  /** Name of the program that writes it. */
  readonly name: "zot" | "distribution";
  /** Path of a manifest or blob. */
  contentPath(repository: string, digest: string): string;
  /** Adds a tag of a manifest whose bytes are at their place. */
  addTag(files: SourceFiles, repository: string, tag: string, manifest: TaggedManifest): Promise<void>;
  /** Writes all that the program would write for a fleet. */
  writeFleet(files: SourceFiles, fleet: Fleet): Promise<void>;
}

/** A manifest that a tag points to. */
export interface TaggedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
}

const REF_NAME = "org.opencontainers.image.ref.name";

interface LayoutDescriptor extends TaggedManifest {
  readonly annotations?: Record<string, string>;
}

/**
 * The format of zot. With `placeholders`, only the first repository that has a blob has its bytes, and the others have
 * empty files: what zot with deduplication writes to S3.
 */
export function zotFormat({ placeholders = false } = {}): Format {
  const contentPath = (repository: string, digest: string) =>
    `${repository}/blobs/${digest.replace(":", "/")}`;
  return {
    name: "zot",
    contentPath,
    async addTag(files, repository, tag, manifest) {
      const index = JSON.parse(new TextDecoder().decode(await files.read(`${repository}/index.json`)));
      index.manifests.push({ ...manifest, annotations: { [REF_NAME]: tag } });
      await files.write(`${repository}/index.json`, utf8(JSON.stringify(index)));
    },
    async writeFleet(files, fleet) {
      const written = new Set<string>();
      for (const [name, { blobs, manifests }] of fleet) {
        await files.write(`${name}/oci-layout`, utf8('{"imageLayoutVersion":"1.0.0"}'));
        for (const bytes of blobs) {
          const isCopy = placeholders && written.has(digest(bytes));
          const path = contentPath(name, digest(bytes));
          if (!isCopy) written.add(digest(bytes)).add(path);
          if (!isCopy || !written.has(path)) await files.write(path, isCopy ? new Uint8Array() : bytes);
        }
        const entries = manifests.flatMap(({ bytes, mediaType, tags, isChild }): LayoutDescriptor[] => {
          const descriptor = { mediaType, digest: digest(bytes), size: bytes.length };
          if (tags.length === 0) return isChild ? [] : [descriptor];
          return tags.map((tag) => ({ ...descriptor, annotations: { [REF_NAME]: tag } }));
        });
        for (const { bytes } of manifests) await files.write(contentPath(name, digest(bytes)), bytes);
        await files.write(
          `${name}/index.json`,
          utf8(JSON.stringify({ schemaVersion: 2, manifests: entries })),
        );
      }
    },
  };
}

/** The format of CNCF distribution, below the root of its storage. */
export function distributionFormat(): Format {
  const root = "docker/registry/v2";
  const link = (digest: string) => `${digest.replace(":", "/")}/link`;
  const contentPath = (_repository: string, digest: string) => {
    const [algorithm, hex = ""] = digest.split(":");
    return `${root}/blobs/${algorithm}/${hex.slice(0, 2)}/${hex}/data`;
  };
  const addRevision = (files: SourceFiles, repository: string, digest: string) =>
    files.write(`${root}/repositories/${repository}/_manifests/revisions/${link(digest)}`, utf8(digest));
  const setTag = async (files: SourceFiles, repository: string, tag: string, digest: string) => {
    const folder = `${root}/repositories/${repository}/_manifests/tags/${tag}`;
    await files.write(`${folder}/index/${link(digest)}`, utf8(digest));
    await files.write(`${folder}/current/link`, utf8(digest));
  };
  return {
    name: "distribution",
    contentPath,
    async addTag(files, repository, tag, { digest }) {
      await addRevision(files, repository, digest);
      await setTag(files, repository, tag, digest);
    },
    async writeFleet(files, fleet) {
      for (const [name, { blobs, manifests }] of fleet) {
        for (const bytes of blobs) {
          await files.write(contentPath(name, digest(bytes)), bytes);
          await files.write(
            `${root}/repositories/${name}/_layers/${link(digest(bytes))}`,
            utf8(digest(bytes)),
          );
        }
        for (const { bytes, tags } of manifests) {
          await files.write(contentPath(name, digest(bytes)), bytes);
          await addRevision(files, name, digest(bytes));
          for (const tag of tags) await setTag(files, name, tag, digest(bytes));
        }
      }
    },
  };
}
