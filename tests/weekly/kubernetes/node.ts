/**
 * A node of Kubernetes on this machine: containerd and a kubelet.
 *
 * Both run in namespaces of their own. Their processes, mounts and network interfaces end with the first process,
 * and kernel settings that they write are files of the node. So the machine is the same after a node as before it.
 *
 * @module
 */
import { dirname } from "node:path";
import { ownFolder, startProcess } from "../../services/service_process.ts";
import { installTools, tool } from "../../tools/tool.ts";
import { type ApiServer, NODE_NAME } from "./api_server.ts";
import { KERNEL_SETTINGS, NODE_PREFIX, removeControlGroups } from "./machine.ts";

/** A running node. Disposing of it kills its pods. */
export interface Node extends AsyncDisposable {
  /** Output of the first container of a pod. */
  logOf(namespace: string, pod: string): Promise<string>;
  /** Lets containerd pull the images of a registry host from another address. */
  useMirror(host: string, url: string): Promise<void>;
}

/** Program that kubelet runs to get credentials for images. */
export interface CredentialProvider {
  /** Path of the program. */
  program: string;
  /** Its entry in the configuration of kubelet, without the name. */
  config: Record<string, unknown>;
}

/** Options of {@linkcode startNode}. */
export interface NodeOptions {
  /** Provider of credentials; without it kubelet pulls anonymously. */
  credentialProvider?: CredentialProvider;
}

/** Name of the provider in the folder of kubelet's providers. */
const PROVIDER_NAME = "skerry";

/**
 * Starts a node, and waits until it is ready for pods. Its pods get addresses that this machine can reach.
 *
 * @param sandboxImage Image that keeps the namespaces of a pod; its entrypoint waits.
 * @throws {Error} if it does not become ready.
 */
