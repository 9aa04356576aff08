import { type Image, writeLayout } from "../images/mod.ts";
import { installTools } from "../tools/tool.ts";
import { startDaemon } from "./daemon.ts";
import { openWorkbench, type Outcome, type RunOptions, type Workbench } from "./workbench.ts";

/** A docker daemon in a folder of its own and the command line to drive it. */
export interface Docker extends AsyncDisposable {
  /** Runs `docker`, which must succeed. */
  docker(...args: string[]): Promise<string>;
  /** Runs `docker`, which may fail. */
  outcome(args: string[], options?: RunOptions): Promise<Outcome>;
}

/** Starts the daemon with what works on any machine: no network of its own, `vfs`, sockets and data in the workbench. */
export async function startDocker(bench: Workbench): Promise<Docker> {
  const folder = `${bench.folder}/docker`;
  await Deno.mkdir(folder);
  const socket = `unix://${folder}/d.sock`;
  const files = ["--data-root", `${folder}/data`, "--exec-root", `${folder}/exec`, "-p", `${folder}/pid`];
  const network = [
    "--bridge=none",
    "--iptables=false",
    "--ip6tables=false",
    "--ip-forward=false",
    "--ip-masq=false",
  ];
  const daemon = await startDaemon(
    bench,
    "dockerd",
    ["-H", socket, ...files, ...network, "--storage-driver=vfs"],
    async () => (await bench.outcome("docker", ["-H", socket, "version"])).code === 0,
  );
  return {
    docker: (...args) => bench.run("docker", ["-H", socket, ...args]),
    outcome: (args, options) => bench.outcome("docker", ["-H", socket, ...args], options),
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

/** Last line of a daemon that cannot start on this machine; `undefined` if it can. */
export async function reasonAgainstDocker(): Promise<string | undefined> {
  await using bench = await openWorkbench();
  await installTools(["dockerd", "docker"]); // a package that is missing is no reason, but a failure
  try {
    await using _daemon = await startDocker(bench);
  } catch (error) {
    const { message } = error as Error;
    console.error(`The docker daemon cannot start here, so its tests are ignored.\n${message}`);
    return message.trimEnd().split("\n").at(-1)!;
  }
}

/** Hands an image to docker as its own kind of archive and names it. */
export async function loadIntoDocker(
  docker: Docker["docker"],
  bench: Workbench,
  image: Image,
  name: string,
): Promise<void> {
  const folder = `${bench.folder}/load-${image.root.digest.slice(7, 19)}`;
  const layout = await writeLayout(`${folder}/layout`, image, "v1");
  const archive = `${folder}/image.tar`;
  await bench.run("skopeo", ["copy", `oci:${layout}:v1`, `docker-archive:${archive}:${name}`]);
  await docker("load", "-i", archive);
}
