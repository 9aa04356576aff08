/**
 * A registry with content of the kinds that pages show, and the API over it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import * as z from "zod/mini";
import { cached } from "../../cache/mod.ts";
import type { RepositoryName } from "../../oci/mod.ts";
import { type Caller, type Registry, UNRESTRICTED_CALLER } from "../../registry/mod.ts";
import { type Calls, counted } from "../../tests/harness/call_counts.ts";
import {
  body,
  digest,
  IMAGE,
  INDEX,
  PRINCIPAL,
  REPOSITORY,
  tag,
  TestStores,
  utf8,
} from "../../tests/harness/stores.ts";
import { Verifier } from "../../trust/mod.ts";
import { createCore } from "../create_api.ts";
import type { ApiRules } from "../options.ts";

/** A manifest as JSON with its media type. */
export type Document = Record<string, unknown> & { mediaType: string };

/** Descriptor of bytes. */
export interface TestDescriptor {
  mediaType: string;
  digest: string;
  size: number;
  [name: string]: unknown;
}

/** Rules of a registry without any. */
export const NO_RULES: ApiRules = {
  immutable: [],
  quotas: [],
  deletes: { tags: true, manifests: true },
  readOnly: false,
  recordsPulls: false,
};

/** Alice, who may do everything. */
export const ALICE: Caller = { ...UNRESTRICTED_CALLER, name: "user:alice" };

/** A caller who may only pull from these repositories. */
export function pullerOf(...repositories: string[]): Caller {
  const sees = (name: RepositoryName) => repositories.includes(name);
  return { name: "user:puller", may: (action, name) => action === "pull" && sees(name), sees };
}

/** A process with the API, and the calls of its stores since the last `take`. */
export class TestApi {
  readonly stores: TestStores;
  readonly registry: Registry;
  readonly api: ReturnType<typeof createCore>;
  readonly take: () => Calls;

  private constructor(stores: TestStores, registry: Registry, api: TestApi["api"], take: () => Calls) {
    this.stores = stores;
    this.registry = registry;
    this.api = api;
    this.take = take;
  }

  /** A process over empty stores, or over those of another one. */
  static async open(
    { rules = {}, stores = new TestStores({ partSize: 4 * 1024 * 1024 }) }: {
      rules?: Partial<ApiRules>;
      stores?: TestStores;
    } = {},
  ): Promise<TestApi> {
    const { take, objects, table } = counted(stores.objects, stores.table);
    const stored = stores.registry({ objects, table, immutable: [...rules.immutable ?? []] });
    const registry = cached(stored.registry, stored.epochs, { age: 0, now: () => stores.now });
    const explorer = await stored.explore();
    const api = createCore({
      registry,
      explorer,
      signatures: new Verifier({ store: registry, rules: [] }),
      rules: { ...NO_RULES, ...rules },
    });
    return new TestApi(stores, registry, api, take);
  }

  /** Pushes a blob. */
  async blob(
    bytes: Uint8Array<ArrayBuffer>,
    mediaType: string,
    repository = REPOSITORY,
  ): Promise<TestDescriptor> {
    const { id } = await this.registry.startUpload(repository, PRINCIPAL);
    await this.registry.commitUpload(
      repository,
      PRINCIPAL,
      id,
      digest(bytes),
      body(bytes, { chunk: 65_536 }),
    );
    return { mediaType, digest: digest(bytes), size: bytes.length };
  }

  /** Pushes JSON as a blob. */
  json(value: unknown, mediaType: string, repository = REPOSITORY): Promise<TestDescriptor> {
    return this.blob(utf8(JSON.stringify(value)), mediaType, repository);
  }

  /** Pushes a manifest under tags. */
  async manifest(
    document: Document,
    tags: string[] = [],
    { repository = REPOSITORY, caller = ALICE }: { repository?: RepositoryName; caller?: Caller } = {},
  ): Promise<TestDescriptor> {
    const bytes = utf8(JSON.stringify({ schemaVersion: 2, ...document }));
    const { mediaType } = document;
    await this.registry.putManifest(repository, caller, {
      bytes,
      contentType: mediaType,
      reference: { digest: digest(bytes) },
      tags: tags.map(tag),
      condition: {},
    });
    return { mediaType, digest: digest(bytes), size: bytes.length };
  }

  /** Pushes an image whose layers have this content. */
  async image(
    { config = {}, layers = ["base"], tags = [], more = {}, repository = REPOSITORY, caller = ALICE }: {
      config?: Record<string, unknown>;
      layers?: string[];
      tags?: string[];
      more?: Record<string, unknown>;
      repository?: RepositoryName;
      caller?: Caller;
    } = {},
  ): Promise<TestDescriptor> {
    const type = "application/vnd.oci.image.config.v1+json";
    const described: TestDescriptor[] = [];
    for (const layer of layers) {
      described.push(await this.blob(utf8(layer), "application/vnd.oci.image.layer.v1.tar+gzip", repository));
    }
    const document = {
      mediaType: IMAGE,
      config: await this.json({ os: "linux", architecture: "amd64", ...config }, type, repository),
      layers: described,
      ...more,
    };
    return await this.manifest(document, tags, { repository, caller });
  }

  /** Pushes an index. */
  index(
    children: TestDescriptor[],
    tags: string[] = [],
    more: Record<string, unknown> = {},
  ): Promise<TestDescriptor> {
    return this.manifest({ mediaType: INDEX, manifests: children, ...more }, tags);
  }

  /** Pushes an artifact with these blobs, which may refer to a subject. */
  async artifact(
    { artifactType, blobs, subject, tags = [], more = {} }: {
      artifactType: string;
      blobs: TestDescriptor[];
      subject?: TestDescriptor;
      tags?: string[];
      more?: Record<string, unknown>;
    },
  ): Promise<TestDescriptor> {
    const document = {
      mediaType: IMAGE,
      artifactType,
      config: await this.json({}, "application/vnd.oci.empty.v1+json"),
      layers: blobs,
      ...(subject &&
        { subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size } }),
      ...more,
    };
    return await this.manifest(document, tags);
  }
}

/** Asserts that an answer has its schema, and nothing besides, and returns it. */
export function checked<S extends z.core.$ZodType>(schema: S, answer: unknown): z.infer<S> {
  const json = JSON.parse(JSON.stringify(answer));
  assertEquals(z.parse(schema, json), json, "the schema knows every member");
  return json;
}
