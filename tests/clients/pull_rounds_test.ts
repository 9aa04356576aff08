/** Rounds and connections of a pull, at the main host, at a public one, and with redirects to an S3 server. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { startAwsStores } from "../harness/aws_stores.ts";
import { freePort } from "../harness/ports.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { authSetting, usersOf } from "../harness/secured.ts";
import { addImage, addIndex, Content, type Image, layerOf, noise } from "../images/mod.ts";
import { startContainerd } from "./containerd.ts";
import { containersStorage } from "./containers_storage.ts";
import { reasonAgainstDocker, startDocker } from "./dockerd.ts";
import { Rounds } from "./rounds.ts";
import { seed } from "./served.ts";
import { type Exchange, openWire } from "./wire.ts";
import { assertNoTrouble, openWorkbench, type Workbench } from "./workbench.ts";

/** Makes a client ready to pull an image by its name. */
type Opener = (bench: Workbench, stack: AsyncDisposableStack) => Promise<(name: string) => Promise<unknown>>;

const CLIENTS = {
  async docker(bench, stack) {
    const { docker } = stack.use(await startDocker(bench));
    await docker("login", "--username", "alice", "--password", "alice's password", bench.host);
    return (name) => docker("pull", name);
  },
  async podman(bench) {
    const env = await containersStorage(bench, "storage");
    return (name) => bench.run("podman", ["pull", "--tls-verify=false", name], { env });
  },
  async ctr(bench, stack) {
    const { ctr } = stack.use(await startContainerd(bench));
    return (name) => ctr("images", "pull", "--plain-http", "--snapshotter", "native", name);
  },
} satisfies Record<string, Opener>;

type Client = keyof typeof CLIENTS;

/** A pull of the same image: its host, and the way of its layers. */
interface Way {
  host: "main" | "public";
  delivery: "proxy" | "redirect";
}

const WAYS: Way[] = (["main", "public"] as const).flatMap((host) =>
  (["proxy", "redirect"] as const).map((delivery) => ({ host, delivery }))
);

const LAYERS = 5;

const times = (count: number, request: string): string[] => Array.from({ length: count }, () => request);

/** Layers that are fetched at the same time, by the registry or by a redirect and from the store. */
function layers(count: number, { delivery }: Way): string[][] {
  const asked = times(count, "GET layer");
  return delivery === "proxy" ? [asked] : [asked, times(count, "GET object")];
}

/** Adds the configuration to the first round. */
function withConfig([first, ...rest]: string[][]): string[][] {
  return [["GET config", ...first!], ...rest];
}

/** Rounds of a pull. */
const ROUNDS: Record<Client, (way: Way) => string[][]> = {
  docker: (way) => [
    ...way.host === "main" ? [["GET base"], ["token"]] : [["GET base"]],
    ...[["HEAD tag"], ["GET index"], ["GET manifest"]],
    ...withConfig(layers(3, way)), // it fetches three layers at a time
    ...layers(LAYERS - 3, way),
  ],
  podman: (way) => [
    ...way.host === "main" ? [["GET base"], ["token"]] : [["GET base"]],
    ...[["GET tag"], ["GET manifest"], ["GET config"]],
    ...layers(LAYERS, way),
  ],
  ctr: (way) => [["HEAD tag"], ["GET index"], ["GET manifest"], ...withConfig(layers(LAYERS, way))],
};

/** An index of an image with five layers, each too large to be sent by the registry where it redirects. */
async function imageOf(name: string): Promise<Image> {
  const content = new Content();
  const made = [];
  for (let i = 0; i < LAYERS; i++) {
    made.push(await layerOf({ [`srv/${i}`]: noise(`${name} ${i}`, 100_000) }));
  }
  return { root: addIndex(content, [addImage(content, made)]), content };
}

/** The request in the words of {@linkcode ROUNDS}. */
function nameOf({ method, target }: Exchange, { root, content }: Image): string {
  const path = target.split("?")[0]!;
  const reference = path.split("/").at(-1)!;
  const kind = path === "/v2/"
    ? "base"
    : path === "/token"
    ? "token"
    : path.includes("/manifests/")
    ? reference === root.digest ? "index" : reference.includes(":") ? "manifest" : "tag"
    : !path.includes("/blobs/sha256:")
    ? "object"
    : content.get(reference).length < 65_536
    ? "config"
    : "layer";
  return kind === "token" ? kind : `${method} ${kind}`; // a client with a login sends POST
}

