import * as z from "zod/mini";
import * as answers from "../../api/schemas/mod.ts";
import type { ApiServiceKind, Endpoint, RepositoryApiKind, RouteKind } from "../endpoints.ts";

/** Description of one kind of request. */
interface Operation {
  /** Purpose. */
  summary: string;
  /** Schema of its answer; absent for an answer without a body. */
  answer?: z.core.$ZodType;
  /** Parameters of the query that the endpoint table does not show. */
  query?: readonly string[];
}

/** Operation of every kind of request of the API. A new kind does not compile without one. */
const OPERATIONS: { readonly [Kind in ApiServiceKind | RepositoryApiKind]: Operation } = {
  getApiDescription: { summary: "Get this document", answer: z.record(z.string(), z.unknown()) },
  getMe: { summary: "Get the caller and its rights", answer: answers.meSchema },
  findRepositories: { summary: "List repositories", answer: answers.repositoryListSchema },
  search: {
    summary: "Search names, tags, digests, annotations and packages of SBOMs",
    answer: answers.searchResultSchema,
    query: ["repository", "version"],
  },
  listAllTokens: { summary: "List the tokens of all accounts", answer: answers.accountTokenListSchema },
  listUploads: { summary: "List open uploads", answer: answers.openUploadListSchema },
  cancelAnyUpload: { summary: "Cancel an upload of any account" },
  listEvents: { summary: "List events that wait for webhooks", answer: answers.waitingEventListSchema },
  listDeadLetters: {
    summary: "List events that a webhook has not accepted",
    answer: answers.deadLetterListSchema,
  },
  retryDeadLetter: { summary: "Deliver a dead letter again" },
  deleteDeadLetter: { summary: "Delete a dead letter" },
  listQuotas: { summary: "List quotas and their use", answer: answers.quotaListSchema },
  listStorage: { summary: "Measure the storage of each repository", answer: answers.storageListSchema },
  previewCollection: { summary: "Preview garbage collection", answer: answers.collectionPreviewSchema },
  previewRetention: { summary: "Preview retention in a repository", answer: answers.retentionPreviewSchema },
  explainPolicy: {
    summary: "Explain a decision of the policies",
    answer: answers.explanationSchema,
    query: ["claim"],
  },
  getStatus: { summary: "Get the state of the process", answer: answers.statusSchema },
  getRepository: { summary: "Get a repository", answer: answers.repositorySchema },
  findTags: { summary: "List tags with facts about their manifests", answer: answers.tagListSchema },
  inspectManifest: { summary: "Get a manifest with its config", answer: answers.manifestViewSchema },
  getMoves: { summary: "List the moves of a tag", answer: answers.tagHistorySchema },
  diffManifests: {
    summary: "Compare two manifests",
    answer: answers.diffSchema,
    query: ["fromRepository"],
  },
  findReferrers: {
    summary: "List referrers and their own referrers",
    answer: answers.referrerListSchema,
    query: ["n", "last"],
  },
  inspectReferrer: { summary: "Get the contents of a referrer", answer: answers.referrerViewSchema },
  getSignatures: { summary: "Verify the signatures of a manifest", answer: answers.signatureReportSchema },
  moveTag: { summary: "Point a tag to a manifest of the repository", answer: answers.tagChangeSchema },
  removeTag: { summary: "Delete a tag", answer: answers.tagDeletionSchema },
  removeManifest: { summary: "Delete a manifest and its tags", answer: answers.manifestDeletionSchema },
};

/** Schemas of the values of parameters, by their placeholder; all others are texts. */
const VALUES: Readonly<Record<string, Record<string, unknown>>> = {
  number: { type: "integer", minimum: 0 },
  boolean: { type: "boolean" },
  order: { type: "string", enum: ["name", "newest"] },
  place: { type: "array", items: { type: "string", enum: [...answers.SEARCH_PLACES] } },
  action: { type: "string", enum: ["pull", "push", "overwrite", "delete", "administer"] },
};

/** Parameters without which a request is refused. */
const REQUIRED: readonly string[] = ["search q", "diffManifests from", "diffManifests to", "moveTag digest"];

/** Meaning of the statuses that rows have. */
const STATUSES: Readonly<Record<number, string>> = {
  200: "The answer",
  204: "Done",
  400: "The request is malformed",
  404: "The repository or its content does not exist, or the caller may not see it",
  405: "Changes of this kind are disabled",
  412: "If-Match or If-None-Match failed",
  416: "Another request is changing the upload",
};

