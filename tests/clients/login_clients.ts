/**
 * Every client that logs in, each as what it takes to push something small and to pull it.
 *
 * @module
 */
import { smallImage, writeArchive, writeLayout } from "../images/mod.ts";
import { startContainerd } from "./containerd.ts";
import { containersStorage } from "./containers_storage.ts";
import { loadIntoDocker, startDocker } from "./dockerd.ts";
import type { Outcome, Workbench } from "./workbench.ts";

/** A name and a password. */
export interface Credentials {
  username: string;
  password: string;
}

/** A client on a workbench. What it does may fail. */
export interface LoginClient {
  /** Keeps these credentials for the registry; most clients try them first. */
  login(credentials: Credentials): Promise<Outcome>;
  /** Forgets them. */
  logout(): Promise<Outcome>;
  /** Pushes something to the repository. */
  push(repository: string): Promise<Outcome>;
  /** Pulls what {@linkcode LoginClient.push} has pushed there. */
  pull(repository: string): Promise<Outcome>;
}

/** Makes a client ready; what it starts goes with `stack`. */
type Opener = (bench: Workbench, stack: AsyncDisposableStack) => Promise<LoginClient>;

const NO_TLS = "--tls-verify=false";
const PLAIN = "--plain-http";

/** An image in a layout of the workbench, for those that push one from there. */
async function layoutOf(bench: Workbench): Promise<string> {
  return await writeLayout(`${bench.folder}/layout`, await smallImage("login"), "v1");
}

/** Those that log in by `login --username NAME --password-stdin HOST`. */
function usualLogin(
  bench: Workbench,
  run: (args: string[], stdin?: string) => Promise<Outcome>,
  command: string[],
  options: string[],
): Pick<LoginClient, "login" | "logout"> {
  return {
    login: ({ username, password }) =>
      run(
        [...command, "login", ...options, "--username", username, "--password-stdin", bench.host],
        password,
      ),
    logout: () => run([...command, "logout", bench.host]),
  };
}

/** podman and buildah, which share all that they do here. */
function containersClient(name: "podman" | "buildah"): Opener {
  return async (bench) => {
    const authFile = `${bench.folder}/auth.json`;
    await Deno.writeTextFile(authFile, "{}"); // they want it to be there
    const env = { ...await containersStorage(bench, "storage"), REGISTRY_AUTH_FILE: authFile };
    const run = (args: string[], stdin?: string) => bench.outcome(name, args, { env, stdin });
    const pulled = await bench.run(name, ["pull", "-q", `oci:${await layoutOf(bench)}:v1`], { env });
    const id = pulled.trim();
    // Of podman, that is what it does without an option.
    const always = name === "podman" ? [] : ["--policy", "always"];
    return {
      ...usualLogin(bench, run, [], [NO_TLS]),
      push: (repository) => run(["push", NO_TLS, id, `docker://${bench.host}/${repository}:v1`]),
      pull: (repository) => run(["pull", NO_TLS, ...always, `${bench.host}/${repository}:v1`]),
    };
  };
}

