import { assert, assertEquals } from "@std/assert";
import { type Digest, isDigest } from "../oci/mod.ts";
import { parseManifest } from "../oci/manifest.ts";
import type { Registry } from "../registry/mod.ts";
import type { Key, ScanOptions, ScanPage, Table } from "../storage/mod.ts";
import { assertConsistent } from "../tests/harness/invariants.ts";
import {
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  indexOf,
  PRINCIPAL,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
  TestStores,
  utf8,
} from "../tests/harness/stores.ts";
import { seeded } from "../tests/random.ts";
import { backUp, GRACE_MS, restoreBeside } from "./testing/mod.ts";

/** Bytes of a chunk of an upload. */
const CHUNK_BYTES = 11;

const TAGS = ["a", "b", "c", "d"];

/** A client that does this and that, and knows what was acknowledged. */
class Client {
  readonly manifests = new Map<Digest, Uint8Array<ArrayBuffer>>();
  readonly tags = new Map<string, Digest>();
  /** Targets of each tag since the backup began. */
  readonly seen = new Map<string, Set<Digest>>();
  /** Tags and manifests that were away since then, if only for a moment. */
  readonly interrupted = new Set<string>();
  readonly deleted = new Set<Digest>();
  /** Children of an index, and subjects: they are never deleted. */
  readonly #kept = new Set<Digest>();
  readonly #registry: Registry;
  readonly #random: (n: number) => number;
  #begun: { id: string; layer: Uint8Array<ArrayBuffer> } | undefined;
  #count = 0;

  constructor(registry: Registry, random: (n: number) => number) {
    this.#registry = registry;
    this.#random = random;
  }

  async act(): Promise<void> {
    const actions = [
      this.#pushImage,
      this.#pushImage,
      this.#pushIndex,
      this.#attach,
      this.#move,
      this.#moveAndDelete,
      this.#delete,
      this.#deleteTag,
      this.#upload,
      this.#upload,
    ];
    await this.#pick(actions).call(this);
  }

