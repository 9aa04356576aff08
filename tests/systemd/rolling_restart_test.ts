import { assert, assertEquals } from "@std/assert";
import { EMPTY, imageOf, pushBlob, pushManifest, type Send } from "../harness/content.ts";
import { freePort } from "../harness/ports.ts";
import { startProcess } from "../services/service_process.ts";
import { tool } from "../tools/tool.ts";
import { installSkerry } from "./installed.ts";

const REPLICAS = [1, 2, 3];

/** Clients that push and pull at the same time. */
const CLIENTS = 64;

/** Milliseconds of the clients before the first restart and after the last one. */
const MARGIN_MS = 1000;

/** HAProxy before the replicas as docs/clustering.md sets it up: a request that a replica refuses goes to the next one. */
async function startBalancer(ports: readonly number[]) {
  const port = freePort();
  const folder = await Deno.makeTempDir({ prefix: "skerry-rolling-" });
  const servers = ports.map((server, index) => `  server skerry${index + 1} 127.0.0.1:${server}`);
  await Deno.writeTextFile(
    `${folder}/haproxy.cfg`,
    `
defaults
  mode http
  timeout connect 5s
  timeout client 1m
  timeout server 5m
  timeout http-request 30s
  retries 3
  option redispatch 1
  retry-on conn-failure empty-response response-timeout 503
frontend registry
  bind 127.0.0.1:${port}
  monitor-uri /balancer
  default_backend replicas
backend replicas
  balance roundrobin
  option httpchk GET /readyz
  default-server check inter 500ms fall 1 rise 1
${servers.join("\n")}
`,
  );
  const url = `http://127.0.0.1:${port}`;
  const process = await startProcess("HAProxy", {
    program: await tool("haproxy"),
    args: ["-db", "-f", `${folder}/haproxy.cfg`],
    ready: async () => {
      const response = await fetch(`${url}/v2/`).catch(() => undefined);
      await response?.body?.cancel();
      return response?.status === 200;
    },
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

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
  await using balancer = await startBalancer(ports);

  const failures: string[] = [];
  let [over, requests] = [false, 0];
  const send: Send = async (path, init) => {
    requests++;
    const response = await fetch(new URL(path, balancer.url), init);
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
    // A replica that stops answers 503, and HAProxy repeats the request at another one.
    const errors = lines.filter((line) =>
      line.includes('"level":"error"') && !line.includes('"id":"stopping"')
    );
    assertEquals(errors, []);
  }
  console.log(`${requests} requests, none failed`);
});
