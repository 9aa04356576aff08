import { assertEquals } from "@std/assert";
import { parseDigest } from "../oci/mod.ts";
import { OffsetMismatch, type Registry, type UploadBody } from "../registry/interface.ts";
import { fakeApp } from "../tests/harness/app.ts";

const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);
const UPLOADS = "/v2/team/app/blobs/uploads/";

/** Calls to a registry with a body. */
type Taken = { bytes: number; length?: number; range?: { first: number; last: number } } | undefined;

/** An app whose uploads stand at `offset`, which notes every call. */
function appWithUpload(offset: number, others: Partial<Registry> = {}) {
  const calls: unknown[][] = [];
  const bodies: Taken[] = [];
  const upload = { id: "Ab-9", offset };
  const blob = { digest: DIGEST, size: 3 };
  const note = (name: string, ...rest: unknown[]) => void calls.push([name, ...rest]);
  const take = async (body: UploadBody | undefined) => {
    if (body === undefined) return bodies.push(undefined);
    const { stream, idle, ...rest } = body;
    assertEquals(idle, 60_000, "The limit of the app");
    bodies.push({ bytes: (await new Response(stream).bytes()).byteLength, ...rest });
  };
  const { request } = fakeApp({
    startUpload: (repository, _principal, algorithm) => {
      note("startUpload", repository, algorithm);
      return Promise.resolve(upload);
    },
    getUpload: (repository, _principal, id) => {
      note("getUpload", repository, id);
      return Promise.resolve(upload);
    },
    appendUpload: async (repository, _principal, id, body) => {
      note("appendUpload", repository, id);
      await take(body);
      return upload;
    },
    commitUpload: async (repository, _principal, id, digest, body) => {
      note("commitUpload", repository, id, digest);
      await take(body);
      return blob;
    },
    putBlob: async (repository, _principal, digest, body) => {
      note("putBlob", repository, digest);
      await take(body);
      return blob;
    },
    cancelUpload: (repository, _principal, id) => {
      note("cancelUpload", repository, id);
      return Promise.resolve();
    },
    ...others,
  });
  return { request, calls, bodies };
}

/** Headers of an answer about an upload. */
function told(response: Response): unknown[] {
  return [
    response.status,
    response.headers.get("Location"),
    response.headers.get("Range"),
    response.headers.get("Docker-Upload-UUID"),
  ];
}

/** The chunked body of a request; with `length` it is announced, as clients do that know it. */
function chunk(size: number, headers: Record<string, string> = {}): RequestInit {
  return { body: new Blob([new Uint8Array(size)]).stream(), headers };
}

Deno.test("startUpload() answers 202 with a relative location and an empty range", async () => {
  const { request, calls } = appWithUpload(0);
  const response = await request(`${UPLOADS}?digest-algorithm=sha512`, { method: "POST" });
  assertEquals(told(response), [202, `${UPLOADS}Ab-9`, "0-0", "Ab-9"]);
  assertEquals(response.headers.get("OCI-Chunk-Min-Length"), null);
  assertEquals(calls, [["startUpload", "team/app", "sha512"]]);
});

Deno.test("getUpload() answers the progress of the upload", async () => {
  for (const [offset, range] of [[0, "0-0"], [1, "0-0"], [2, "0-1"], [1000, "0-999"]] as const) {
    const response = await appWithUpload(offset).request(`${UPLOADS}Ab-9`);
    assertEquals(told(response), [204, `${UPLOADS}Ab-9`, range, "Ab-9"]);
    assertEquals(response.headers.get("Cache-Control"), "private, no-store, no-transform");
  }
});

Deno.test("appendUpload() passes the body on with its announced length and range", async () => {
  const { request, calls, bodies } = appWithUpload(5);
  const rows: [Record<string, string>, Taken][] = [
    [{}, { bytes: 5 }],
    [{ "Content-Length": "5" }, { bytes: 5, length: 5 }],
    [{ "Content-Range": "3-7" }, { bytes: 5, range: { first: 3, last: 7 } }],
    [{ "Content-Range": "3-7", "Content-Length": "5" }, {
      bytes: 5,
      length: 5,
      range: { first: 3, last: 7 },
    }],
  ];
  for (const [headers] of rows) {
    const response = await request(`${UPLOADS}Ab-9`, { method: "PATCH", ...chunk(5, headers) });
    assertEquals(told(response), [202, `${UPLOADS}Ab-9`, "0-4", "Ab-9"]);
  }
  assertEquals(bodies, rows.map(([, taken]) => taken));
  assertEquals(calls[0], ["appendUpload", "team/app", "Ab-9"]);
});

Deno.test("appendUpload() treats a missing body as an empty one", async () => {
  const { request, bodies } = appWithUpload(0);
  const response = await request(`${UPLOADS}Ab-9`, { method: "PATCH" });
  assertEquals(told(response), [202, `${UPLOADS}Ab-9`, "0-0", "Ab-9"]);
  assertEquals(bodies, [{ bytes: 0 }]);
});

