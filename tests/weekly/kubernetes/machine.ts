/**
 * Parts of this machine that a node of Kubernetes changes.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { outputOf } from "../../image/image.ts";

/** Prefix of the folder of a node. */
export const NODE_PREFIX = "node";

/** Kernel settings that kubelet and the network plugin write, seen from `/proc/sys`. */
export const KERNEL_SETTINGS = [
  "kernel/keys/root_maxbytes",
  "kernel/keys/root_maxkeys",
  "kernel/panic",
  "kernel/panic_on_oops",
  "net/ipv4/ip_forward",
  "vm/overcommit_memory",
  "vm/panic_on_oom",
] as const;

/** Folders that kubelet, containerd and the network plugin create outside their own ones. */
const FOLDERS = [
  "/etc/kubernetes",
  "/opt/cni",
  "/run/containerd",
  "/run/netns",
  "/usr/libexec/kubernetes",
  "/var/lib/cni",
  "/var/lib/containerd",
  "/var/lib/kubelet",
  "/var/log/containers",
  "/var/log/pods",
] as const;

/** Time for the kernel to end processes and remove network interfaces, in milliseconds. */
const SETTLE_DEADLINE_MS = 20_000;

/**
 * Checks that this machine can run a node, and that no node runs on it.
 *
 * @throws {Error} if it cannot.
 */
export async function checkMachine(): Promise<void> {
  if (Deno.uid() !== 0) throw new Error("Cannot start a node of Kubernetes: root is required");
  const controllers = new Set(await controllersOf(await hierarchies()));
  for (const name of ["cpu", "memory", "pids"]) {
    if (!controllers.has(name)) {
      throw new Error(`Cannot start a node of Kubernetes: no control group controller "${name}"`);
    }
  }
  const [group] = await controlGroups();
  if (group !== undefined) {
    throw new Error(
      `Cannot start a node of Kubernetes: "${group}" exists, of another kubelet or of a test that was killed`,
    );
  }
}

/** Removes the control groups of all pods, whose processes have been killed. */
export async function removeControlGroups(): Promise<void> {
  await settle(async () => {
    for (const group of await controlGroups()) await removeTree(group);
    return await controlGroups();
  });
}

/** State of everything that a node may change on this machine. */
export async function machineState(): Promise<Record<string, unknown>> {
  const settings = KERNEL_SETTINGS.map((name) => [name, Deno.readTextFileSync(`/proc/sys/${name}`).trim()]);
  return {
    settings: Object.fromEntries(settings),
    firewall: await firewall(),
    interfaces: (await namesIn("/sys/class/net")).sort(),
    controlGroups: await controlGroups(),
    mounts: (await mounts()).filter(({ path }) => path.includes(`/skerry-${NODE_PREFIX}-`)),
    processes: await processes(),
    folders: (await Promise.all(FOLDERS.map(exists))).map((found, index) => `${FOLDERS[index]}: ${found}`),
  };
}

/** Fails unless the machine is in this state again within some seconds. */
export async function assertMachineState(expected: Record<string, unknown>): Promise<void> {
  const before = new Set(expected.interfaces as string[]);
  // A network interface ends some time after the last process of its namespace.
  await settle(async () => (await namesIn("/sys/class/net")).filter((name) => !before.has(name)));
  assertEquals(await machineState(), expected);
}

async function settle(remaining: () => Promise<string[]>): Promise<void> {
  const deadline = Date.now() + SETTLE_DEADLINE_MS;
  while (true) {
    const left = await remaining();
    if (left.length === 0) return;
    assert(Date.now() < deadline, `Cannot clean up this machine: "${left.join('", "')}" remain`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function mounts(): Promise<{ path: string; type: string }[]> {
  const lines = (await Deno.readTextFile("/proc/self/mounts")).trimEnd().split("\n");
  return lines.map((line) => line.split(" ")).map(([, path, type]) => ({ path: path!, type: type! }));
}

/** Mount points of control groups: one of version 2, one for each controller of version 1, or both. */
async function hierarchies(): Promise<string[]> {
  return (await mounts()).filter(({ type }) => /^cgroup2?$/.test(type)).map(({ path }) => path);
}

async function controllersOf(paths: string[]): Promise<string[]> {
  const unified = paths.map((path) => Deno.readTextFile(`${path}/cgroup.controllers`).catch(() => ""));
  const found = (await Promise.all(unified)).flatMap((text) => text.trim().split(" "));
  return [...found, ...paths.flatMap((path) => path.split("/").at(-1)!.split(","))];
}

/** Control groups of pods: the top one in each hierarchy. */
async function controlGroups(): Promise<string[]> {
  const paths = (await hierarchies()).map((path) => `${path}/kubepods`);
  const found = await Promise.all(paths.map(exists));
  return paths.filter((_, index) => found[index]);
}

/** Removes a control group and those in it, as far as they have no process. */
async function removeTree(group: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(group)) {
    if (isDirectory) await removeTree(`${group}/${name}`);
  }
  // Deno.remove() reads the folder again, and its files cannot be removed.
  await new Deno.Command("rmdir", { args: [group], stdin: "null", stdout: "null", stderr: "null" }).output();
}

/** Chains and rules of iptables, without counters. Empty if iptables is not installed. */
async function firewall(): Promise<string[]> {
  const program = "/usr/sbin/iptables-save";
  if (!(await exists(program))) return [];
  const lines = (await outputOf(program, [])).split("\n").filter((line) => /^[-:*]/.test(line));
  return lines.map((line) => line.replace(/ \[\d+:\d+\]$/, ""));
}

/** Command lines of the processes of nodes. */
async function processes(): Promise<string[]> {
  const ids = (await namesIn("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => Deno.readTextFile(`/proc/${id}/cmdline`).catch(() => "")));
  return lines.filter((line) => line.includes(`/skerry-${NODE_PREFIX}-`));
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
