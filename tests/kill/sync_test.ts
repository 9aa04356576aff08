import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { SqliteTable } from "../../storage/mod.ts";
import { tool } from "../tools/tool.ts";
import { blob, type Content, manifest } from "./content.ts";
import { type Synced, traceDurability } from "./durability.ts";
import { parseTrace } from "./system_calls.ts";
import { withTracedRegistry } from "./traced_registry.ts";
import { type Answer, type Send, send } from "./wire.ts";

/**
 * Syncs that an answer requires: at least these files and folders, and exactly these commits of the table. An answer
 * that is sent before its last write has one commit fewer, and the next answer one more.
 */
interface Expected extends Partial<Synced> {
  status: number;
}

// A kill leaves the system's memory as it is, so only this can show what a power cut would leave.
Deno.test("every write is synced before its answer, and before any write that refers to it", async () => {
  const strace = await tool("strace");
  const folder = await Deno.makeTempDir({ prefix: "skerry-sync-" });
  const expected: (Expected & { what: string })[] = [];
  const trace = await withTracedRegistry(strace, `${folder}/new/data`, async (url) => {
    const step: Step = async (what, path, request, synced) => {
      expected.push({ what, ...synced });
      return await send(url, what.split(" ", 1)[0]!, path, request);
    };
    // Opens the storage: what is synced for that counts for no later answer.
    await step("GET of a list", "/v2/one/tags/list", {}, { status: 404, commits: OPENED });
    await pushBlobs(step);
    await pushManifests(step);
  });
  const { problems, answers } = traceDurability(parseTrace(trace), folder);
  assertEquals(problems, []);
  assertEquals(answers.length, expected.length);
  for (const [index, { what, ...synced }] of expected.entries()) {
    const answer = answers[index]!;
    assertEquals(answer.status, synced.status, what);
    for (const kind of ["files", "folders"] as const) {
      assertGreaterOrEqual(answer[kind], synced[kind] ?? 0, `Syncs of ${kind} for ${what}`);
    }
    if (synced.commits !== OPENED) assertEquals(answer.commits, synced.commits ?? 0, `Commits for ${what}`);
  }
  await Deno.remove(folder, { recursive: true });
});

// Opening the database makes such a commit visible, and a power cut could take it back.
Deno.test("a commit that a killed process did not sync is synced before the first answer", async () => {
  const strace = await tool("strace");
  const folder = await Deno.makeTempDir({ prefix: "skerry-sync-" });
  const data = `${folder}/data`;
  {
    await using table = await SqliteTable.open(`${folder}/killed/table.sqlite`);
    await table.put({ pk: "p", sk: "s", attributes: {} }, { ifAbsent: true });
    await Deno.mkdir(data);
    // Closing the table would take the log away.
    for (const name of ["table.sqlite", "table.sqlite-wal"]) {
      await Deno.copyFile(`${folder}/killed/${name}`, `${data}/${name}`);
    }
  }
  const trace = await withTracedRegistry(strace, data, async (url) => {
    assertEquals((await send(url, "GET", "/v2/one/tags/list", {})).status, 404);
  });
  const { answers } = traceDurability(parseTrace(trace), folder);
  assertEquals(answers.map(({ commits }) => commits), [1]);
  await Deno.remove(folder, { recursive: true });
});

/** Sends a request, whose method begins the text that says what it is, and notes what must be synced for it. */
type Step = (
  what: string,
  path: string,
  request: Send,
  synced: Expected,
) => Promise<Answer>;

/** As many commits as opening the storage takes. */
const OPENED = -1;

const CONFIG = blob(0, 100, "sha256");
const UPLOADS = "/v2/one/blobs/uploads/";
/** The upload is announced; blob and link together; the upload is done. */
const WHOLE_BLOB = { files: 1, folders: 1, commits: 3 };
/** The upload is taken to `committing`; blob; link, with the upload, which is done. */
const COMMIT_WRITES = 3;