/** Statuses of every operation. */
const COMMON: Readonly<Record<number, string>> = {
  401: "A login is required",
  403: "The caller may not do this",
  429: "Too many requests",
  503: "The storage does not answer; try again",
};

type Table = { readonly [Kind in RouteKind]: readonly Endpoint[] };

/** OpenAPI 3.1 document of the API, made of the endpoint table and the schemas of the answers. */
export function describeApi(endpoints: Table): Record<string, unknown> {
  const schemas = componentSchemas();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [kind, operation] of Object.entries(OPERATIONS)) {
    for (const row of endpoints[kind as RouteKind]) {
      const [, methods, target] = row;
      const path = target.split("?")[0]!.replace(/<([^>]+)>/g, (_all, name) => `{${parameterName(name)}}`);
      const method = methods.split(", ")[0]!.toLowerCase();
      paths[path] ??= {};
      paths[path][method] = describeOperation(kind, operation, row);
    }
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Skerry API",
      version: "1",
      description:
        "What the pages of the web UI show, as JSON. A name of a repository may contain slashes, which stay " +
        "as they are in the path. Texts that were pushed are untrusted: a client must escape them and check URLs.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{}, { basic: [] }, { bearer: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        basic: { type: "http", scheme: "basic" },
        bearer: { type: "http", scheme: "bearer", description: "Access token from /token" },
      },
    },
  };
}

function describeOperation(
  kind: string,
  { summary, answer, query = [] }: Operation,
  [, , target, ...statuses]: Endpoint,
): Record<string, unknown> {
  const [path, rest = ""] = target.split("?") as [string, string?];
  const inPath = [...path.matchAll(/<([^>]+)>/g)].map(([, name]) => ({
    name: parameterName(name!),
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = rest.split("&").filter((pair) => pair !== "").map((pair) => {
    const [, name, value] = /^(\w+)=<(.+)>$/.exec(pair)!;
    const required = REQUIRED.includes(`${kind} ${name}`) || kind === "explainPolicy" ||
      kind === "previewRetention";
    return { name, in: "query", ...(required && { required }), schema: VALUES[value!] ?? { type: "string" } };
  });
  const more = query.map((name) => ({
    name,
    in: "query",
    schema: name === "n" ? VALUES["number"] : { type: "string" },
  }));
  const conditions = statuses.includes(412)
    ? ["If-Match", "If-None-Match"].map((name) => ({ name, in: "header", schema: { type: "string" } }))
    : [];
  return {
    operationId: kind,
    summary,
    parameters: [...inPath, ...inQuery, ...more, ...conditions],
    responses: {
      ...Object.fromEntries(statuses.map((status) => [`${status}`, {
        description: STATUSES[status],
        ...(status === 200 && answer && { content: { "application/json": { schema: schemaOf(answer) } } }),
        ...(status >= 400 && { content: ERRORS }),
      }])),
      ...Object.fromEntries(
        Object.entries(COMMON).map(([status, description]) => [status, { description, content: ERRORS }]),
      ),
    },
  };
}

/** Errors of distribution-spec §"Error Codes". */
const ERRORS = { "application/json": { schema: { $ref: "#/components/schemas/Errors" } } };

const ERROR_SCHEMA = {
  type: "object",
  required: ["errors"],
  properties: {
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["code"],
        properties: { code: { type: "string" }, message: { type: "string" }, detail: {} },
      },
    },
  },
};

function parameterName(placeholder: string): string {
  return placeholder === "tag or digest" ? "reference" : placeholder;
}

/** Reference to a named schema, or the schema itself. */
function schemaOf(schema: z.core.$ZodType): Record<string, unknown> {
  const { id } = z.globalRegistry.get(schema) ?? {};
  if (id !== undefined) return { $ref: `#/components/schemas/${id}` };
  const { $schema: _, ...inline } = z.toJSONSchema(schema) as Record<string, unknown>;
  return inline;
}

/** Every named schema. */
function componentSchemas(): Record<string, unknown> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    uri: (id) => `#/components/schemas/${id}`,
  });
  const named = Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]);
  return { ...Object.fromEntries(named), Errors: ERROR_SCHEMA };
}
