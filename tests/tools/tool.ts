/**
 * The outside programs that the whole-system tests drive, installed on first use.
 *
 * ```ts ignore
 * const skopeo = await tool("skopeo"); // an absolute path
 * await new Deno.Command(skopeo, { args: ["--version"] }).output();
 * ```
 *
 * Debian's packages come through `apt-get` (which needs root), Go's programs are built from the versions that a `go.mod`
 * pins (for most of them the one beside this file), what is in an npm package is unpacked from it, and Python's packages
 * get a virtual environment. A second use only looks whether the file is there. Whatever cannot be had throws: no test is skipped because its program is missing.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** Source of a program. */
type Source = DebianPackage | GoProgram | NpmFile | PythonProgram;

interface DebianPackage {
  readonly debian: string;
  /** Folder of the program if it is neither `/usr/sbin` nor `/usr/bin`. */
  readonly folder?: string;
}

interface GoProgram {
  /** The import path of the main package, or of the package whose test binary is wanted. */
  readonly go: string;
  /** The folder of the `go.mod` that pins it, seen from this file. */
  readonly module: string;
  /** The arguments that build it. */
  readonly build: readonly string[];
}

/** A file of an npm package, for what is no JavaScript: it is unpacked as it is, and none of its dependencies come along. */
interface NpmFile {
  /** `name@version`. */
  readonly npm: string;
  /** SHA-256 of the packed package. */
  readonly sha256: string;
  /** The file's path in the package. */
  readonly file: string;
}

/** A program of a Python package. */
interface PythonProgram {
  /** The file that pins the package and all that it needs, seen from this file. */
  readonly requirements: string;
}

function goTool(path: string): GoProgram {
  return { go: path, module: ".", build: ["build"] };
}

function kubernetesTool(path: string, module = "../infra/kubernetes"): GoProgram {
  return { go: path, module, build: ["build"] };
}

const CONFORMANCE = "github.com/opencontainers/distribution-spec/conformance";

