/**
 * The Helm chart of `infra/helm/skerry`, rendered by Helm.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { tool } from "../../tools/tool.ts";

/** Folder of the chart. */
export const CHART = fileURLToPath(new URL("../../../infra/helm/skerry", import.meta.url));

/** Values files of the chart, which are also its examples. */
export const EXAMPLES = ["aws", "bare-metal", "folder"] as const;

/** Earliest version of Kubernetes that the chart supports, and the latest one that the tests know. */
export const VERSIONS = ["1.30.0", "1.37.0"] as const;

/** A variable of a container. */
export interface Variable {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef: { name: string; key: string } };
}

/** A container, as far as the tests read it. */
export interface Container {
  name: string;
  image: string;
  args?: string[];
  env?: Variable[];
  envFrom: { configMapRef: { name: string } }[];
  ports?: { name: string; containerPort: number }[];
  volumeMounts: { name: string; mountPath: string }[];
  lifecycle?: { preStop: { sleep: { seconds: number } } };
  startupProbe?: Probe;
  readinessProbe?: Probe;
  livenessProbe?: Probe;
}

/** An HTTP probe. */
export interface Probe {
  httpGet: { path: string; port: string };
  periodSeconds: number;
  timeoutSeconds: number;
  failureThreshold: number;
}

/** The specification of a pod. */
export interface PodSpec {
  containers: Container[];
  terminationGracePeriodSeconds?: number;
  volumes: { name: string; [source: string]: unknown }[];
}

/** A rendered resource. */
export interface Resource {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  // deno-lint-ignore no-explicit-any -- Specifications are as different as the resources.
  spec?: any;
  data?: Record<string, string>;
}

/** Result of a program. */
export interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, two minutes at most. */
export async function run(program: string, args: readonly string[], input = ""): Promise<Output> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(120_000),
  }).spawn();
  const [output] = await Promise.all([child.output(), new Blob([input]).stream().pipeTo(child.stdin)]);
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

/** Options of `helm` for a values file, and more values as `--set` takes them. */
export function valuesOf(example: string, ...set: string[]): string[] {
  return ["--values", `${CHART}/ci/${example}-values.yaml`, ...set.flatMap((value) => ["--set", value])];
}

/** Runs `helm template`. Helm built by tool.ts does not know a version of Kubernetes, so it is given one. */
export async function template(values: readonly string[], version = "1.30.0"): Promise<Output> {
  const helm = await tool("helm");
  const options = ["--kube-version", version, "--namespace", "registry", ...values];
  return await run(helm, ["template", "skerry", CHART, ...options]);
}

/**
 * The manifests of a values file.
 *
 * @throws {Error} if Helm refuses them.
 */
export async function render(values: readonly string[], version?: string): Promise<string> {
  const { code, stdout, stderr } = await template(values, version);
  if (code !== 0) throw new Error(`Cannot render ${values.join(" ")}:\n${stderr}`);
  return stdout;
}

/** The resources of manifests. */
export function resourcesOf(manifests: string): Resource[] {
  return parseAllDocuments(manifests).map((document) => document.toJS()).filter((found) => found !== null);
}

/** The pods that a resource creates. */
export function podOf({ kind, spec }: Resource): PodSpec | undefined {
  if (kind === "Deployment" || kind === "Job") return spec.template.spec;
  if (kind === "CronJob") return spec.jobTemplate.spec.template.spec;
  return undefined;
}

/** The resource of a kind with this name; the only one of the kind without a name. */
export function resource(resources: readonly Resource[], kind: string, name?: string): Resource {
  const found = resources.filter((one) =>
    one.kind === kind && (name ?? one.metadata.name) === one.metadata.name
  );
  if (found.length !== 1) throw new Error(`Expected one ${kind} ${name ?? ""}, got ${found.length}`);
  return found[0]!;
}

/** A YAML or JSON file of the chart. */
export async function readChartFile<T>(path: string): Promise<T> {
  return parse(await Deno.readTextFile(`${CHART}/${path}`));
}
