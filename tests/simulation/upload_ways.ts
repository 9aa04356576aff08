import type { RepositoryName } from "../../oci/mod.ts";
import { body, PRINCIPAL } from "../harness/stores.ts";
import { ATTEMPTS, type Client, GivenUp, toldBy } from "./client.ts";
import { GRACE_MS } from "./settings.ts";
import { must } from "./violation.ts";
import type { Blob } from "./world.ts";

/** The ways that need no store which verifies content. */
export const WAYS = [
  "whole",
  "whole twice",
  "streamed",
  "streamed twice",
  "resumed",
  "continued",
  "chunked",
  "chunked twice",
  "repeated",
] as const;

/** Ways in which a client uploads a blob. */
export type Way = typeof WAYS[number] | "verified" | "repeated alone" | "repeated late";

/** Uploads a blob in this way. */
export async function pushBlob(
  client: Client,
  repository: RepositoryName,
  blob: Blob,
  way: Way,
): Promise<void> {
  if (way === "whole") await pushWhole(client, repository, blob);
  else if (way === "whole twice") await pushWholeTwice(client, repository, blob);
  else if (way === "verified") await pushVerified(client, repository, blob);
  else if (way === "repeated late") await pushRepeated(client, repository, blob, { pause: GRACE_MS + 400 });
  else if (way === "repeated") await pushRepeated(client, repository, blob, { pause: 100 });
  else if (way === "repeated alone") {
    await pushRepeated(client, repository, blob, { pause: 100, isAlone: true });
  } else if (way === "streamed") await pushStreamed(client, repository, blob, { twice: false });
  else if (way === "streamed twice") await pushStreamed(client, repository, blob, { twice: true });
  else if (way === "resumed") await pushResumed(client, repository, blob, { ranged: true });
  else if (way === "continued") await pushResumed(client, repository, blob, { ranged: false });
  else await pushChunked(client, repository, blob, { twice: way === "chunked twice" });
}

/** POST, and PUT of the whole blob. */
export async function pushWhole(client: Client, repository: RepositoryName, blob: Blob): Promise<void> {
  await push(client, repository, blob, "whole", async () => {
    const { id } = await client.registry.startUpload(repository, PRINCIPAL);
    await client.registry.commitUpload(
      repository,
      PRINCIPAL,
      id,
      blob.digest,
      body(blob.bytes, { chunk: 64 }),
    );
  });
}

/** POST, and two PUTs of the whole blob at the same time, as after a timeout of the client. */
async function pushWholeTwice(client: Client, repository: RepositoryName, blob: Blob): Promise<void> {
  await push(client, repository, blob, "whole twice", async () => {
    const { id } = await client.registry.startUpload(repository, PRINCIPAL);
    const whole = () => body(blob.bytes, { chunk: 64 });
    await twice(() => client.registry.commitUpload(repository, PRINCIPAL, id, blob.digest, whole()));
  });
}

/** POST, and PUT of the whole blob with its length: a store that verifies content takes it as a stream. */
async function pushVerified(client: Client, repository: RepositoryName, blob: Blob): Promise<void> {
  await push(client, repository, blob, "verified", async () => {
    const { registry } = client;
    const { id } = await registry.startUpload(repository, PRINCIPAL);
    const length = blob.bytes.length;
    await registry.commitUpload(
      repository,
      PRINCIPAL,
      id,
      blob.digest,
      body(blob.bytes, { chunk: length, length }),
    );
  });
}

/** POST, PATCH of the whole blob, perhaps twice at the same time, PUT. */
async function pushStreamed(
  client: Client,
  repository: RepositoryName,
  blob: Blob,
  options: { twice: boolean },
): Promise<void> {
  await push(client, repository, blob, options.twice ? "streamed twice" : "streamed", async () => {
    const { id } = await client.registry.startUpload(repository, PRINCIPAL);
    const whole = () => body(blob.bytes, { chunk: 64 });
    const append = () => client.registry.appendUpload(repository, PRINCIPAL, id, whole());
    await (options.twice ? twice(append) : append());
    await client.registry.commitUpload(repository, PRINCIPAL, id, blob.digest);
  });
}

/**
 * POST, PATCH of the whole blob, PUT. If that fails, the client repeats the PUT after a pause: at once, as most clients
 * do, or once collectors may have removed what it has committed, as a suspended machine does. A client that is alone
 * must not be told to wait for another request: no request of it has died.
 */
async function pushRepeated(
  client: Client,
  repository: RepositoryName,
  blob: Blob,
  { pause, isAlone = false }: { pause: number; isAlone?: boolean },
): Promise<void> {
  await push(client, repository, blob, "repeated", async () => {
    const { id } = await client.registry.startUpload(repository, PRINCIPAL);
    await client.registry.appendUpload(repository, PRINCIPAL, id, body(blob.bytes, { chunk: 64 }));
    const commit = () =>
      client.connect(() => client.registry.commitUpload(repository, PRINCIPAL, id, blob.digest));
    for (let attempt = 1;; attempt++) {
      try {
        return await commit();
      } catch (error) {
        const { message } = error as Error;
        if (isAlone) must(!message.includes("another request"), `push ${blob.name} alone: ${message}`);
        if (toldBy(error)?.status !== 503 || attempt === ATTEMPTS) throw error;
        await client.pause(pause);
      }
    }
  });
}

