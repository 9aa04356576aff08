/**
 * Writes the kustomize base and its components from the Helm chart: `deno task kustomize`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Document, parseAllDocuments, stringify } from "yaml";
import { render, run } from "./chart.ts";

/** Folder of the base, the components and the examples. */
export const KUSTOMIZE = fileURLToPath(new URL("../../../infra/kustomize", import.meta.url));

/** Folders that are generated as a whole. */
export const GENERATED = ["base", "components"] as const;

const NOTICE = "# Written by `deno task kustomize` from infra/helm/skerry: change it there.\n";

/** Configuration file of the base: authentication is on, and only administrators may do anything. */
const CONFIG = {
  auth: {
    url: "https://registry.example.com",
    htpasswd: "/etc/skerry/secrets/htpasswd",
    administrators: ["user:root"],
  },
};

/** A component: what the chart creates in addition with these values. */
interface Component {
  name: string;
  set: string[];
  /** Settings that come with it. */
  literals?: string[];
  /** Path that it removes from the Deployment. */
  remove?: string;
}

const COMPONENTS: Component[] = [
  { name: "autoscaling", set: ["autoscaling.enabled=true"], remove: "/spec/replicas" },
  {
    name: "http-route",
    set: [
      "httpRoute.enabled=true",
      "httpRoute.parentRefs[0].name=public",
      "httpRoute.hostnames[0]=registry.example.com",
    ],
  },
  { name: "ingress", set: ["ingress.enabled=true", "ingress.hosts[0]=registry.example.com"] },
  {
    name: "service-monitor",
    set: ["metrics.enabled=true", "metrics.serviceMonitor.enabled=true"],
    literals: ["SKERRY_METRICS_HOST=0.0.0.0", "SKERRY_METRICS_PORT=9464"],
  },
  { name: "collect", set: ["cronJobs.collect.enabled=true"], literals: ["SKERRY_COLLECT_INTERVAL=0"] },
  { name: "retain", set: ["cronJobs.retain.enabled=true"], literals: ["SKERRY_RETENTION_INTERVAL=0"] },
  { name: "scrub", set: ["cronJobs.scrub.enabled=true"] },
  { name: "backup", set: ["cronJobs.backup.enabled=true"] },
];

/** The text of every generated file, by its path in {@linkcode KUSTOMIZE}. */
export async function generate(): Promise<Map<string, string>> {
  const base = await documentsOf([]);
  const files = new Map<string, string>();
  const add = (folder: string, kustomization: Record<string, unknown>, documents: Document[]) => {
    const names = documents.map((document) => `${fileNameOf(document)}.yaml`).sort();
    const { kind, ...rest } = kustomization;
    const version = kind === "Component" ? "v1alpha1" : "v1beta1";
    const head = { apiVersion: `kustomize.config.k8s.io/${version}`, kind };
    const resources = names.length > 0 ? { resources: names } : {};
    files.set(`${folder}/kustomization.yaml`, NOTICE + stringify({ ...head, ...resources, ...rest }));
    for (const document of documents) {
      files.set(`${folder}/${fileNameOf(document)}.yaml`, NOTICE + document.toString({ lineWidth: 0 }));
    }
  };

  const settings: Record<string, string> = base.find(isSettings)!.toJS().data;
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  files.set("base/settings.env", NOTICE + lines.join(""));
  files.set("base/config.yaml", NOTICE + stringify(CONFIG));
  add("base", {
    kind: "Kustomization",
    configMapGenerator: [
      { name: "skerry-settings", envs: ["settings.env"] },
      { name: "skerry-config", files: ["config.yaml"] },
    ],
  }, base.filter((document) => !isSettings(document)));

  for (const { name, set, literals, remove } of COMPONENTS) {
    const known = new Set(base.map(idOf));
    const added = (await documentsOf(set)).filter((document) => !known.has(idOf(document)));
    add(`components/${name}`, {
      kind: "Component",
      ...(literals && { configMapGenerator: [{ name: "skerry-settings", behavior: "merge", literals }] }),
      ...(remove && {
        patches: [{ target: DEPLOYMENT, patch: stringify([{ op: "remove", path: remove }]) }],
      }),
    }, added);
  }
  add("components/access-key", await accessKey(), []);
  for (const [path, text] of files) if (path.endsWith(".yaml")) files.set(path, await formatted(text));
  return files;
}

/** The text as `deno fmt` writes it, which the gate requires of every file. */
async function formatted(text: string): Promise<string> {
  const { code, stdout, stderr } = await run(Deno.execPath(), ["fmt", "--quiet", "--ext=yaml", "-"], text);
  if (code !== 0) throw new Error(`Cannot format:\n${stderr}`);
  return stdout;
}

const DEPLOYMENT = { kind: "Deployment", name: "skerry" };

/** Credentials of S3 from a Secret instead of a role. It must be the last component, to find the jobs of the others. */
async function accessKey(): Promise<Record<string, unknown>> {
  const documents = await documentsOf(["storage.aws.existingSecret=skerry-access-key"]);
  const deployment = documents.find((document) => document.get("kind") === "Deployment")!.toJS();
  const value = deployment.spec.template.spec.containers[0].env;
  const patch = (path: string) => stringify([{ op: "add", path: `${path}/spec/containers/0/env`, value }]);
  return {
    kind: "Component",
    patches: [
      { target: DEPLOYMENT, patch: patch("/spec/template") },
      { target: { kind: "CronJob" }, patch: patch("/spec/jobTemplate/spec/template") },
    ],
  };
}

const OF_HELM = [
  ["metadata", "labels", "helm.sh/chart"],
  ["metadata", "labels", "app.kubernetes.io/managed-by"],
  // kustomize adds a hash to the names of generated ConfigMaps instead.
  ["spec", "template", "metadata", "annotations"],
];

/** The resources of the chart, without the parts that belong to Helm. */
async function documentsOf(set: string[]): Promise<Document[]> {
  const values = ["--values", `${KUSTOMIZE}/values.yaml`, ...set.flatMap((value) => ["--set", value])];
  const documents: Document[] = parseAllDocuments(await render(values));
  for (const document of documents) {
    if (document.directives !== undefined) document.directives.docStart = null;
    if (document.contents !== null) document.contents.commentBefore = null; // Names the template.
    for (const path of OF_HELM) if (document.hasIn(path)) document.deleteIn(path);
  }
  return documents.filter((document) => document.contents !== null);
}

function isSettings(document: Document): boolean {
  return document.get("kind") === "ConfigMap";
}

function idOf(document: Document): string {
  return `${document.get("kind")} ${document.getIn(["metadata", "name"])}`;
}

function fileNameOf(document: Document): string {
  return String(document.get("kind")).toLowerCase();
}

/** Every file below the generated folders, by its path. */
export async function generatedFiles(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const walk = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(`${KUSTOMIZE}/${folder}`)) {
      const path = `${folder}/${name}`;
      if (isDirectory) await walk(path);
      else files.set(path, await Deno.readTextFile(`${KUSTOMIZE}/${path}`));
    }
  };
  for (const folder of GENERATED) await walk(folder);
  return files;
}

if (import.meta.main) {
  const files = await generate();
  for (const folder of GENERATED) {
    await Deno.remove(`${KUSTOMIZE}/${folder}`, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
  for (const [path, text] of files) {
    await Deno.mkdir(`${KUSTOMIZE}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    await Deno.writeTextFile(`${KUSTOMIZE}/${path}`, text);
  }
}
