/**
 * The container image, built from the Containerfile, and containers of it. No registry of base images has to be reachable:
 * one base is made of Debian's packages, the other one of the Deno that runs the tests.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { containersStorage } from "../clients/containers_storage.ts";
import type { Workbench } from "../clients/workbench.ts";
import { freePort } from "../harness/ports.ts";
import { startProcess } from "../services/service_process.ts";
import { tool } from "../tools/tool.ts";

/** Sources of the image. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** Packages of the base that the image and its build use: a shell, its tools, and the libraries of Deno. */
const BASE_PACKAGES = ["base-files", "base-passwd", "coreutils", "dash", "libgcc-s1"];

/** Limits and rights of a container: fewer than Kubernetes gives by its "restricted" profile. */
const CONFINED = [
  "--read-only",
  "--read-only-tmpfs=false",
  "--cap-drop=all",
  "--security-opt=no-new-privileges",
  "--ulimit=nofile=1024:1024",
  "--ulimit=nproc=1000:1000",
];

/** The runtime that also runs where the machine has the control groups of both versions. */
const RUNTIME = ["--runtime=runc", "--cgroupns=host"];

/** Environment of podman and buildah with a storage that has both base images. */
export async function openBaseImages(bench: Workbench): Promise<Record<string, string>> {
  const env = await containersStorage(bench, "images", "overlay");
  const text = await Deno.readTextFile(`${ROOT}Containerfile`);
  const [, suite] = /^ARG DEBIAN=docker\.io\/library\/debian:(\w+)-\d+-slim@sha256:[0-9a-f]{64}$/m.exec(
    text,
  )!;
  const [, deno] = /^ARG DENO=docker\.io\/denoland\/deno:bin-([\d.]+)@sha256:[0-9a-f]{64}$/m.exec(text)!;
  assertEquals(deno, Deno.version.deno, "the image has the Deno of the tests");

  const tar = `${bench.folder}/debian.tar`;
  await bench.run("mmdebstrap", [
    ...["--variant=extract", `--include=${BASE_PACKAGES.join(",")}`],
    ...["--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", suite!, tar],
  ]);
  await bench.run("podman", ["import", "--quiet", tar, "localhost/debian"], { env });
  const context = `${bench.folder}/deno`;
  await Deno.mkdir(context);
  await Deno.copyFile(Deno.execPath(), `${context}/deno`);
  await Deno.writeTextFile(`${context}/Containerfile`, "FROM scratch\nCOPY deno /deno\n");
  await bench.run("buildah", ["build", "--quiet", "--tag=localhost/deno", context], { env });
  return env;
}

/** Unmounts what is mounted in a folder when it is disposed of: buildah leaves mounts of stages behind. */
export function unmountedAtEnd(folder: string): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      const mounts = (await Deno.readTextFile("/proc/self/mounts")).split("\n").map((line) =>
        line.split(" ")[1]!
      );
      const inside = mounts.filter((path) => path?.startsWith(`${folder}/`));
      if (inside.length > 0) await outputOf("umount", inside.reverse());
    },
  };
}

/** Builds the image, and returns its digest. */
export async function buildImage(
  bench: Workbench,
  env: Record<string, string>,
  name: string,
  options: readonly string[] = [],
): Promise<string> {
  const { denoDir } = JSON.parse(await outputOf(Deno.execPath(), ["info", "--json"]));
  await bench.run("buildah", [
    ...["build", "--quiet", "--timestamp=0", `--tag=${name}`, `--volume=${denoDir}:/deno-dir`],
    ...[
      "--build-arg=DEBIAN=localhost/debian",
      "--build-arg=DENO=localhost/deno",
      "--build-arg=VERSION=1.2.3",
    ],
    ...options,
    ROOT,
  ], { env });
  return (await bench.run("podman", ["image", "inspect", "--format={{.Digest}}", name], { env })).trim();
}

/** A running container. Disposing of it ends it gracefully. */
export interface Container extends AsyncDisposable {
  readonly name: string;
  /** `host:port`. */
  readonly host: string;
  readonly url: string;
  /** All that it has printed so far. */
  log(): string;
  /** Sends a signal, and waits for the end. Returns the exit code. */
  kill(signal: "TERM" | "KILL"): Promise<number>;
}

/** Options of {@linkcode startContainer}. */
export interface ContainerOptions {
  /** Settings of the registry. */
  readonly env?: Readonly<Record<string, string>>;
  /** Folder of this machine for `/data`, which the user of the image can write. */
  readonly data?: string;
  /** By default a free one. */
  readonly port?: number;
}

/** Options of `podman run` for a container without any right that it does not need. */
export const RUN_OPTIONS: readonly string[] = [
  "--rm",
  "--network=host",
  "--pull=never",
  ...CONFINED,
  ...RUNTIME,
];

/** Starts a container without any right that it does not need, and waits until the registry is ready. */
export async function startContainer(
  env: Record<string, string>,
  image: string,
  { env: settings = {}, data, port = freePort() }: ContainerOptions = {},
): Promise<Container> {
  const name = `skerry-${port}-${crypto.randomUUID().slice(0, 8)}`;
  const url = `http://127.0.0.1:${port}`;
  const podman = await tool("podman");
  const process = await startProcess("the container", {
    program: podman,
    args: [
      ...["run", `--name=${name}`, ...RUN_OPTIONS],
      ...(data === undefined ? [] : [`--volume=${data}:/data`]),
      ...Object.entries({ PORT: `${port}`, ...settings }).map(([key, value]) => `--env=${key}=${value}`),
      image,
    ],
    env,
    ready: async () => {
      const response = await fetch(`${url}/readyz`).catch(() => undefined);
      await response?.body?.cancel();
      return response?.status === 200;
    },
  });
  return {
    name,
    host: `127.0.0.1:${port}`,
    url,
    log: process.log,
    async kill(signal) {
      await outputOf(podman, ["kill", `--signal=${signal}`, name], env);
      return (await process.status).code;
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

/** A folder for `/data` of a container, removed with the stack. */
export async function dataFolder(stack: AsyncDisposableStack): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-data-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.chown(folder, 65532, 65532);
  return folder;
}

/** Output of a program, which must succeed. */
export async function outputOf(
  program: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, env, stdin: "null" }).output();
  assert(success, `${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
