import { RegistryError, type RepositoryName } from "../oci/mod.ts";
import type { Caller } from "../registry/interface.ts";
import { assertAdministers, noSuchPath } from "./administrator.ts";
import type { Administration, ListRequest, Question } from "./api.ts";
import type { ApiOptions } from "./options.ts";
import { measureStorage } from "./storage_use.ts";
import type {
  AccountTokenList,
  CollectionPreview,
  Explanation,
  OpenUpload,
  OpenUploadList,
  QuotaList,
  RetentionPreview,
  Status,
  StorageList,
} from "./schemas/mod.ts";
import { badCursor, cursorOf, member, readCursor, sizeOf, timeOf } from "./values.ts";

/** Tokens of one page. */
const MAX_TOKENS = 1000;

/** Shards of the uploads that one page reads. */
const MAX_SHARDS = 16;

/** Repositories whose use is summed up for one quota. */
const MAX_SUMMED = 1000;

/** Retirements of a preview. */
const MAX_RETIREMENTS = 500;

/** Steps of the preview of a collection that one request makes, 100 items each. */
const MAX_STEPS = 5;

/** Pages for administrators. */
export class AdministrationPages implements Administration {
  readonly #options: ApiOptions;

  /** Pages over a registry and its background work. */
  constructor(options: ApiOptions) {
    this.#options = options;
  }

  async listTokens(caller: Caller, request: ListRequest = {}): Promise<AccountTokenList> {
    assertAdministers(caller);
    const { access } = this.#options;
    if (access?.listTokens === undefined) throw noSuchPath();
    return await access.listTokens({ ...request, n: sizeOf(request.n, MAX_TOKENS) });
  }

  /** Uploads of shard after shard, each in the order of their expiry. */
  async listUploads(caller: Caller, request: ListRequest = {}): Promise<OpenUploadList> {
    assertAdministers(caller);
    const { explorer } = this.#options;
    const limit = sizeOf(request.n);
    let { shard, after } = request.last === undefined
      ? { shard: 0, after: undefined }
      : readUploadPosition(request.last, explorer.uploadShards);
    const uploads: OpenUpload[] = [];
    for (let read = 0; read < MAX_SHARDS && shard < explorer.uploadShards; read++) {
      const page = await explorer.uploads(shard, {
        limit: limit - uploads.length,
        ...member("after", after),
      });
      uploads.push(
        ...page.uploads.map(({ expiresAt, ...upload }) => ({ ...upload, expiresAt: timeOf(expiresAt) })),
      );
      after = page.next;
      if (after === undefined) shard++;
      if (uploads.length >= limit) break;
    }
    const isEnd = shard >= explorer.uploadShards;
    return { uploads, ...(!isEnd && { next: cursorOf([shard, after ?? null]) }) };
  }

  async cancelUpload(caller: Caller, id: string): Promise<void> {
    assertAdministers(caller);
    const { explorer, registry } = this.#options;
    const upload = await explorer.upload(id);
    if (upload === undefined) {
      throw new RegistryError("BLOB_UPLOAD_UNKNOWN", "Upload not found", { detail: { id } });
    }
    const { repository, principal: owner } = upload;
    await registry.cancelUpload(repository, owner, id);
    caller.changed?.({ action: "upload.cancel", repository, owner });
  }

  async listQuotas(caller: Caller): Promise<QuotaList> {
    assertAdministers(caller);
    const { rules, explorer } = this.#options;
    if (rules.quotas.length === 0) return { quotas: [] };
    const { globMatcher } = await import("../oci/glob.ts"); // few have quotas
    const quotas = rules.quotas.map(async ({ repositories, bytes }) => {
      const prefix = /^[a-z0-9._/-]*(?=$|[^a-z0-9._/-])/.exec(repositories)?.[0] ?? "";
      const use = await explorer.usage(prefix, globMatcher([repositories]), MAX_SUMMED);
      return { repositories, limit: bytes, used: use.bytes, complete: use.complete };
    });
    return { quotas: await Promise.all(quotas) };
  }

  async listStorage(caller: Caller, { last }: Pick<ListRequest, "last"> = {}): Promise<StorageList> {
    assertAdministers(caller);
    return await measureStorage(this.#options, last);
  }

  async previewCollection(
    caller: Caller,
    { last }: Pick<ListRequest, "last"> = {},
  ): Promise<CollectionPreview> {
    assertAdministers(caller);
    const preview: CollectionPreview = { scanned: 0, removals: [] };
    let after = last === undefined ? undefined : readKey(last);
    for (let step = 0; step < MAX_STEPS; step++) {
      const { items, removals, next } = await this.#options.upkeep.previewCollection(after);
      preview.scanned += items;
      preview.removals.push(...removals);
      after = next;
      if (after === undefined || preview.removals.length > 0) break;
    }
    return { ...preview, ...(after && { next: cursorOf([after.pk, after.sk]) }) };
  }

  async previewRetention(caller: Caller, repository: RepositoryName): Promise<RetentionPreview> {
    assertAdministers(caller);
    const { upkeep } = this.#options;
    const retirements: RetentionPreview["retirements"] = [];
    const preview = { name: repository, rules: upkeep.retentionRules, retirements };
    for await (const { kind, name, digest, reason } of upkeep.previewRetention(repository)) {
      if (retirements.length === MAX_RETIREMENTS) return { ...preview, complete: false };
      retirements.push({ kind, name, digest, reason });
    }
    return { ...preview, complete: true };
  }

  async explain(caller: Caller, question: Question): Promise<Explanation> {
    assertAdministers(caller);
    const { access } = this.#options;
    if (access?.explain === undefined) throw noSuchPath();
    return await access.explain(question);
  }

  async status(caller: Caller): Promise<Status> {
    assertAdministers(caller);
    const { process, rules, explorer, now = Date.now } = this.#options;
    const [ready, leases] = await Promise.all([process.ready(), explorer.leases()]);
    return {
      version: process.version,
      startedAt: timeOf(process.startedAt),
      ready,
      warnings: process.warnings(),
      readOnly: rules.readOnly,
      work: leases.map(({ name, until, done }) => ({
        name,
        state: until > now() ? "running" : "idle",
        ...member("progress", done),
        ...(until > 0 && { until: timeOf(until) }),
      })),
    };
  }
}

function readUploadPosition(cursor: string, shards: number): { shard: number; after: string | undefined } {
  const value = readCursor(cursor);
  const [shard, after] = Array.isArray(value) ? value as unknown[] : [];
  const isShard = typeof shard === "number" && Number.isSafeInteger(shard) && shard >= 0 && shard < shards;
  if (!isShard || after !== null && typeof after !== "string") throw badCursor();
  return { shard, after: after ?? undefined };
}

/** Key of the table in a cursor. Only administrators get and send it. */
function readKey(cursor: string): { pk: string; sk: string } {
  const value = readCursor(cursor);
  const [pk, sk] = Array.isArray(value) ? value as unknown[] : [];
  if (typeof pk !== "string" || typeof sk !== "string") throw badCursor();
  return { pk, sk };
}
