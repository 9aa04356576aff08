/**
 * Requests of a push and a pull, as docker sends them. `tests/protocol/costs_test.ts` counts them at the stores and
 * compares them with this table.
 */

/** Requests of a client and what they cost at the stores. */
export interface Usage {
  /** Requests of the client, with the two of a login. */
  http: number;
  /** Requests to the table. */
  table: number;
  /** Read units of DynamoDB: 4 KB each, strongly consistent. */
  readUnits: number;
  /** Write units of DynamoDB: 1 KB each, also for each change of the index. */
  writeUnits: number;
  /** PutObject and the requests of a multipart upload. */
  puts: number;
  /** GetObject. */
  gets: number;
}

/** Requests of `/v2/` and `/token`, which begin each push and pull. */
export const LOGIN_REQUESTS = 2;

/** Counted images: one of 1 layer and one of 5, each with a configuration, in a repository that exists. */
export const COUNTED: Record<"push" | "pull", Record<1 | 5, Usage>> = {
  /** Blobs that the registry does not have: HEAD, POST, PATCH and PUT of each, then PUT of the manifest by its tag. */
  push: {
    1: { http: 11, table: 17, readUnits: 12, writeUnits: 31, puts: 2, gets: 0 },
    5: { http: 27, table: 41, readUnits: 28, writeUnits: 88, puts: 6, gets: 0 },
  },
  /** From a process that has answered the image before: HEAD by tag, GET by digest, GET of each blob. */
  pull: {
    1: { http: 6, table: 4, readUnits: 5, writeUnits: 0, puts: 0, gets: 1 },
    5: { http: 10, table: 8, readUnits: 9, writeUnits: 0, puts: 0, gets: 5 },
  },
};

/** Requests of the sweep for the upload of one blob: a read of the link, and a delete. */
export const SWEPT: Pick<Usage, "table" | "readUnits" | "writeUnits"> = {
  table: 2,
  readUnits: 2,
  writeUnits: 2,
};

/** Requests that store a blob of this many parts. */
export function putsOfBlob(parts: number): number {
  return parts === 1 ? 1 : parts + 2; // each part, and the begin and the end of the upload
}

/** Usage of an image with this many layers: every further layer adds as much as those between the counted images. */
export function usageOf(flow: "push" | "pull", layers: number): Usage {
  const { 1: one, 5: five } = COUNTED[flow];
  const names = Object.keys(one) as (keyof Usage)[];
  const entries = names.map((name) => [name, one[name] + (layers - 1) * (five[name] - one[name]) / 4]);
  return Object.fromEntries(entries);
}
