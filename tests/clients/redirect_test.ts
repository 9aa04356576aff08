/** Real clients that log in and follow redirects to an S3 server, which sees what they send there. */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { startAwsStores } from "../harness/aws_stores.ts";
import { startRegistry } from "../harness/registry_process.ts";
import { startSecured, usersOf } from "../harness/secured.ts";
import { type Image, largeImage, walk } from "../images/mod.ts";
import { MAX_SMALL_BLOB_BYTES } from "../../registry/interface.ts";
import { LOGIN_CLIENTS } from "./login_clients.ts";
import { seed } from "./served.ts";
import { openWire } from "./wire.ts";
import { assertNoTrouble, openWorkbench, type Outcome, type Workbench } from "./workbench.ts";

const ALICE = { username: "alice", password: "alice's password" };
const REPOSITORY = "team/app";

const POLICIES = [{ repositories: ["team/**"], allow: [{ to: ["user:alice"], actions: ["pull"] }] }];

/** Clients that pull by {@linkcode LOGIN_CLIENTS}. `oras pull` takes only layers with a name, so it copies. */
const CLIENTS = ["podman", "skopeo", "crane", "regctl", "ctr", "oras"];

async function pull(name: string, bench: Workbench, stack: AsyncDisposableStack): Promise<Outcome> {
  const client = await LOGIN_CLIENTS[name]!(bench, stack);
  const { code, stderr } = await client.login(ALICE);
  assertEquals(code, 0, stderr);
  if (name !== "oras") return await client.pull(REPOSITORY);
  const from = ["--from-plain-http", `${bench.host}/${REPOSITORY}:v1`];
  return await bench.outcome("oras", ["copy", "--no-tty", ...from, "--to-oci-layout", "pulled:v1"]);
}

/** Number of blobs of the image that are redirected. */
function largeBlobs(image: Image): number {
  return walk(image).filter(({ size }) => size > MAX_SMALL_BLOB_BYTES).length;
}

Deno.test("clients pull layers through redirects, and send no credentials to the store", async (t) => {
  await using stores = await startAwsStores();
  await using wire = openWire(new URL(stores.s3.endpoint).host);
  const image = await largeImage("redirect");
  {
    await using open = await startRegistry({ env: stores.env() });
    await seed({ host: open.host, repository: REPOSITORY }, image, "v1");
  }
  const auth = { challenge: "bearer", users: await usersOf("alice"), policies: POLICIES };
  await using registry = await startSecured(auth, {
    ...stores.env(),
    SKERRY_LOG: "json",
    SKERRY_DELIVERY: "redirect",
    // Another name than that of the registry: clients in Go send credentials to other ports of the same host.
    SKERRY_REDIRECT_ENDPOINT: `http://localhost:${wire.host.split(":")[1]}`,
  });
  for (const name of CLIENTS) {
    await t.step(name, async () => {
      const before = wire.exchanges.length;
      await using bench = await openWorkbench(registry.host);
      await using stack = new AsyncDisposableStack();
      const { code, stdout, stderr } = await pull(name, bench, stack);
      assertEquals(code, 0, `${stderr}\n${stdout}`);
      const exchanges = wire.exchanges.slice(before);
      assertGreaterOrEqual(exchanges.length, largeBlobs(image));
      for (const { method, status = 0, headers } of exchanges) {
        assertEquals([method, headers["authorization"], headers["cookie"]], ["GET", undefined, undefined]);
        assert(status === 200 || status === 206, `${status}`);
      }
    });
  }
  await registry.kill("SIGINT"); // so that its log is complete
  assertNoTrouble(registry.log());
  assert(!registry.log().includes("X-Amz-"), "No log has a signature");
});
