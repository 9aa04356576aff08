/**
 * A real API server of Kubernetes with its etcd, on the loopback interface.
 *
 * @module
 */
import { freePort } from "../../harness/ports.ts";
import { ownFolder, startProcess } from "../../services/service_process.ts";
import { tool } from "../../tools/tool.ts";
import type { Resource } from "../../infra/kubernetes/chart.ts";

/** An answer of the API server. */
export interface ApiAnswer {
  status: number;
  /** Warnings of the server, such as of deprecated fields. */
  warnings: string[];
  /** The object, or the reason of a refusal. */
  // deno-lint-ignore no-explicit-any -- Objects are as different as their kinds.
  body: any;
}

/** A running API server. */
export interface ApiServer extends AsyncDisposable {
  /** Address, without a slash at the end. */
  readonly url: string;
  /** File with the certificates that clients trust. */
  readonly certificate: string;
  /** File with the address and the credentials of an administrator, for other parts of the cluster. */
  readonly kubeconfig: string;
  /** The same with the credentials of the node, which has only the rights of a node. */
  readonly nodeKubeconfig: string;
  /** Sends a request with the rights of an administrator. */
  request(method: string, path: string, body?: unknown, type?: string): Promise<ApiAnswer>;
  /** Applies a resource in a namespace by server-side apply, which refuses unknown fields. */
  apply(namespace: string, resource: Resource, options?: { dryRun: boolean }): Promise<ApiAnswer>;
}

const TOKEN = "administrator-of-a-test";
const NODE_TOKEN = "node-of-a-test";

/** Name of the node that the API server knows. */
export const NODE_NAME = "node";

/** Starts etcd and an API server. No controller is started, so nothing reacts to objects. */
export async function startApiServer(): Promise<ApiServer> {
  await using stack = new AsyncDisposableStack();
  const folder = await ownFolder(stack, "kubernetes");
  const etcdUrl = await startEtcd(stack, `${folder}/etcd`);
  const port = freePort();
  const url = `https://127.0.0.1:${port}`;
  const key = `${folder}/service-accounts.pem`;
  await writeKey(key);
  await Deno.writeTextFile(
    `${folder}/tokens.csv`,
    `${TOKEN},administrator,1,"system:masters"\n${NODE_TOKEN},system:node:${NODE_NAME},2,"system:nodes"\n`,
  );

  let client: Deno.HttpClient | undefined;
  async function send(method: string, path: string, body?: BodyInit, type?: string): Promise<Response> {
    client ??= Deno.createHttpClient({ caCerts: certificatesOf(`${folder}/apiserver.crt`) });
    return await fetch(url + path, {
      method,
      client,
      headers: { Authorization: `Bearer ${TOKEN}`, ...(type && { "Content-Type": type }) },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(60_000),
    });
  }
  stack.defer(() => client?.close());
  stack.use(
    await startProcess("kube-apiserver", {
      program: await tool("kube-apiserver"),
      args: [
        ...[`--etcd-servers=${etcdUrl}`, "--bind-address=127.0.0.1", `--secure-port=${port}`],
        ...[`--cert-dir=${folder}`, `--token-auth-file=${folder}/tokens.csv`],
        ...["--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"],
        ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
        ...[
          "--service-account-issuer=https://kubernetes.default.svc",
          "--service-cluster-ip-range=10.0.0.0/24",
        ],
      ],
      ready: async () => {
        const response = await send("GET", "/readyz").catch(() => undefined);
        await response?.body?.cancel();
        return response?.status === 200;
      },
    }),
  );
  const certificate = `${folder}/apiserver.crt`;
  const kubeconfig = `${folder}/kubeconfig`;
  await Deno.writeTextFile(kubeconfig, JSON.stringify(kubeconfigOf(url, certificate, TOKEN)));
  const nodeKubeconfig = `${folder}/node-kubeconfig`;
  await Deno.writeTextFile(nodeKubeconfig, JSON.stringify(kubeconfigOf(url, certificate, NODE_TOKEN)));
  const kept = stack.move();

  async function request(method: string, path: string, body?: unknown, type = "application/json") {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const response = await send(method, path, text, type);
    const warnings = response.headers.get("Warning");
    return {
      status: response.status,
      warnings: warnings === null ? [] : [warnings],
      // A path that the server does not know yet is answered with plain text.
      body: isJson(response) ? await response.json() : await response.text(),
    };
  }

  const lists = new Map<string, { kind: string; name: string }[]>();
  async function pathOf(namespace: string, { apiVersion, kind }: Resource): Promise<string> {
    const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    if (!lists.has(group)) lists.set(group, (await request("GET", group)).body.resources);
    const found = lists.get(group)!.find((one) => one.kind === kind && !one.name.includes("/"));
    if (found === undefined) throw new Error(`The API server has no ${kind} of ${apiVersion}`);
    return `${group}/namespaces/${namespace}/${found.name}`;
  }

  return {
    url,
    certificate,
    kubeconfig,
    nodeKubeconfig,
    request,
    async apply(namespace, resource, { dryRun } = { dryRun: false }) {
      const path = `${await pathOf(namespace, resource)}/${resource.metadata.name}`;
      const query = `fieldManager=helm&fieldValidation=Strict${dryRun ? "&dryRun=All" : ""}`;
      return await request("PATCH", `${path}?${query}`, resource, "application/apply-patch+yaml");
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function isJson({ headers }: Response): boolean {
  return headers.get("Content-Type")?.includes("json") ?? false;
}

/** Content of a kubeconfig file. YAML, of which JSON is a part. */
function kubeconfigOf(server: string, authority: string, token: string) {
  const name = "test";
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority": authority } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
}

async function startEtcd(stack: AsyncDisposableStack, folder: string): Promise<string> {
  const [client, peer] = [freePort(), freePort()].map((port) => `http://127.0.0.1:${port}`);
  stack.use(
    await startProcess("etcd", {
      program: await tool("etcd"),
      args: [
        ...[`--data-dir=${folder}`, `--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
        ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`],
        `--initial-cluster=default=${peer}`,
      ],
      ready: async () => {
        const response = await fetch(`${client}/health`).catch(() => undefined);
        await response?.body?.cancel();
        return response?.status === 200;
      },
    }),
  );
  return client!;
}

/** Writes the key that signs the tokens of service accounts. */
async function writeKey(path: string): Promise<void> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048 };
  const parameters = { ...algorithm, publicExponent: new Uint8Array([1, 0, 1]) };
  const { privateKey } = await crypto.subtle.generateKey(parameters, true, ["sign", "verify"]);
  const bytes = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  const lines = bytes.toBase64().match(/.{1,64}/g)!.join("\n");
  await Deno.writeTextFile(path, `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`);
}

/** The certificates of a file: that of the server, and that of the authority that the server made for it. */
function certificatesOf(path: string): string[] {
  return Deno.readTextFileSync(path).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g)!;
}
