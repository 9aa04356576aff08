import { freePort } from "../harness/ports.ts";
import { tool, type ToolName } from "../tools/tool.ts";
import { createCertificate, HOST_NAME } from "./certificate.ts";
import { ownFolder, type ServiceProcess, startProcess } from "./service_process.ts";

const CONFIGURATIONS = new URL("../../infra/balancers/", import.meta.url);

/** Name of a balancer with a configuration in `infra/balancers`. */
export type BalancerName = "haproxy" | "caddy" | "nginx" | "envoy";

/** A configuration in `infra/balancers`, and how it is started in a test. */
interface Kind {
  readonly file: string;
  readonly tool: ToolName;
  /** False if it offers HTTP/1.1 alone to clients. */
  readonly http2: boolean;
  /** The parts of the file with the addresses of the replicas, in order. */
  readonly replicas: readonly string[];
  /** The part with the address that it listens on, and that part for a port of the loopback interface. */
  readonly listen: readonly [published: string, own: (port: number) => string];
  /** Arguments that start it in the foreground with this file, which lies in this folder. */
  readonly args: (path: string, folder: string) => string[];
  /** Environment of the process, for what it would share with others of its kind. */
  readonly env?: (folder: string) => Record<string, string>;
}

const REPLICAS = ["10.0.0.11:8000", "10.0.0.12:8000", "10.0.0.13:8000"];

/** The part of a path of the certificate that all four files have in common, before its folder's name. */
const CERTIFICATE = /\/etc\/\w+\/registry\.example\.com\./g;

const KINDS: Record<BalancerName, Kind> = {
  haproxy: {
    file: "haproxy.cfg",
    tool: "haproxy",
    http2: false,
    replicas: REPLICAS,
    listen: ["bind :443 ", (port) => `bind 127.0.0.1:${port} `],
    args: (path) => ["-db", "-f", path], // "-db": stays in the foreground
  },
  caddy: {
    file: "Caddyfile",
    tool: "caddy",
    http2: true,
    replicas: REPLICAS,
    listen: ["registry.example.com:443 {", (port) => `${HOST_NAME}:${port} {\n\tbind 127.0.0.1`],
    args: (path) => ["run", "--config", path, "--adapter", "caddyfile"],
    env: (folder) => ({ CADDY_ADMIN: `unix/${folder}/admin`, HOME: folder, XDG_DATA_HOME: folder }),
  },
  nginx: {
    file: "nginx.conf",
    tool: "nginx",
    http2: true,
    replicas: REPLICAS,
    listen: ["listen 443 ", (port) => `listen 127.0.0.1:${port} `],
    args: (path, folder) => ["-c", path, "-g", `daemon off; pid ${folder}/pid;`, "-e", "stderr"],
  },
  envoy: {
    file: "envoy.yaml",
    tool: "envoy",
    http2: true,
    replicas: REPLICAS.map(envoyAddress),
    listen: [envoyAddress("0.0.0.0:443"), (port) => envoyAddress(`127.0.0.1:${port}`)],
    args: (path) => ["-c", path, "--disable-hot-restart", "--concurrency", "2"],
  },
};

/** A running balancer with TLS. */
export interface Balancer extends ServiceProcess {
  /** `host:port`. */
  readonly host: string;
  /** `https://host:port`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** True if it offers HTTP/2. */
  readonly http2: boolean;
  /** The certificate that clients trust, as PEM, and the path of its file. */
  readonly certificate: string;
  readonly certificatePath: string;
}

/** Changes to a configuration, for a test of its directives: each text by another one. */
export type Edits = Readonly<Record<string, string>>;

/**
 * Starts a balancer with its file of `infra/balancers` before these replicas (`http://host:port`), at most three. Only
 * the addresses and the certificate are replaced, and the texts of `edits`.
 *
 * @throws {Error} When the file lacks one of these, or the balancer does not come up.
 */
export async function startBalancer(
  name: BalancerName,
  replicas: readonly string[],
  edits: Edits = {},
): Promise<Balancer> {
  const kind = KINDS[name];
  const port = freePort();
  const program = await tool(kind.tool);
  await using stack = new AsyncDisposableStack();
  const folder = await ownFolder(stack, name);
  await Deno.chmod(folder, 0o755); // nginx reads the certificate as root, its workers do not
  const certificate = await createCertificate(`${folder}/registry`);
  const path = `${folder}/${kind.file}`;
  const published = await Deno.readTextFile(new URL(kind.file, CONFIGURATIONS));
  await Deno.writeTextFile(path, configure(published, kind, { port, replicas, folder, edits }));
  const process = stack.use(
    await startProcess(name, {
      program,
      args: kind.args(path, folder),
      cwd: folder,
      env: kind.env?.(folder) ?? {},
      ready: () => serves(port, certificate),
    }),
  );
  const kept = stack.move();
  const host = `${HOST_NAME}:${port}`;
  return {
    ...process,
    host,
    url: `https://${host}`,
    port,
    http2: kind.http2,
    certificate,
    certificatePath: `${folder}/registry.crt`,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface Place {
  readonly port: number;
  readonly replicas: readonly string[];
  readonly folder: string;
  readonly edits: Edits;
}

function configure(published: string, kind: Kind, { port, replicas, folder, edits }: Place): string {
  const [listen, own] = kind.listen;
  let text = replaceOnce(published, listen, own(port));
  for (const [index, address] of kind.replicas.entries()) {
    // With fewer replicas than in the file, the last ones are addresses without a listener.
    const host = replicas[index] === undefined ? `127.0.0.1:${freePort()}` : new URL(replicas[index]).host;
    if (!text.includes(address)) throw new Error(`Cannot find "${address}" in "${kind.file}"`);
    text = text.replaceAll(address, kind.tool === "envoy" ? envoyAddress(host) : host); // in nginx.conf it is there twice
  }
  for (const [from, to] of Object.entries(edits)) text = replaceOnce(text, from, to);
  const certified = text.replaceAll(CERTIFICATE, `${folder}/registry.`);
  if (certified === text) throw new Error(`Cannot find the certificate in "${kind.file}"`);
  return certified;
}

function replaceOnce(text: string, from: string, to: string): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`Cannot replace "${from}": it is there ${parts.length - 1} times`);
  return parts.join(to);
}

function envoyAddress(host: string): string {
  const [address, port] = host.split(":");
  return `address: ${address}, port_value: ${port} `;
}

/** True if a replica answers a liveness probe through the balancer. */
async function serves(port: number, certificate: string): Promise<boolean> {
  using client = Deno.createHttpClient({ caCerts: [certificate] });
  try {
    const signal = AbortSignal.timeout(1000);
    const response = await fetch(`https://${HOST_NAME}:${port}/livez`, { client, signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // no server listens yet
  }
}
