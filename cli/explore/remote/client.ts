import * as z from "zod/mini";
import {
  diffSchema,
  manifestViewSchema,
  openUploadListSchema,
  quotaListSchema,
  referrerListSchema,
  repositoryListSchema,
  repositorySchema,
  statusSchema,
  storageListSchema,
  tagChangeSchema,
  tagHistorySchema,
  tagListSchema,
} from "../../../api/schemas/mod.ts";
import { StartError } from "../../../config/mod.ts";
import { type ErrorCode, type Reference, RegistryError } from "../../../oci/mod.ts";
import type { TagCondition } from "../../../registry/interface.ts";
import type { BoundApi } from "../source.ts";
import type { Session, SessionRequest } from "./session.ts";

/** Error body of the distribution specification. */
const ERRORS = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.optional(z.string()) })).check(z.minLength(1)),
});

/** Values of a query. Absent ones are left out. */
type Query = Readonly<Record<string, string | number | undefined>>;

/** Scope of requests for lists of the whole registry. */
const CATALOG = "registry:catalog:*";

/** The API at the registry of a session. Every answer is checked by its schema. */
export function apiOf(session: Session): BoundApi {
  const administer = <S extends z.ZodMiniType>(schema: S, path: string, query: object = {}) =>
    ask(session, schema, pathOf(`/v2/_skerry/admin/${path}`, query), {
      scope: CATALOG,
      password: "required",
    });
  const pull = <S extends z.ZodMiniType>(schema: S, repository: string, path: string, query: object = {}) =>
    ask(session, schema, pathOf(`/v2/${repository}/_skerry/${path}`, query), {
      scope: scopeOf(repository),
    });
  return {
    listRepositories: (request) =>
      ask(session, repositoryListSchema, pathOf("/v2/_skerry/repositories", request), {
        scope: CATALOG,
        password: "preferred",
      }),
    getRepository: (name) => pull(repositorySchema, name, "repository"),
    listTags: (name, request) => pull(tagListSchema, name, "tags", request),
    getManifest: (name, reference, request) =>
      pull(manifestViewSchema, name, `manifests/${textOf(reference)}`, request),
    listReferrers: (name, subject, request) =>
      pull(referrerListSchema, name, `referrers/${subject}`, request),
    getTagHistory: (name, tag) => pull(tagHistorySchema, name, `history/${tag}`),
    diff: (name, { from, to, fromRepository }) =>
      pull(diffSchema, name, "diff", { from: textOf(from), to: textOf(to), fromRepository }),
    moveTag: (name, tag, digest, { dryRun = false, condition = {} } = {}) =>
      ask(session, tagChangeSchema, pathOf(`/v2/${name}/_skerry/tag/${tag}`, { digest, dryRun }), {
        method: "PUT",
        scope: scopeOf(name),
        headers: conditionHeaders(condition),
      }),
    listStorage: (request) => administer(storageListSchema, "storage", request),
    listQuotas: () => administer(quotaListSchema, "quotas"),
    listUploads: (request) => administer(openUploadListSchema, "uploads", request),
    status: () => administer(statusSchema, "status"),
  };
}

/** Sends a request, and reads its answer by the schema. */
async function ask<S extends z.ZodMiniType>(
  session: Session,
  schema: S,
  path: string,
  request: SessionRequest,
): Promise<z.infer<S>> {
  const response = await session.send(path, {
    ...request,
    headers: { Accept: "application/json", ...request.headers },
  });
  const value = parseJson(await response.text());
  if (!response.ok) throw refusal(response.status, value);
  const answer = z.safeParse(schema, value);
  // As it was sent: a later version may have more members.
  if (answer.success) return value as z.infer<S>;
  const place = answer.error.issues[0]?.path.join(".") ?? "";
  throw new StartError(
    `Cannot read the answer of the registry: unexpected value at "${place}" (another version?)`,
  );
}

/** Error of the registry, or of another server in its place. */
function refusal(status: number, value: unknown): Error {
  const body = z.safeParse(ERRORS, value);
  if (!body.success) {
    return new StartError(`Cannot ask the registry: it answered ${status}, and not as a Skerry registry`);
  }
  const { code, message } = body.data.errors[0]!;
  return new RegistryError(code as ErrorCode, message ?? code, { status });
}

/** Scope of a repository: all that the account may do there, because answers show it. */
function scopeOf(repository: string): string {
  return `repository:${repository}:*`;
}

function pathOf(path: string, query: object = {}): string {
  const present = Object.entries(query as Query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(present.map(([name, value]) => [name, `${value}`])).toString();
  return text === "" ? path : `${path}?${text}`;
}

function textOf(reference: Reference): string {
  return "tag" in reference ? reference.tag : reference.digest;
}

/** Headers of a condition (RFC 9110 §13.1), where digests are the entity tags. */
function conditionHeaders({ ifMatch, ifNoneMatch }: TagCondition): Record<string, string> {
  const listOf = (digests: string[] | "*") =>
    digests === "*" ? "*" : digests.map((digest) => `"${digest}"`).join(", ");
  return {
    ...(ifMatch && { "If-Match": listOf(ifMatch) }),
    ...(ifNoneMatch && { "If-None-Match": listOf(ifNoneMatch) }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
