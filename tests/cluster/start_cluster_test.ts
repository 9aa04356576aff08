import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { openWire, type Wire } from "../clients/wire.ts";
import { startCluster } from "../harness/cluster.ts";

/** The status of a request that needs no more than a process. */
async function statusOf(url: string): Promise<number> {
  const response = await fetch(`${url}/v2/`);
  await response.body?.cancel();
  return response.status;
}

Deno.test("startCluster() starts replicas that share pushed content, until it is disposed of", async () => {
  let urls: string[];
  {
    await using cluster = await startCluster();
    urls = [cluster.url, ...cluster.replicas.map(({ url }) => url)];
    const content = "content";
    const digest = "sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";
    const pushed = await fetch(`${cluster.replicas[0]!.url}/v2/a/blobs/uploads/?digest=${digest}`, {
      method: "POST",
      body: content,
    });
    assertEquals(pushed.status, 201, await pushed.text());
    for (const url of urls) {
      const pulled = await fetch(`${url}/v2/a/blobs/${digest}`);
      assertEquals([pulled.status, await pulled.text()], [200, content]);
    }
  }
  for (const url of urls) await assertRejects(() => fetch(url), TypeError);
});

Deno.test("startCluster() gives replicas that can be killed and come back where they were", async () => {
  await using cluster = await startCluster({ replicas: 2 });
  const [first] = cluster.replicas;
  const { pid, url } = first!;
  await first!.kill();
  await assertRejects(() => fetch(url), TypeError);
  for (let i = 0; i < 4; i++) assertEquals(await statusOf(cluster.url), 200);
  await first!.restart();
  assertNotEquals(first!.pid, pid);
  assertEquals(await statusOf(url), 200);
  assertEquals(first!.log().match(/"message":"Listening on /g)?.length, 2);
});

Deno.test("startCluster() tells the replicas only the addresses of the proxies", async () => {
  const wires: Wire[] = [];
  await using _cluster = await startCluster({
    replicas: 1,
    between(stores) {
      const [s3, dynamoDb] = [openWire(new URL(stores.s3).host), openWire(new URL(stores.dynamoDb).host)];
      wires.push(s3, dynamoDb);
      return Promise.resolve({
        s3: `http://${s3.host}`,
        dynamoDb: `http://${dynamoDb.host}`,
        async [Symbol.asyncDispose]() {
          for (const wire of wires) await wire[Symbol.asyncDispose]();
        },
      });
    },
  });
  // It asks both whether they are ready.
  for (const { exchanges } of wires) assert(exchanges.length > 0);
});