async function pushBlobs(step: Step): Promise<void> {
  const { digest } = CONFIG;
  await step("POST of a whole blob", `${UPLOADS}?digest=${digest}`, { body: CONFIG.bytes() }, {
    status: 201,
    ...WHOLE_BLOB,
  });
  // The link.
  await step("POST that mounts", `/v2/two/blobs/uploads/?mount=${digest}&from=one`, {}, {
    status: 201,
    commits: 1,
  });
  // The candidate for the collector; the link, and the epoch of the repository.
  await step("DELETE of a blob", `/v2/two/blobs/${digest}`, {}, { status: 202, commits: 3 });

  for (const algorithm of ["sha256", "sha512"] as const) {
    const whole = blob(1, 1000, algorithm);
    const location = await start(step);
    await step("PUT of a whole blob", `${location}?digest=${whole.digest}`, { body: whole.bytes() }, {
      status: 201,
      ...WHOLE_BLOB,
    });
  }
  // The first chunk is announced, and each one counts by a write. One that adds to parts claims them before it.
  const small = blob(2, 1000, "sha256");
  await pushChunks(step, small, [[500, 2], [1000, 1]], { commits: COMMIT_WRITES });
  // Of several parts of 1 MiB each, and a rest that comes with the second chunk or with the PUT.
  const large = blob(3, 2_600_000, "sha256");
  await pushChunks(step, large, [[1_500_000, 2], [2_600_000, 2]], {
    files: 1,
    folders: 1,
    commits: COMMIT_WRITES,
  });
  // The PUT claims the parts, and notes the hash that it has read back.
  const long = blob(4, 2_600_000, "sha512");
  await pushChunks(step, long, [[1_500_000, 2]], { files: 1, folders: 1, commits: COMMIT_WRITES + 2 });
  // Nothing was stored for it: it is announced, and taken to `aborting`.
  await step("DELETE of an upload", await start(step), {}, { status: 204, commits: 2 });
}

/** Sends the bytes up to each of these ends, with so many commits, and the rest with the PUT. */
async function pushChunks(
  step: Step,
  content: Content,
  chunks: [end: number, commits: number][],
  synced: Partial<Synced>,
): Promise<void> {
  const location = await start(step);
  let offset = 0;
  for (const [end, commits] of chunks) {
    const body = content.bytes().subarray(offset, end);
    const headers = { "Content-Range": `${offset}-${end - 1}` };
    await step("PATCH of a chunk", location, { headers, body }, { status: 202, files: 1, commits });
    offset = end;
  }
  const body = content.bytes().subarray(offset);
  await step("PUT after chunks", `${location}?digest=${content.digest}`, { body }, {
    status: 201,
    ...synced,
  });
}

/** Nothing is written for an upload that holds nothing. */
async function start(step: Step): Promise<string> {
  const { headers } = await step("POST of an upload", UPLOADS, {}, { status: 202 });
  return headers.get("Location") ?? "";
}

async function pushManifests(step: Step): Promise<void> {
  const make = (name: number, padding: number) =>
    manifest({ name, algorithm: "sha256", config: CONFIG, layers: [], padding });
  // Above 256 KiB, a manifest has an object of its own.
  const [small, large] = [make(1, 0), make(2, 300_000)];
  const headers = { "Content-Type": small.mediaType };
  const path = (reference: string) => `/v2/one/manifests/${reference}`;
  // Edges and marks of tags; the manifest; the tag and the repository together.
  await step("PUT of a manifest by tag", path("a"), { headers, body: small.bytes() }, {
    status: 201,
    commits: 3,
  });
  // The repository is there already, and two tags are put together.
  await step("PUT of a manifest by digest", path(`${small.digest}?tag=b&tag=c`), {
    headers,
    body: small.bytes(),
  }, {
    status: 201,
    commits: 3,
  });
  // Its object is announced.
  await step("PUT of a large manifest", path("d"), { headers, body: large.bytes() }, {
    status: 201,
    files: 1,
    folders: 1,
    commits: 4,
  });
  const referrer = manifest({
    name: 3,
    algorithm: "sha256",
    config: CONFIG,
    layers: [CONFIG],
    subject: small,
    padding: 0,
  });
  // Edges; the manifest, its place among the referrers.
  await step("PUT of a referrer", path(referrer.digest), { headers, body: referrer.bytes() }, {
    status: 201,
    commits: 3,
  });
  // The candidate for the collector; the tag.
  await step("DELETE of a tag", path("a"), {}, { status: 202, commits: 2 });
  // The candidate; two tags, the manifest, the epoch of the repository.
  await step("DELETE of a manifest", path(small.digest), {}, { status: 202, commits: 5 });
  // The candidate; the tag; its object is announced to the sweep; the manifest, the epoch.
  await step("DELETE of a large manifest", path(large.digest), {}, { status: 202, commits: 5 });
}
