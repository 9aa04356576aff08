/**
 * Processes that stand still (SIGSTOP) for longer than an upload is kept and go on (SIGCONT), beside another process on
 * the same folder that sweeps and collects: what was acknowledged must be readable.
 */
import { assertEquals, assertGreater } from "@std/assert";
import { type RegistryProcess, startRegistry } from "../harness/registry_process.ts";
import { seeded } from "../random.ts";
import { blob, type Content, digestOf, manifest, type ManifestContent } from "./content.ts";
import { Lost, send } from "./wire.ts";

/** Number of stops, and the seed of the run; another seed makes another run. */
const STOPS = Number(Deno.env.get("STOP_COUNT") ?? 20);
const SEED = Number(Deno.env.get("STOP_SEED") ?? 20_261_127);

const CLIENTS = 24;

/** In milliseconds. A process stands still for longer than both, so that all that it has begun can be swept. */
const [EXPIRY_MS, GRACE_MS] = [1000, 2000];

const SETTINGS = {
  SKERRY_UPLOAD_EXPIRY: `${EXPIRY_MS}ms`,
  SKERRY_GRACE: `${GRACE_MS}ms`,
  SKERRY_DEADLINE: `${EXPIRY_MS / 4}ms`,
  SKERRY_SWEEP_INTERVAL: "50ms",
  SKERRY_COLLECT_INTERVAL: "50ms",
};

const REPOSITORY = "stopped";

/** An image whose push was acknowledged. */
interface Image {
  manifest: ManifestContent;
  blobs: Content[];
}

Deno.test("a process that stands still for longer than an upload is kept loses nothing that was acknowledged", async () => {
  const random = seeded(SEED);
  const data = await Deno.makeTempDir({ prefix: "skerry-stop-" });
  await using stopped = await startRegistry({ data, env: SETTINGS });
  await using other = await startRegistry({ data, env: SETTINGS });
  const pushes = new Pushes(random);
  for (let round = 1; round <= STOPS; round++) {
    const clients = pushes.begin([stopped, other]);
    await waitFor(50 + random(400));
    Deno.kill(stopped.pid, "SIGSTOP");
    await waitFor(EXPIRY_MS + random(2 * GRACE_MS));
    Deno.kill(stopped.pid, "SIGCONT");
    await waitFor(random(300));
    await clients.end();
    for (const { url } of [stopped, other]) await assertReadable(url, pushes.takeNew(url));
  }
  for (const { url } of [stopped, other]) await assertReadable(url, pushes.all);
  console.log(
    `${STOPS} stops with seed ${SEED}: ${pushes.all.length} images read back, ${pushes.refused} refused`,
  );
  assertGreater(pushes.all.length, STOPS);
  await Deno.remove(data, { recursive: true });
});

/** Clients that push images, each unlike all others. */
class Pushes {
  /** All that were acknowledged. */
  readonly all: Image[] = [];
  /** Pushes that were told no: so it goes where a process stood still for longer than its blobs are kept. */
  refused = 0;
  readonly #random: (n: number) => number;
  /** Number of {@linkcode Pushes.all} that were read at each place. */
  readonly #read = new Map<string, number>();
  #names = 0;

  constructor(random: (n: number) => number) {
    this.#random = random;
  }

  /** Begins to push to these processes, until `end` is called. */
  begin(processes: RegistryProcess[]): { end: () => Promise<void> } {
    let goesOn = true;
    const clients = Array.from({ length: CLIENTS }, async (_, client) => {
      while (goesOn) await this.#push(processes[client % 3 === 0 ? 1 : 0]!);
    });
    return {
      async end() {
        goesOn = false;
        await Promise.all(clients);
      },
    };
  }

  /** Those that have not been read at this place. */
  takeNew(url: string): Image[] {
    const images = this.all.slice(this.#read.get(url) ?? 0);
    this.#read.set(url, this.all.length);
    return images;
  }

  async #push({ url, log }: RegistryProcess): Promise<void> {
    const image = this.#newImage();
    try {
      for (const content of image.blobs) {
        if (!await this.#pushBlob(url, content)) return void this.refused++;
      }
      const path = `/v2/${REPOSITORY}/manifests/${image.manifest.digest}`;
      const headers = { "Content-Type": image.manifest.mediaType };
      const { status } = await send(url, "PUT", path, { headers, body: image.manifest.bytes() });
      if (status === 201) this.all.push(image);
      else this.refused++;
      assertEquals(
        [201, 400, 503].includes(status),
        true,
        `Got ${status} for a manifest\n${log().slice(-4000)}`,
      );
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
    }
  }

  /** A new blob, and now and then one that another push has brought as well: it is then there already. */
  #newImage(): Image {
    const name = this.#names++;
    const size = 2000 + this.#random(20_000);
    const blobs = [blob(name, size, "sha256"), blob(name >> 2, 3000, "sha256")];
    const [config, layer] = blobs as [Content, Content];
    const padding = this.#random(4) === 0 ? 300_000 : 0;
    return { blobs, manifest: manifest({ name, algorithm: "sha256", config, layers: [layer], padding }) };
  }

  async #pushBlob(url: string, { digest, bytes }: Content): Promise<boolean> {
    const path = `/v2/${REPOSITORY}/blobs/uploads/`;
    const started = await send(url, "POST", path);
    const location = started.headers.get("Location");
    if (location === null) return false;
    const { status } = await send(url, "PUT", `${location}?digest=${digest}`, { body: bytes() });
    assertEquals([201, 404, 416, 503].includes(status), true, `Got ${status} for a blob`);
    return status === 201;
  }
}

async function assertReadable(url: string, images: readonly Image[]): Promise<void> {
  for (const { manifest, blobs } of images) {
    await assertIs(url, `manifests/${manifest.digest}`, manifest.digest);
    for (const { digest } of blobs) await assertIs(url, `blobs/${digest}`, digest);
  }
}

async function assertIs(url: string, path: string, digest: string): Promise<void> {
  const { status, body } = await send(url, "GET", `/v2/${REPOSITORY}/${path}`);
  assertEquals([status, digestOf(body)], [200, digest], `${path}, which was acknowledged, of seed ${SEED}`);
}

function waitFor(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