Deno.test("appendUpload() refuses a range of another length than the body, and reads nothing", async () => {
  const { request, bodies } = appWithUpload(0);
  const headers = { "Content-Range": "0-5", "Content-Length": "5" };
  const response = await request(`${UPLOADS}Ab-9`, { method: "PATCH", ...chunk(5, headers) });
  assertEquals(response.status, 400);
  assertEquals((await response.json()).errors[0].code, "SIZE_INVALID");
  assertEquals(bodies, []);
});

Deno.test("appendUpload() answers 416 with the offset of the upload", async () => {
  const mismatch = () => Promise.reject(new OffsetMismatch({ id: "Ab-9", offset: 40 }));
  const { request } = appWithUpload(0, { appendUpload: mismatch, commitUpload: mismatch });
  const rows: [string, string][] = [["PATCH", ""], ["PUT", `?digest=${DIGEST}`]];
  for (const [method, query] of rows) {
    const headers = { "Content-Range": "7-11" };
    const response = await request(`${UPLOADS}Ab-9${query}`, { method, ...chunk(5, headers) });
    assertEquals(told(response), [416, `${UPLOADS}Ab-9`, "0-39", "Ab-9"], method);
    assertEquals((await response.json()).errors[0].code, "BLOB_UPLOAD_INVALID");
  }
});

Deno.test("appendUpload() answers the offset of the upload for a malformed range too", async () => {
  const { request, bodies } = appWithUpload(40);
  for (const range of ["bytes 0-4/*", "4-0", "0-", "a-b", "0 - 4"]) {
    const headers = { "Content-Range": range };
    const response = await request(`${UPLOADS}Ab-9`, { method: "PATCH", ...chunk(5, headers) });
    assertEquals(told(response), [416, `${UPLOADS}Ab-9`, "0-39", "Ab-9"], range);
    await response.body?.cancel();
  }
  assertEquals(bodies, []);
});

Deno.test("commitUpload() answers 201 with where the blob is", async () => {
  const { request, calls, bodies } = appWithUpload(0);
  const response = await request(`${UPLOADS}Ab-9?digest=${DIGEST}`, { method: "PUT", ...chunk(3) });
  assertEquals(response.status, 201);
  assertEquals(response.headers.get("Location"), `/v2/team/app/blobs/${DIGEST}`);
  assertEquals(response.headers.get("Docker-Content-Digest"), DIGEST);
  assertEquals(calls, [["commitUpload", "team/app", "Ab-9", DIGEST]]);
  assertEquals(bodies, [{ bytes: 3 }]);
});

Deno.test("commitUpload() has no last chunk when the body is empty", async () => {
  const { request, bodies } = appWithUpload(0);
  const path = `${UPLOADS}Ab-9?digest=${DIGEST}`;
  assertEquals((await request(path, { method: "PUT" })).status, 201);
  assertEquals((await request(path, { method: "PUT", ...chunk(0, { "Content-Length": "0" }) })).status, 201);
  assertEquals(bodies, [undefined, undefined]);
});

Deno.test("cancelUpload() answers 204", async () => {
  const { request, calls } = appWithUpload(0);
  const response = await request(`${UPLOADS}Ab-9`, { method: "DELETE" });
  assertEquals(response.status, 204);
  assertEquals(calls, [["cancelUpload", "team/app", "Ab-9"]]);
});

Deno.test("putBlob() takes the whole blob from the POST, an empty one too", async () => {
  const { request, calls, bodies } = appWithUpload(0);
  const path = `${UPLOADS}?digest=${DIGEST}`;
  const response = await request(path, { method: "POST", ...chunk(3, { "Content-Length": "3" }) });
  assertEquals(response.status, 201);
  assertEquals(response.headers.get("Location"), `/v2/team/app/blobs/${DIGEST}`);
  assertEquals((await request(path, { method: "POST" })).status, 201);
  assertEquals(calls[0], ["putBlob", "team/app", DIGEST]);
  assertEquals(bodies, [{ bytes: 3, length: 3 }, { bytes: 0 }]);
});

Deno.test("mountBlob() answers 201 when there was a blob to link", async () => {
  const sources: (string | undefined)[] = [];
  const { request } = appWithUpload(0, {
    mountBlob: (_repository, _caller, digest, from) => {
      sources.push(from);
      return Promise.resolve({ digest, size: 3 });
    },
  });
  for (const query of [`?mount=${DIGEST}&from=other/repo`, `?mount=${DIGEST}`]) {
    const response = await request(UPLOADS + query, { method: "POST" });
    assertEquals(response.status, 201);
    assertEquals(response.headers.get("Location"), `/v2/team/app/blobs/${DIGEST}`);
    assertEquals(response.headers.get("Docker-Content-Digest"), DIGEST);
  }
  assertEquals(sources, ["other/repo", undefined]);
});

Deno.test("mountBlob() begins an ordinary upload when there was none, and tells nothing else", async () => {
  const { request, calls } = appWithUpload(0, { mountBlob: () => Promise.resolve(undefined) });
  const response = await request(`${UPLOADS}?mount=${DIGEST}&from=other`, { method: "POST" });
  assertEquals(told(response), [202, `${UPLOADS}Ab-9`, "0-0", "Ab-9"]);
  assertEquals(calls, [["startUpload", "team/app", undefined]]);
});