const SOURCES = {
  bash: { debian: "bash" },
  buildah: { debian: "buildah" },
  busybox: { debian: "busybox-static" },
  ceph: { debian: "ceph-common" },
  "ceph-mon": { debian: "ceph-mon" },
  "ceph-osd": { debian: "ceph-osd" },
  chromium: { debian: "chromium" },
  containerd: { debian: "containerd" },
  ctr: { debian: "containerd" },
  docker: { debian: "docker.io" },
  "docker-registry": { debian: "docker-registry" },
  dockerd: { debian: "docker.io" },
  fish: { debian: "fish" },
  haproxy: { debian: "haproxy" },
  java: { debian: "default-jre-headless" },
  mmdebstrap: { debian: "mmdebstrap" },
  monmaptool: { debian: "ceph-base" },
  nginx: { debian: "nginx" },
  openssl: { debian: "openssl" },
  podman: { debian: "podman" },
  prometheus: { debian: "prometheus" },
  promtool: { debian: "prometheus" },
  ptp: { debian: "containernetworking-plugins", folder: "/usr/lib/cni" },
  radosgw: { debian: "radosgw" },
  "radosgw-admin": { debian: "ceph-common" },
  runc: { debian: "runc" },
  script: { debian: "bsdutils" },
  shellcheck: { debian: "shellcheck" },
  skopeo: { debian: "skopeo" },
  strace: { debian: "strace" },
  "systemd-analyze": { debian: "systemd" },
  "systemd-nspawn": { debian: "systemd-container" },
  varnishd: { debian: "varnish" },
  wrk: { debian: "wrk" },
  zsh: { debian: "zsh" },
  actionlint: {
    go: "github.com/rhysd/actionlint/cmd/actionlint",
    module: "../workflows/lint",
    build: ["build"],
  },
  compose: {
    go: "github.com/compose-spec/compose-go/v2/cmd",
    module: "../infra/compose",
    build: ["build"],
  },
  cosign: goTool("github.com/sigstore/cosign/v3/cmd/cosign"),
  crane: goTool("github.com/google/go-containerregistry/cmd/crane"),
  helm: goTool("helm.sh/helm/v3/cmd/helm"),
  oras: goTool("oras.land/oras/cmd/oras"),
  regctl: goTool("github.com/regclient/regclient/cmd/regctl"),
  notation: {
    go: "github.com/notaryproject/notation/cmd/notation",
    module: "notation",
    build: ["build"],
  },
  conformance: { go: CONFORMANCE, module: "../conformance/suite", build: ["build"] },
  versitygw: {
    go: "github.com/versity/versitygw/cmd/versitygw",
    module: "../services/versitygw",
    build: ["build"],
  },
  caddy: {
    go: "github.com/caddyserver/caddy/v2/cmd/caddy",
    module: "../services/caddy",
    build: ["build"],
  },
  zot: {
    go: "zotregistry.io/zot/cmd/zot",
    module: "../bench/compare/peers/zot",
    build: ["build", "-tags=containers_image_openpgp"],
  },
  distribution: {
    go: "github.com/distribution/distribution/v3/cmd/registry",
    module: "../bench/compare/peers/distribution",
    build: ["build"],
  },
  // A wheel with the server of the Envoy project, pinned by its hash.
  envoy: { requirements: "../services/envoy/requirements.txt" },
  etcd: kubernetesTool("go.etcd.io/etcd/server/v3", "../weekly/kubernetes"),
  "kube-apiserver": kubernetesTool("k8s.io/kubernetes/cmd/kube-apiserver", "../weekly/kubernetes"),
  "kube-controller-manager": kubernetesTool(
    "k8s.io/kubernetes/cmd/kube-controller-manager",
    "../weekly/kubernetes",
  ),
  "kube-scheduler": kubernetesTool("k8s.io/kubernetes/cmd/kube-scheduler", "../weekly/kubernetes"),
  kubelet: kubernetesTool("k8s.io/kubernetes/cmd/kubelet", "../weekly/kubernetes"),
  kubeconform: kubernetesTool("github.com/yannh/kubeconform/cmd/kubeconform"),
  "kube-score": kubernetesTool("github.com/zegl/kube-score/cmd/kube-score"),
  kustomize: kubernetesTool("sigs.k8s.io/kustomize/kustomize/v5"),
  "cfn-lint": { requirements: "../infra/lint/requirements.txt" },
  // Only for the schemas of Kubernetes that its package has.
  "kubernetes-validate": { requirements: "../infra/kubernetes/requirements.txt" },
  conformance_old: { go: CONFORMANCE, module: "../conformance/old", build: ["test", "-c"] },
  // Amazon's licence permits everyone to use the program but not to distribute it, so it is fetched and never kept here.
  dynamodb_local: {
    npm: "amplify-dynamodb-simulator@2.9.30",
    sha256: "3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9",
    file: "emulator/DynamoDBLocal.jar",
  },
} satisfies Record<string, Source>;

/** A program that {@linkcode tool} can install. */
export type ToolName = keyof typeof SOURCES;

/** Programs that only a benchmark or a weekly test starts. Most take minutes to build. */
const SELDOM: ReadonlySet<string> = new Set(
  [
    "busybox",
    "caddy",
    "distribution",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "ptp",
    "runc",
    "zot",
  ] satisfies ToolName[],
);

/** Programs that the tests of `test:all` start. */
export const TOOL_NAMES = (Object.keys(SOURCES) as ToolName[]).filter((name) => !SELDOM.has(name));

/** True if `name` is a program that {@linkcode tool} can install. */
export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(SOURCES, name);
}

/** The git-ignored folder for what the tests leave behind. */
const WORK = fileURLToPath(new URL("../.work", import.meta.url));

/**
 * The absolute path of a program, which is installed first where it is missing.
 *
 * @throws {Error} When it cannot be installed.
 */
export async function tool(name: ToolName): Promise<string> {
  await installTools([name]);
  return await pathOf(SOURCES[name], name);
}

/**
 * Installs what is missing of several programs, in one run of `apt-get`.
 *
 * @throws {Error} When one of them cannot be installed.
 */
export async function installTools(names: readonly ToolName[]): Promise<void> {
  await Deno.mkdir(WORK, { recursive: true });
  // Test files run in processes of their own; one of them installs and the others wait.
  using lock = await Deno.open(`${WORK}/tools.lock`, { create: true, write: true });
  await lock.lock(true);

  const packages = new Set<string>();
  const programs: { name: string; source: GoProgram; path: string }[] = [];
  const files: NpmFile[] = [];
  const environments: PythonProgram[] = [];
  for (const name of names) {
    const source: Source = SOURCES[name];
    const path = await pathOf(source, name);
    if (await exists(path)) continue;
    if ("debian" in source) packages.add(source.debian);
    else if ("npm" in source) files.push(source);
    else if ("requirements" in source) environments.push(source);
    else programs.push({ name, source, path });
  }
  if (environments.length > 0) packages.add("python3-venv");
  if (packages.size > 0) await installPackages([...packages]);
  for (const { name, source, path } of programs) await buildProgram(name, source, path);
  for (const file of files) await unpack(file);
  for (const environment of environments) await createEnvironment(environment);
  for (const name of names) {
    const path = await pathOf(SOURCES[name], name);
    if (!(await exists(path))) {
      throw new Error(`Cannot find "${name}" after its installation: "${path}" is missing`);
    }
  }
}