export async function startNode(
  server: ApiServer,
  sandboxImage: string,
  { credentialProvider }: NodeOptions = {},
): Promise<Node> {
  await installTools(["containerd", "kubelet", "ptp", "runc"]);
  await using stack = new AsyncDisposableStack();
  const folder = await ownFolder(stack, NODE_PREFIX);
  for (const name of ["certs.d", "cni", "lib", "log", "plugins", "providers"]) {
    await Deno.mkdir(`${folder}/${name}`);
  }
  await Deno.writeTextFile(`${folder}/containerd.toml`, await containerdConfig(folder, sandboxImage));
  await Deno.writeTextFile(`${folder}/kubelet.yaml`, JSON.stringify(kubeletConfig(folder)));
  await Deno.writeTextFile(`${folder}/cni/node.conflist`, JSON.stringify(networkConfig(folder)));
  const providers = credentialProvider === undefined ? [] : [await addProvider(folder, credentialProvider)];
  for (const name of KERNEL_SETTINGS) {
    await Deno.mkdir(dirname(`${folder}/sys/${name}`), { recursive: true });
    await Deno.copyFile(`/proc/sys/${name}`, `${folder}/sys/${name}`);
  }

  stack.defer(removeControlGroups);
  const process = await startProcess("a node of Kubernetes", {
    program: "/usr/bin/setpriv",
    args: [
      ...["--pdeathsig=KILL", "/usr/bin/unshare"], // the node also ends when this process is killed
      ...["--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"],
      ...[
        "--",
        "/bin/sh",
        "-c",
        await script(folder, [`--kubeconfig=${server.nodeKubeconfig}`, ...providers.flat()]),
      ],
    ],
    env: { PATH: "/usr/bin:/bin" }, // without iptables, so kubelet adds no chains
    ready: () => isReady(server),
  });
  stack.use(process);
  stack.defer(() => Deno.kill(process.pid, "SIGKILL")); // unshare ignores SIGTERM
  const kept = stack.move();

  return {
    async logOf(namespace, pod) {
      for await (const { name } of Deno.readDir(`${folder}/pods`)) {
        if (name.startsWith(`${namespace}_${pod}_`)) return await readLog(`${folder}/pods/${name}`);
      }
      throw new Error(`Cannot read the log of pod "${pod}": it has none`);
    },
    async useMirror(host, url) {
      await Deno.mkdir(`${folder}/certs.d/${host}`, { recursive: true });
      const text = `[host."${url}"]\ncapabilities = ["pull", "resolve"]\n`;
      await Deno.writeTextFile(`${folder}/certs.d/${host}/hosts.toml`, text);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Gives kubelet a provider of credentials; returns the options that turn it on. */
async function addProvider(folder: string, { program, config }: CredentialProvider): Promise<string[]> {
  await Deno.symlink(program, `${folder}/providers/${PROVIDER_NAME}`);
  const path = `${folder}/providers.yaml`;
  const providers = [{ name: PROVIDER_NAME, ...config }];
  const document = { apiVersion: "kubelet.config.k8s.io/v1", kind: "CredentialProviderConfig", providers };
  await Deno.writeTextFile(path, JSON.stringify(document));
  return [
    `--image-credential-provider-config=${path}`,
    `--image-credential-provider-bin-dir=${folder}/providers`,
  ];
}

/** First process of the node. Files and folders of the node cover kernel settings and folders of the machine. */
async function script(folder: string, kubeletOptions: string[]): Promise<string> {
  const options = [
    ...kubeletOptions,
    ...[`--config=${folder}/kubelet.yaml`, `--hostname-override=${NODE_NAME}`],
    ...[`--root-dir=${folder}/kubelet`, `--cert-dir=${folder}/pki`],
  ];
  return [
    "set -e",
    ...KERNEL_SETTINGS.map((name) => `mount --bind ${folder}/sys/${name} /proc/sys/${name}`),
    "mount -t tmpfs tmpfs /run",
    ...["lib", "log"].map((name) => `mount --bind ${folder}/${name} /var/${name}`),
    `${await tool("containerd")} --config ${folder}/containerd.toml &`,
    `${await tool("kubelet")} ${options.join(" ")} &`,
    "wait $!", // the node ends with kubelet
  ].join("\n");
}

async function containerdConfig(folder: string, sandboxImage: string): Promise<string> {
  return `
version = 2
root = "${folder}/root"
state = "${folder}/state"
[grpc]
address = "${folder}/c.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${sandboxImage}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${dirname(await tool("ptp"))}"
conf_dir = "${folder}/cni"
[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "${folder}/certs.d"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native" # works on any file system
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "${await tool("runc")}"
`;
}

function kubeletConfig(folder: string) {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${folder}/c.sock`,
    cgroupDriver: "cgroupfs",
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    // The disk of this machine may be almost full.
    evictionHard: { "memory.available": "1%" },
    imageGCHighThresholdPercent: 100,
    enableServer: false,
    healthzPort: 0,
    podLogsDir: `${folder}/pods`,
    volumePluginDir: `${folder}/plugins`,
  };
}

/** One link for each pod, which ends with the pod: neither a bridge nor address translation. */
function networkConfig(folder: string) {
  const ipam = { type: "host-local", subnet: "10.213.47.0/24", dataDir: `${folder}/addresses` };
  return { cniVersion: "0.4.0", name: "node", plugins: [{ type: "ptp", ipMasq: false, ipam }] };
}

async function isReady(server: ApiServer): Promise<boolean> {
  const { body } = await server.request("GET", `/api/v1/nodes/${NODE_NAME}`);
  const conditions: { type: string; status: string }[] = body.status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

/** Text of a container, whose lines have a time, a stream and a mark before it. */
async function readLog(folder: string): Promise<string> {
  for await (const { name } of Deno.readDir(folder)) {
    const lines = (await Deno.readTextFile(`${folder}/${name}/0.log`)).trimEnd().split("\n");
    return lines.map((line) => line.split(" ").slice(3).join(" ")).join("\n");
  }
  throw new Error(`Cannot read "${folder}": no container has started`);
}
