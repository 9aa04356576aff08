import { assert, assertEquals } from "@std/assert";
import { EMPTY, imageOf, pushBlob, pushManifest, type Send } from "../harness/content.ts";
import { freePort } from "../harness/ports.ts";
import { startBalancer } from "../services/balancers.ts";
import { installSkerry } from "./installed.ts";

const REPLICAS = [1, 2, 3];

/** Clients that push and pull at the same time. */
const CLIENTS = 64;

/** Milliseconds of the clients before the first restart and after the last one. */
const MARGIN_MS = 1000;

/** Pushes an image and pulls it again, until `isOver`. Every answer that is not the expected one throws. */
async function pushAndPull(client: number, send: Send, isOver: () => boolean): Promise<number> {
  let rounds = 0;
  for (; !isOver(); rounds++) {
    const [repository, image] = [`clients/${client}`, imageOf(`${client} ${rounds}`)];
    await pushBlob(send, repository, EMPTY);
    await pushManifest(send, repository, image, `v${rounds}`);
    const pulled = await send(`/v2/${repository}/manifests/v${rounds}`);
    assertEquals([pulled.status, await pulled.bytes()], [200, image.bytes]);
  }
  return rounds;
}

Deno.test(`a restart of one replica after the other loses no request of ${CLIENTS} clients`, async () => {
  const ports = REPLICAS.map(() => freePort());
  await using machine = await installSkerry({
    config: "log: json\n",
    dropIns: Object.fromEntries(
      REPLICAS.map((n, i) => [`skerry@${n}.service`, `Environment=PORT=${ports[i]}`]),
    ),
  });
  const units = REPLICAS.map((n) => `skerry@${n}.service`);
  await machine.run("systemctl", "start", ...units);
  await using balancer = await startBalancer("haproxy", ports.map((port) => `http://127.0.0.1:${port}`));
  using client = Deno.createHttpClient({ caCerts: [balancer.certificate] });

  const failures: string[] = [];
  let [over, requests] = [false, 0];
  const send: Send = async (path, init) => {
    requests++;
    const response = await fetch(new URL(path, balancer.url), { ...init, client });
    if (response.status >= 400) failures.push(`${init?.method ?? "GET"} ${path}: ${response.status}`);
    return response;
  };
  const clients = Array.from({ length: CLIENTS }, (_, i) => pushAndPull(i, send, () => over));
  const ended = Promise.allSettled(clients);
  await new Promise((resolve) => setTimeout(resolve, MARGIN_MS));
  const main = (unit: string) => machine.run("systemctl", "show", "--value", "--property=MainPID", unit);
  const before = await Promise.all(units.map(main));
  for (const unit of units) await machine.run("systemctl", "restart", unit);
  await new Promise((resolve) => setTimeout(resolve, MARGIN_MS));
  over = true;

  const rounds = await ended;
  assertEquals(failures, []);
  for (const round of rounds) {
    if (round.status === "rejected") throw round.reason;
    assert(round.value > 0, "each client has pushed and pulled");
  }
  for (const [index, unit] of units.entries()) {
    assert(await main(unit) !== before[index], `${unit} has not restarted`);
    const journal = await machine.run("journalctl", `--unit=${unit}`, "--output=cat", "--no-pager");
    const lines = journal.split("\n");
    assertEquals(lines.filter((line) => line.includes('"message":"Listening on')).length, 2);
    // A replica that stops refuses reads, and HAProxy repeats them at another one.
    const errors = lines.filter((line) =>
      line.includes('"level":"error"') && !line.includes('"http.response.status_code":503')
    );
    assertEquals(errors, []);
  }
  console.log(`${requests} requests, none failed`);
});