/** POST, PATCHes with a range each, PUT with the last bytes; the PUT twice at the same time, as an impatient client does. */
async function pushChunked(
  client: Client,
  repository: RepositoryName,
  blob: Blob,
  options: { twice: boolean },
): Promise<void> {
  const half = blob.bytes.length >> 1;
  await push(client, repository, blob, "chunked", async () => {
    const { id } = await client.registry.startUpload(repository, PRINCIPAL);
    const first = body(blob.bytes.slice(0, half), { first: 0, chunk: 64 });
    await client.registry.appendUpload(repository, PRINCIPAL, id, first);
    const commit = () => {
      const rest = body(blob.bytes.slice(half), { first: half, chunk: 64 });
      return client.registry.commitUpload(repository, PRINCIPAL, id, blob.digest, rest);
    };
    if (!options.twice) return await commit();
    await twice(commit);
  });
}

/** Makes a request twice at the same time. Fails if both fail. */
async function twice(request: () => Promise<unknown>): Promise<void> {
  const answers = await Promise.allSettled([request(), request()]);
  const done = answers.find(({ status }) => status === "fulfilled");
  if (done === undefined) throw (answers[0] as PromiseRejectedResult).reason;
}

/**
 * POST, and PATCHes until the upload is complete: of a third each with its range, or of a half without one, which looks like
 * the whole blob. After each failed request the client asks for the upload's offset and continues there, as docker and containerd
 * do.
 */
async function pushResumed(
  client: Client,
  repository: RepositoryName,
  blob: Blob,
  { ranged }: { ranged: boolean },
): Promise<void> {
  const step = Math.ceil(blob.bytes.length / (ranged ? 3 : 2));
  await push(client, repository, blob, ranged ? "resumed" : "continued", async () => {
    const { id } = await client.registry.startUpload(repository, PRINCIPAL);
    for (let failures = 0, offset = 0; offset < blob.bytes.length;) {
      const range = ranged ? { first: offset } : {};
      const chunk = body(blob.bytes.slice(offset, offset + step), { ...range, chunk: 64 });
      try {
        ({ offset } = await client.connect(() =>
          client.registry.appendUpload(repository, PRINCIPAL, id, chunk)
        ));
      } catch (error) {
        const isTransient = [503, 416].includes(toldBy(error)?.status ?? 0);
        if (!isTransient || ++failures > ATTEMPTS) throw error;
        await client.pause(100);
        ({ offset } = await client.connect(() => client.registry.getUpload(repository, PRINCIPAL, id)));
      }
    }
    await client.registry.commitUpload(repository, PRINCIPAL, id, blob.digest);
  });
}

/** POST, and PUT of other bytes under the digest of a blob that another repository has: an attempt to get at it. */
export async function forge(client: Client, repository: RepositoryName, blob: Blob): Promise<void> {
  const text = `forge ${blob.name} in ${repository}`;
  try {
    await client.ask(text, async () => {
      const { id } = await client.registry.startUpload(repository, PRINCIPAL);
      const other = body(blob.bytes.map((byte) => byte ^ 1), { chunk: 64 });
      await client.registry.commitUpload(repository, PRINCIPAL, id, blob.digest, other);
    });
    must(false, `${text} succeeded`);
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
    must(error.told.status === 503 || error.told.code === "DIGEST_INVALID", `${text}: ${error.told.code}`);
  }
  must(!await client.hasBlob(repository, blob), `${text} has linked the blob`);
}

/** POST, PATCH, and DELETE of the upload: at the same time as its commit, or after a commit that has failed. */
export async function cancel(
  client: Client,
  repository: RepositoryName,
  blob: Blob,
  options: { commits: boolean | "before" },
): Promise<void> {
  const { digest, name } = blob;
  const text = `cancel ${name} in ${repository}`;
  const isCommitted = await client.wish({ kind: "blob", repository, digest }, text, async () => {
    const { id } = await client.registry.startUpload(repository, PRINCIPAL);
    await client.registry.appendUpload(repository, PRINCIPAL, id, body(blob.bytes, { chunk: 64 }));
    const cancel = () => client.registry.cancelUpload(repository, PRINCIPAL, id);
    const commit = () => client.registry.commitUpload(repository, PRINCIPAL, id, digest);
    if (!options.commits) {
      await cancel();
      await client.registry.getUpload(repository, PRINCIPAL, id).then(
        () => must(false, `${name} was cancelled in ${repository}, and its upload is there`),
        (error) => {
          if (toldBy(error)?.status !== 404) throw error;
        },
      );
      return false;
    }
    const committing = commit();
    if (options.commits === "before") await committing.catch(() => {});
    const [committed] = await Promise.allSettled([committing, cancel()]);
    return committed.status === "fulfilled";
  }, (isCommitted) => isCommitted);
  client.note(`${text}: ${isCommitted ? "committed first" : "cancelled"}`);
}

function push(
  client: Client,
  repository: RepositoryName,
  { digest, name }: Blob,
  how: string,
  request: () => Promise<unknown>,
): Promise<unknown> {
  return client.wish({ kind: "blob", repository, digest }, `push ${name} ${how} to ${repository}`, request);
}
