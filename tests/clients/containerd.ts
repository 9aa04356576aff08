import { startDaemon } from "./daemon.ts";
import type { Outcome, Workbench } from "./workbench.ts";

/** containerd in a folder of its own and `ctr` to drive it. */
export interface Containerd extends AsyncDisposable {
  /** Runs `ctr`, which must succeed. */
  ctr(...args: string[]): Promise<string>;
  /** Runs `ctr`, which may fail. */
  outcome(...args: string[]): Promise<Outcome>;
}

/** Starts containerd on files of the workbench; `native` snapshots work on any file system. */
export async function startContainerd(bench: Workbench): Promise<Containerd> {
  const folder = `${bench.folder}/containerd`;
  await Deno.mkdir(folder);
  const config = `${folder}/config.toml`;
  await Deno.writeTextFile(
    config,
    `
version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${folder}/c.sock"
`,
  );
  const address = ["--address", `${folder}/c.sock`];
  const daemon = await startDaemon(
    bench,
    "containerd",
    ["--config", config],
    async () => (await bench.outcome("ctr", [...address, "version"])).code === 0,
  );
  return {
    ctr: (...args) => bench.run("ctr", [...address, ...args]),
    outcome: (...args) => bench.outcome("ctr", [...address, ...args]),
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}
