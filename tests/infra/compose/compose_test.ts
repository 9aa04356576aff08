/** The compose example: its file by the specification's own parser, and its services as processes on this machine. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { freePort } from "../../harness/ports.ts";
import { startRegistry } from "../../harness/registry_process.ts";
import { answers, startProcess } from "../../services/service_process.ts";
import { startDynamoDb } from "../../services/mod.ts";
import { tool } from "../../tools/tool.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDER = `${ROOT}infra/compose`;
const REPLICAS = ["replica1", "replica2", "replica3"];

interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  ports?: { host_ip: string; published: string; target: number }[];
  volumes?: { type: string; source: string }[];
  build?: { context: string; dockerfile: string };
  healthcheck?: unknown;
}

/** The file as the parser of compose reads it. Warnings are errors. */
async function readModel(): Promise<Record<string, Service>> {
  const { code, stdout, stderr } = await new Deno.Command(await tool("compose"), {
    args: ["-format", "json", "compose.yaml"],
    cwd: FOLDER,
  }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  return JSON.parse(new TextDecoder().decode(stdout)).services;
}

Deno.test("compose.yaml is valid, pins images and opens ports to this machine alone", async () => {
  const services = await readModel();
  const images = new Map(Object.entries(services).map(([name, { image }]) => [name, image]));
  for (const name of [...REPLICAS, "provision"]) {
    assertEquals(images.get(name), "skerry");
    images.delete(name);
    assertEquals(services[name]!.environment, services.replica1!.environment);
    assertEquals(services[name]!.build, { context: ROOT.slice(0, -1), dockerfile: "Containerfile" });
  }
  assertEquals([...images.keys()].sort(), ["balancer", "dynamodb", "s3"]);
  for (const image of images.values()) assertMatch(image, /:v?\d+\.\d+\.\d+$/);
  const ports = Object.values(services).flatMap(({ ports = [] }) => ports);
  assertEquals(ports.map(({ host_ip, published }) => `${host_ip}:${published}`).sort(), [
    "127.0.0.1:8100",
    "127.0.0.1:8101",
    "127.0.0.1:8102",
    "127.0.0.1:8103",
  ]);
  const files = services.balancer!.volumes!.map(({ source }) => source);
  assertEquals(files, [`${FOLDER}/haproxy.sh`, `${ROOT}infra/balancers/haproxy.cfg`]);
  for (const file of [...files, `${ROOT}Containerfile`]) await Deno.stat(file);
});

Deno.test("the services of compose.yaml are a cluster with these commands and settings", async () => {
  const services = await readModel();
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const s3 = await startS3(services.s3!.command!, folder);
  stack.use(s3);
  const dynamoDb = stack.use(await startDynamoDb());
  const env = settings(services.replica1!.environment!, {
    "http://s3:7070": s3.endpoint,
    "http://dynamodb:8000": dynamoDb.endpoint,
  });

  const output = await runProvision(services.provision!.command!, env);
  assertStringIncludes(output, 'bucket "skerry"');
  const replicas = [];
  for (const _name of REPLICAS) replicas.push(stack.use(await startRegistry({ env })));
  const balancer = stack.use(await startBalancer(folder, replicas.map(({ port }) => port)));

  const digest = "sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";
  const push = `${replicas[0]!.url}/v2/a/blobs/uploads/?digest=${digest}`;
  const pushed = await fetch(push, { method: "POST", body: "content" });
  assertEquals(pushed.status, 201, await pushed.text());
  await replicas[0]!.kill();
  for (const url of [replicas[1]!.url, replicas[2]!.url, balancer.url, balancer.url, balancer.url]) {
    const pulled = await fetch(`${url}/v2/a/blobs/${digest}`);
    assertEquals([pulled.status, await pulled.text()], [200, "content"]);
  }
});

/** The environment with other addresses. */
function settings(
  environment: Record<string, string>,
  addresses: Record<string, string>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, addresses[value] ?? value]),
  );
}

/** Starts versitygw with the arguments of its container, except for the port and the folder. */
async function startS3(command: string[], folder: string) {
  const port = freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const data = `${folder}/data`;
  await Deno.mkdir(data);
  const other: Record<string, string> = { ":7070": `127.0.0.1:${port}`, "/data": data };
  const args = command.map((argument) => other[argument] ?? argument);
  const program = await tool("versitygw");
  const process = await startProcess("versitygw", { program, args, ready: () => answers(endpoint) });
  return { ...process, endpoint };
}

async function runProvision(command: string[], env: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", `${ROOT}main.ts`, ...command],
    env: { ...env, NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertEquals(code, 0, output);
  return output;
}

/** Starts HAProxy with the configuration that its container makes, except for the addresses. */
async function startBalancer(folder: string, ports: readonly number[]) {
  for (const path of ["compose/haproxy.sh", "balancers/haproxy.cfg"]) {
    await Deno.copyFile(`${ROOT}infra/${path}`, `${folder}/${path.split("/")[1]}`);
  }
  const written = `${folder}/tmp`;
  await Deno.mkdir(written);
  const { success } = await new Deno.Command("sh", {
    args: [`${folder}/haproxy.sh`, "true"],
    env: { TMPDIR: written },
  }).output();
  assertEquals(success, true);
  const port = freePort();
  const config = ports.reduce(
    (text, replicaPort, index) => text.replace(`replica${index + 1}:8000`, `127.0.0.1:${replicaPort}`),
    (await Deno.readTextFile(`${written}/haproxy.cfg`)).replace("bind :8000", `bind 127.0.0.1:${port}`),
  );
  await Deno.writeTextFile(`${folder}/haproxy.cfg`, config);
  const url = `http://127.0.0.1:${port}`;
  const process = await startProcess("HAProxy", {
    program: await tool("haproxy"),
    args: ["-db", "-f", `${folder}/haproxy.cfg`],
    ready: () => answers(url),
  });
  return { ...process, url };
}
