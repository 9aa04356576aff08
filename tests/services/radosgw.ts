import { freePort } from "../harness/ports.ts";
import { tool, type ToolName } from "../tools/tool.ts";
import { cephConfiguration, type CephDisk } from "./ceph_configuration.ts";
import { CREDENTIALS } from "../harness/credentials.ts";
import { answers, ownFolder, type ServiceProcess, startProcess } from "./service_process.ts";
import type { S3Service } from "./versitygw.ts";

/** Maximum time until each of Ceph's daemons is usable, in milliseconds. */
const DEADLINE_MS = 90_000;

/** Options of {@linkcode startRadosGw}. */
export interface RadosGwOptions {
  /** Folder of the content; by default in memory. */
  readonly disk?: CephDisk;
}

/**
 * Starts Ceph's S3 server, with as small a cluster behind it as there can be: one monitor, and one store that keeps
 * everything in memory unless it is given room on a disk. The process id and the log are those of the S3 server.
 *
 * @throws {Error} When it does not come up.
 */
export async function startRadosGw({ disk }: RadosGwOptions = {}): Promise<S3Service> {
  await using stack = new AsyncDisposableStack();
  const folder = await ownFolder(stack, "ceph");
  const cluster = { id: crypto.randomUUID(), monitorPort: freePort(), gatewayPort: freePort(), disk };
  await Deno.writeTextFile(`${folder}/ceph.conf`, cephConfiguration(folder, cluster));
  for (const name of ["monitor", "store", "gateway", "run", "log"]) await Deno.mkdir(`${folder}/${name}`);
  const ceph = new Ceph(folder);

  stack.use(await startMonitor(ceph, cluster));
  stack.use(await startStore(ceph));
  const endpoint = `http://127.0.0.1:${cluster.gatewayPort}`;
  const gateway = stack.use(
    await ceph.start("radosgw", ["-n", "client.gateway"], () => answers(endpoint)),
  );
  await ceph.run("radosgw-admin", [
    ...["-n", "client.gateway", "user", "create", "--uid=test", "--display-name=Test"],
    ...[`--access-key=${CREDENTIALS.accessKeyId}`, `--secret=${CREDENTIALS.secretAccessKey}`],
  ]);
  const kept = stack.move();
  return { ...gateway, endpoint, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The monitor knows who belongs to the cluster; everybody else asks it first. */
async function startMonitor(
  ceph: Ceph,
  { id, monitorPort }: { id: string; monitorPort: number },
): Promise<ServiceProcess> {
  const map = `${ceph.folder}/monmap`;
  const address = `[v2:127.0.0.1:${monitorPort}/0]`;
  await ceph.run("monmaptool", ["--create", "--clobber", "--fsid", id, "--addv", "a", address, map]);
  await ceph.run("ceph-mon", ["-i", "a", "--mkfs", "--monmap", map]);
  return await ceph.start("ceph-mon", ["-i", "a"], () => ceph.succeeds("ceph", ["mon", "stat"]));
}

async function startStore(ceph: Ceph): Promise<ServiceProcess> {
  const id = crypto.randomUUID();
  await ceph.run("ceph", ["osd", "new", id]);
  await ceph.run("ceph-osd", ["-i", "0", "--mkfs", "--osd-uuid", id]);
  return await ceph.start("ceph-osd", ["-i", "0"], async () => {
    const state = await ceph.output("ceph", ["osd", "stat", "--format=json"]);
    return state !== undefined && JSON.parse(state).num_up_osds === 1;
  });
}

/** Runs Ceph's programs as the configuration in a folder says. */
class Ceph {
  constructor(readonly folder: string) {}

  /** Starts a daemon and waits until it is usable. */
  async start(name: ToolName, args: string[], ready: () => Promise<boolean>): Promise<ServiceProcess> {
    return await startProcess(name, {
      program: await tool(name),
      args: [...this.#common, ...args, "-f"], // "-f": stays in the foreground
      ready,
      deadline: DEADLINE_MS,
    });
  }

  /** @throws {Error} When it fails; the message holds what it said. */
  async run(name: ToolName, args: string[]): Promise<void> {
    const { success, stderr } = await this.#execute(name, args);
    if (!success) throw new Error(`Cannot run "${name} ${args.join(" ")}": ${stderr}`);
  }

  async succeeds(name: ToolName, args: string[]): Promise<boolean> {
    return (await this.#execute(name, args)).success;
  }

  /** Output of a command; undefined if it fails. */
  async output(name: ToolName, args: string[]): Promise<string | undefined> {
    const { success, stdout } = await this.#execute(name, args);
    return success ? stdout : undefined;
  }

  get #common(): string[] {
    return ["--conf", `${this.folder}/ceph.conf`];
  }

  async #execute(name: ToolName, args: string[]) {
    const command = new Deno.Command(await tool(name), {
      args: [...this.#common, ...args],
      stdin: "null",
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }
}