/** A registry behind a proxy, and the store behind another. */
async function openPlace(stack: AsyncDisposableStack) {
  const stores = stack.use(await startAwsStores());
  const images = await Promise.all(WAYS.map(({ host, delivery }) => imageOf(`${host} ${delivery}`)));
  let rounds = new Rounds([]);
  let pulled = images[0]!;
  const hold = (request: Exchange) => rounds.add(nameOf(request, pulled));
  const port = freePort();
  const front = stack.use(openWire(`127.0.0.1:${port}`, { hold }));
  // Another name than those of the registry, as in every deployment.
  const store = stack.use(openWire(new URL(stores.s3.endpoint).host, { hold, hostname: "127.0.0.2" }));
  const policies = [{ repositories: ["**"], allow: [{ to: ["anonymous"], actions: ["pull", "push"] }] }];
  const registry = stack.use(
    await startRegistry({
      port,
      env: {
        ...await authSetting(port, { url: `http://${front.host}`, users: await usersOf("alice"), policies }),
        ...stores.env(),
        SKERRY_LOG: "json",
        SKERRY_PUBLIC: '{"hosts": ["localhost"]}',
        SKERRY_DELIVERY: "redirect",
        SKERRY_DELIVERY_RULES: JSON.stringify([{ repositories: ["proxy/**"], delivery: "proxy" }]),
        SKERRY_REDIRECT_ENDPOINT: `http://${store.host}`,
      },
    }),
  );
  for (const [index, { host, delivery }] of WAYS.entries()) {
    await seed({ host: registry.host, repository: `${delivery}/${host}` }, images[index]!, "v1");
  }
  /** Pulls the image of this way. Returns the rounds, and the requests at the registry and at the store. */
  async function pull(way: Way, expected: string[][], run: (name: string) => Promise<unknown>) {
    const before = [front.exchanges.length, store.exchanges.length];
    rounds = new Rounds(expected.map(({ length }) => length));
    pulled = images[WAYS.indexOf(way)]!;
    const host = way.host === "main" ? front.host : `localhost:${front.host.split(":")[1]}`;
    await run(`${host}/${way.delivery}/${way.host}:v1`);
    return {
      seen: rounds.seen,
      asked: front.exchanges.slice(before[0]),
      fetched: store.exchanges.slice(before[1]),
    };
  }
  return { pull, registry, host: front.host };
}

const noDocker = await reasonAgainstDocker();

Deno.test("clients pull in fewer rounds from a public host, and send no credentials to the store", async (t) => {
  await using stack = new AsyncDisposableStack();
  const place = await openPlace(stack);
  for (const client of Object.keys(CLIENTS) as Client[]) {
    const ignore = client === "docker" && noDocker !== undefined;
    await t.step({
      name: ignore ? `docker [its daemon cannot start here: ${noDocker}]` : client,
      ignore,
      fn: (t) => checkPulls(t, client, place),
    });
  }
  await place.registry.kill("SIGINT"); // so that its log is complete
  assertNoTrouble(place.registry.log());
});

/** Pulls every way with one client. */
async function checkPulls(
  t: Deno.TestContext,
  client: Client,
  { host, pull }: Awaited<ReturnType<typeof openPlace>>,
): Promise<void> {
  await using bench = await openWorkbench(host);
  await using stack = new AsyncDisposableStack();
  const run = await CLIENTS[client](bench, stack);
  for (const way of WAYS) {
    await t.step(`at the ${way.host} host, with delivery by ${way.delivery}`, async () => {
      const expected = ROUNDS[client](way);
      const { seen, asked, fetched } = await pull(way, expected, run);
      assertEquals(seen, expected);
      assert(fetched.every(isAnonymous), "Credentials at the store");
      // ctr shows nothing where anonymous clients may pull.
      const shows = way.host === "main" && client !== "ctr";
      assertEquals(asked.some((request) => !isAnonymous(request)), shows);
      const requests = asked.length + fetched.length;
      const connections = connectionsOf(asked) + connectionsOf(fetched);
      if (client === "ctr") assertLess(connections, requests);
      else assertEquals(connections, requests);
    });
  }
}

function isAnonymous({ headers }: Exchange): boolean {
  return headers["authorization"] === undefined && headers["cookie"] === undefined;
}

function connectionsOf(exchanges: readonly Exchange[]): number {
  return new Set(exchanges.map(({ connection }) => connection)).size;
}