/** All clients by their names. */
export const LOGIN_CLIENTS: Readonly<Record<string, Opener>> = {
  podman: containersClient("podman"),
  buildah: containersClient("buildah"),

  async skopeo(bench) {
    const layout = await layoutOf(bench);
    const env = { REGISTRY_AUTH_FILE: `${bench.folder}/auth.json` };
    const run = (args: string[], stdin?: string) => bench.outcome("skopeo", args, { env, stdin });
    const name = (repository: string) => `docker://${bench.host}/${repository}:v1`;
    return {
      ...usualLogin(bench, run, [], [NO_TLS]),
      push: (repository) => run(["copy", "--dest-tls-verify=false", `oci:${layout}:v1`, name(repository)]),
      pull: (repository) =>
        run([
          "copy",
          "--src-tls-verify=false",
          name(repository),
          `oci:${bench.folder}/${crypto.randomUUID()}:v1`,
        ]),
    };
  },

  async crane(bench) {
    const layout = await layoutOf(bench);
    const run = (args: string[], stdin?: string) => bench.outcome("crane", args, { stdin });
    return {
      ...usualLogin(bench, run, ["auth"], []),
      push: (repository) => run(["push", layout, `${bench.host}/${repository}:v1`]),
      pull: (repository) =>
        run([
          "pull",
          "--format",
          "oci",
          `${bench.host}/${repository}:v1`,
          `${bench.folder}/${crypto.randomUUID()}`,
        ]),
    };
  },

  async oras(bench) {
    await Deno.writeTextFile(`${bench.folder}/notes.txt`, "notes");
    const run = (args: string[], stdin?: string) => bench.outcome("oras", args, { stdin });
    const options = ["--no-tty", PLAIN];
    return {
      ...usualLogin(bench, run, [], [PLAIN]),
      push: (repository) => run(["push", ...options, `${bench.host}/${repository}:v1`, "notes.txt"]),
      pull: (repository) => run(["pull", ...options, "-o", "pulled", `${bench.host}/${repository}:v1`]),
    };
  },

  async regctl(bench) {
    const layout = await layoutOf(bench);
    await bench.run("regctl", ["registry", "set", bench.host, "--tls", "disabled", "--skip-check"]);
    const run = (args: string[], stdin?: string) => bench.outcome("regctl", args, { stdin });
    return {
      login: ({ username, password }) =>
        run(["registry", "login", bench.host, "--user", username, "--pass-stdin"], password),
      logout: () => run(["registry", "logout", bench.host]),
      push: (repository) => run(["image", "copy", `ocidir://${layout}:v1`, `${bench.host}/${repository}:v1`]),
      pull: (repository) =>
        run([
          "image",
          "copy",
          `${bench.host}/${repository}:v1`,
          `ocidir://${bench.folder}/${crypto.randomUUID()}:v1`,
        ]),
    };
  },

  async helm(bench) {
    const folder = `${bench.folder}/demo`;
    await Deno.mkdir(folder);
    await Deno.writeTextFile(`${folder}/Chart.yaml`, "apiVersion: v2\nname: demo\nversion: 1.2.3\n");
    await bench.run("helm", ["package", folder, "--destination", bench.folder]);
    const run = (args: string[], stdin?: string) => bench.outcome("helm", args, { stdin });
    const charts = (repository: string) => `oci://${bench.host}/${repository}`;
    return {
      ...usualLogin(bench, run, ["registry"], [PLAIN]),
      push: (repository) => run(["push", PLAIN, `${bench.folder}/demo-1.2.3.tgz`, charts(repository)]),
      async pull(repository) {
        const output = await Deno.makeTempDir({ dir: bench.folder });
        const version = ["--version", "1.2.3"];
        return await run(["pull", PLAIN, `${charts(repository)}/demo`, ...version, "--destination", output]);
      },
    };
  },

  /** Signs what crane has pushed, and verifies the signature. */
  async cosign(bench, stack) {
    const crane = await LOGIN_CLIENTS["crane"]!(bench, stack);
    const env = { COSIGN_PASSWORD: "skerry" };
    const run = (args: string[], stdin?: string) => bench.outcome("cosign", args, { env, stdin });
    await bench.run("cosign", ["generate-key-pair"], { env });
    await bench.run("cosign", ["signing-config", "create", "--out", "signing.json"]);
    await bench.run("cosign", ["trusted-root", "create", "--out", "root.json"]);
    const options = ["--trusted-root", "root.json", "--allow-http-registry"];
    const signing = ["--key", "cosign.key", "--signing-config", "signing.json", ...options, "--yes"];
    return {
      login: ({ username, password }) =>
        run(["login", bench.host, "-u", username, "--password-stdin"], password),
      logout: () => crane.logout(), // cosign has no such command, and keeps its credentials where crane does
      async push(repository) {
        const pushed = await crane.push(repository);
        return pushed.code === 0 ? await run(["sign", ...signing, `${bench.host}/${repository}:v1`]) : pushed;
      },
      pull: (repository) =>
        run([
          "verify",
          "--key",
          "cosign.pub",
          "--insecure-ignore-tlog",
          ...options,
          `${bench.host}/${repository}:v1`,
        ]),
    };
  },

  /** Keeps no credentials: they go with each command. */
  async ctr(bench, stack) {
    const containerd = stack.use(await startContainerd(bench));
    const archive = await writeArchive(
      `${bench.folder}/image.tar`,
      await smallImage("login"),
      "skerry.test/a:v1",
    );
    await containerd.ctr("images", "import", "--all-platforms", "--no-unpack", archive);
    let user: string[] = [];
    const done = { code: 0, stdout: "", stderr: "" };
    return {
      login({ username, password }) {
        user = ["--user", `${username}:${password}`];
        return Promise.resolve(done);
      },
      logout() {
        user = [];
        return Promise.resolve(done);
      },
      async push(repository) {
        const name = `${bench.host}/${repository}:v1`;
        await containerd.outcome("images", "tag", "--force", "skerry.test/a:v1", name);
        return await containerd.outcome("images", "push", PLAIN, ...user, name);
      },
      pull: (repository) =>
        containerd.outcome("content", "fetch", PLAIN, ...user, `${bench.host}/${repository}:v1`),
    };
  },

  async docker(bench, stack) {
    const { docker, outcome } = stack.use(await startDocker(bench));
    const run = (args: string[], stdin?: string) => outcome(args, { stdin });
    await loadIntoDocker(docker, bench, await smallImage("login"), "skerry.test/a:v1");
    return {
      ...usualLogin(bench, run, [], []),
      async push(repository) {
        const name = `${bench.host}/${repository}:v1`;
        await docker("tag", "skerry.test/a:v1", name);
        return await run(["push", name]);
      },
      pull: (repository) => run(["pull", `${bench.host}/${repository}:v1`]),
    };
  },
};