/**
 * Path of the program once it is installed; the path of Go's and Python's programs depends on their pins, so new pins
 * install again.
 */
async function pathOf(source: Source, name: string): Promise<string> {
  if ("debian" in source) {
    if (source.folder !== undefined) return `${source.folder}/${name}`;
    const inSbin = `/usr/sbin/${name}`;
    return await exists(inSbin) ? inSbin : `/usr/bin/${name}`;
  }
  if ("npm" in source) return `${folderOfPackage(source)}/${source.file}`;
  if ("requirements" in source) return `${await folderOfEnvironment(source)}/bin/${name}`;
  const pins = ["go.mod", "go.sum"].map((file) => `${folderOf(source)}/${file}`);
  return `${WORK}/bin/${await hashOf(pins)}/${name}`;
}

/** A short hash of files that pin versions. */
async function hashOf(paths: readonly string[]): Promise<string> {
  const pins = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pins.join("\n")));
  return new Uint8Array(digest).toHex().slice(0, 12);
}

function folderOf(source: GoProgram): string {
  return `${import.meta.dirname}/${source.module}`;
}

async function installPackages(packages: readonly string[]): Promise<void> {
  console.error(`Installing Debian packages: ${packages.join(" ")}`);
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" } };
  await run("apt-get", ["update", "-q"], options);
  await run("apt-get", ["install", "-q", "-y", "--no-install-recommends", ...packages], options);
}

async function buildProgram(name: string, source: GoProgram, path: string): Promise<void> {
  console.error(`Building ${name}`);
  const partial = `${path}.partial`; // a build that dies must not leave something that looks installed
  const args = [...source.build, "-buildvcs=false", "-o", partial, source.go];
  await run("go", args, { cwd: folderOf(source) });
  await Deno.rename(partial, path);
}

function folderOfPackage({ npm }: NpmFile): string {
  return `${WORK}/npm/${npm}`;
}

async function unpack(file: NpmFile): Promise<void> {
  const { npm, sha256 } = file;
  console.error(`Unpacking ${npm}`);
  const folder = folderOfPackage(file);
  const partial = `${folder}.partial`;
  await Deno.mkdir(partial, { recursive: true });
  const packed = `${partial}/${npm.replace("@", "-")}.tgz`;
  await run("npm", ["pack", "--silent", "--ignore-scripts", npm], { cwd: partial });
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(packed));
  const found = new Uint8Array(digest).toHex();
  if (found !== sha256) throw new Error(`Cannot use ${npm}: its SHA-256 is ${found} instead of ${sha256}`);
  await run("tar", ["--extract", "--gzip", "--strip-components=1", `--file=${packed}`], { cwd: partial });
  await Deno.remove(packed);
  await Deno.rename(partial, folder);
}

function requirementsOf({ requirements }: PythonProgram): string {
  return `${import.meta.dirname}/${requirements}`;
}

async function folderOfEnvironment(source: PythonProgram): Promise<string> {
  return `${WORK}/python/${await hashOf([requirementsOf(source)])}`;
}

/** Creates a virtual environment. pip installs a package after those that it needs, so the program comes last. */
async function createEnvironment(source: PythonProgram): Promise<void> {
  const folder = await folderOfEnvironment(source);
  console.error(`Installing Python packages of ${source.requirements}`);
  await run("/usr/bin/python3", ["-m", "venv", "--clear", folder], {});
  const options = ["--quiet", "--no-deps", "--only-binary=:all:"]; // a wheel runs no code when it is installed
  await run(`${folder}/bin/pip`, ["install", ...options, "-r", requirementsOf(source)], {});
}

async function run(program: string, args: string[], options: Deno.CommandOptions): Promise<void> {
  const command = new Deno.Command(program, {
    ...options,
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  if (success) return;
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  throw new Error(`Cannot run "${program} ${args.join(" ")}":\n${output.slice(-4000)}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