  /** From here on it is the time of the backup. */
  begin(): void {
    this.interrupted.clear();
    this.deleted.clear();
    for (const [name, target] of this.tags) this.seen.set(name, new Set([target]));
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random(values.length)]!;
  }

  async #put(bytes: Uint8Array<ArrayBuffer>, ...tags: string[]): Promise<void> {
    const name = await pushManifest(this.#registry, bytes, ...tags);
    this.manifests.set(name, bytes);
    for (const each of tags) {
      this.tags.set(each, name);
      this.seen.get(each)?.add(name);
    }
  }

  async #pushImage(): Promise<void> {
    const [config, layer] = [content(9, ++this.#count), content(30, this.#count)];
    await pushBlob(this.#registry, config);
    await pushBlob(this.#registry, layer);
    await this.#put(imageOf(config, [layer]), ...(this.#random(10) < 7 ? [this.#pick(TAGS)] : []));
  }

  async #pushIndex(): Promise<void> {
    const images = [...this.manifests].filter(([, bytes]) => isImage(bytes));
    if (images.length === 0) return await this.#pushImage();
    const children = [this.#pick(images)[1], this.#pick(images)[1]];
    children.forEach((child) => this.#kept.add(digest(child)));
    await this.#put(indexOf([...new Set(children)]), this.#pick(TAGS));
  }

  async #attach(): Promise<void> {
    const config = content(9, ++this.#count);
    const subject = this.#pick([...this.manifests.keys()]);
    if (subject === undefined) return;
    this.#kept.add(subject);
    await pushBlob(this.#registry, config);
    await this.#put(imageOf(config, [], { subject: { mediaType: IMAGE, digest: subject, size: 1 } }));
  }

  async #move(): Promise<void> {
    const target = this.#pick([...this.manifests]);
    if (target !== undefined) await this.#put(target[1], this.#pick(TAGS));
  }

  /** Moves that would leave a tag without its manifest in a backup that reads one before and the other after. */
  async #moveAndDelete(): Promise<void> {
    const name = this.#pick(TAGS);
    const before = this.tags.get(name);
    const config = content(9, ++this.#count);
    await pushBlob(this.#registry, config);
    await this.#put(imageOf(config, []), name);
    if (before !== undefined) await this.#remove(before);
  }

  async #delete(): Promise<void> {
    const target = this.#pick([...this.manifests.keys()]);
    if (target !== undefined) await this.#remove(target);
  }

  async #remove(target: Digest): Promise<void> {
    if (this.#kept.has(target)) return;
    await this.#registry.deleteManifest(REPOSITORY, target);
    this.manifests.delete(target);
    this.deleted.add(target);
    for (const [name, at] of this.tags) if (at === target) this.#forget(name);
  }

  async #deleteTag(): Promise<void> {
    const name = this.#pick(TAGS);
    if (!this.tags.has(name)) return;
    await this.#registry.deleteTag(REPOSITORY, tag(name));
    this.#forget(name);
  }

  #forget(name: string): void {
    this.tags.delete(name);
    this.interrupted.add(name);
  }

  /** Begins an upload whose digest is not known yet, or ends one that was begun. */
  async #upload(): Promise<void> {
    if (this.#begun !== undefined) {
      const { id, layer } = this.#begun;
      this.#begun = undefined;
      await this.#registry.commitUpload(REPOSITORY, PRINCIPAL, id, digest(layer));
      const config = content(9, ++this.#count);
      await pushBlob(this.#registry, config);
      return await this.#put(imageOf(config, [layer]), this.#pick(TAGS));
    }
    const { id } = await this.#registry.startUpload(REPOSITORY, PRINCIPAL);
    const layer = content(30, ++this.#count);
    this.#begun = { id, layer };
    for (let at = 0; at < layer.length; at += CHUNK_BYTES) {
      const bytes = layer.slice(at, at + CHUNK_BYTES);
      const range = { first: at, last: at + bytes.length - 1 };
      const body = { stream: new Blob([bytes]).stream(), idle: 60_000, length: bytes.length, range };
      await this.#registry.appendUpload(REPOSITORY, PRINCIPAL, id, body);
    }
  }
}

function isImage(bytes: Uint8Array): boolean {
  return JSON.parse(new TextDecoder().decode(bytes)).mediaType === IMAGE;
}

/**
 * A table of which a scan reads four items at a time, and partitions in the order of a hash, as DynamoDB does: of another
 * hash for each seed, so that the repository comes before its blobs, after them and in their middle.
 */
function scannedLikeDynamo(table: Table, seed: number): Table {
  const hashes = new Map<string, Digest>();
  const orderOf = ({ pk, sk }: Key) => {
    if (!hashes.has(pk)) hashes.set(pk, digest(utf8(`${seed} ${pk}`)));
    return `${hashes.get(pk)} ${sk}`;
  };
  async function scan({ after }: ScanOptions): Promise<ScanPage> {
    const { items } = await table.scan({ limit: 1_000_000 });
    const from = after === undefined ? "" : orderOf(after);
    const left = items.filter((item) => orderOf(item) > from).toSorted((a, b) =>
      orderOf(a) < orderOf(b) ? -1 : 1
    );
    const page = left.slice(0, 4);
    return left.length > 4 ? { items: page, next: page.at(-1)! } : { items: page };
  }
  return new Proxy(table, {
    get(target, name) {
      if (name === "scan") return scan;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Operations of a client before and during a backup, and the restored backup. */
async function run(seed: number) {
  const random = seeded(seed);
  const stores = new TestStores();
  const { registry } = stores.registry({
    grace: GRACE_MS,
    deadline: GRACE_MS / 4,
    uploadExpiry: 20 * GRACE_MS,
  });
  const client = new Client(registry, random);
  for (let i = 0; i < 12; i++) await client.act();
  const before = new Map(client.manifests);
  // What is there is old, or the backup would look at all of it twice.
  stores.now += 10 * GRACE_MS;
  client.begin();
  const busy = hooked(scannedLikeDynamo(stores.table, seed), async () => {
    stores.now++;
    if (random(10) < 6) await client.act();
  });
  const archive = await backUp(stores, busy);
  return { stores, client, before, archive };
}

Deno.test("restore() restores all content acknowledged before a backup that ran beside pushes and deletes", async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const { stores, client, before, archive } = await run(seed);
    const restored = await restoreBeside(stores, archive);
    const hint = `seed ${seed}: ${restored.said.join("; ")}`;
    assertEquals([restored.report.lost, restored.report.incomplete], [0, 0], hint);
    await assertConsistent(restored.stores);
    const { registry, sweep } = restored.stores.registry({ grace: GRACE_MS, deadline: GRACE_MS / 4 });

    for (const [name, bytes] of before) {
      if (client.deleted.has(name)) continue;
      const manifest = await registry.getManifest(REPOSITORY, { digest: name });
      assertEquals(manifest.bytes, bytes, hint);
      const { references, subject } = parseManifest(bytes, manifest.mediaType);
      for (const { digest: blob, kind } of references) {
        if (kind === "blob" && isDigest(blob)) await readBlob(registry, blob);
      }
      if (subject === undefined) continue;
      const { items } = await registry.listReferrers(REPOSITORY, subject.digest, { artifactTypes: [] });
      assert(items.some(({ digest }) => digest === name), hint);
    }
    for (const [name, targets] of client.seen) {
      if (client.interrupted.has(name)) continue;
      const now = await registry.resolveTag(REPOSITORY, tag(name));
      assert(targets.has(now), `tag ${name}, ${hint}`);
    }

    // Uploads of the backup are swept like others, and take nothing along that is in use.
    restored.stores.now += 100 * GRACE_MS;
    await sweep();
    await assertConsistent(restored.stores);
    assertEquals((await restored.stores.items()).filter((item) => item.sk === "upload"), []);
  }
});

Deno.test("restore() protects every manifest that was pushed during the backup, as a push does", async () => {
  for (let seed = 100; seed <= 130; seed++) {
    const { stores, archive } = await run(seed);
    const { stores: restored } = await restoreBeside(stores, archive);
    const items = await restored.items();
    const keys = new Set(items.map(({ pk, sk }) => `${pk} ${sk}`));
    for (const { pk, sk, bytes, attributes } of items) {
      const [kind, name] = sk.split("#");
      if (kind === "tag") {
        assert(keys.has(`${pk} tagged#${attributes.digest}#${name}`), `seed ${seed}: ${sk}`);
      }
      if (kind !== "manifest") continue;
      for (const { digest: target } of parseManifest(bytes!, attributes.mediaType as string).references) {
        assert(keys.has(`${pk} edge#${target}#${name}`), `seed ${seed}: ${sk}`);
      }
    }
  }
});
