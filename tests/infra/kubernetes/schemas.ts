/**
 * JSON schemas of Kubernetes, of the Gateway API and of the Prometheus Operator, for kubeconform, which would otherwise load them from the network.
 *
 * @module
 */
import { dirname } from "node:path";
import { parse } from "yaml";
import { tool } from "../../tools/tool.ts";
import { run } from "./chart.ts";

/** Resources of Kubernetes that the chart creates. */
const KINDS = [
  ...["configmap-v1", "cronjob-batch-v1", "deployment-apps-v1", "horizontalpodautoscaler-autoscaling-v2"],
  ...["ingress-networking-v1", "job-batch-v1", "networkpolicy-networking-v1", "persistentvolumeclaim-v1"],
  ...["poddisruptionbudget-policy-v1", "service-v1", "serviceaccount-v1"],
];

const GATEWAY_API = {
  module: "sigs.k8s.io/gateway-api@v1.2.1",
  sum: "h1:fZZ/+RyRb+Y5tGkwxFKuYuSRQHu9dZtbjenblleOLHM=",
  file: "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
};

const PROMETHEUS_OPERATOR = {
  module: "github.com/prometheus-operator/prometheus-operator@v0.85.0",
  sum: "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
  file: "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
};

/** A JSON schema, as far as it is changed here. */
interface Schema {
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
}

interface CustomResourceDefinition {
  spec: { versions: { name: string; schema: { openAPIV3Schema: Schema } }[] };
}

/** The definition of the resource HTTPRoute, as it is installed in a cluster. */
export function httpRouteDefinition(): Promise<string> {
  return definitionIn(GATEWAY_API);
}

/** The definition of the resource ServiceMonitor, as it is installed in a cluster. */
export function serviceMonitorDefinition(): Promise<string> {
  return definitionIn(PROMETHEUS_OPERATOR);
}

/** A file of a Go module that has this hash. */
async function definitionIn({ module, sum, file }: typeof GATEWAY_API): Promise<string> {
  const { code, stdout, stderr } = await run("go", ["mod", "download", "-json", module]);
  if (code !== 0) throw new Error(`Cannot download ${module}: ${stderr}${stdout}`);
  const { Dir: folder, Sum: found } = JSON.parse(stdout);
  if (found !== sum) throw new Error(`Cannot use ${module}: its hash is ${found} instead of ${sum}`);
  return await Deno.readTextFile(`${folder}/${file}`);
}

/** Writes the schemas of a version of Kubernetes to a folder, and returns the pattern that kubeconform takes. */
export async function writeSchemas(version: string, folder: string): Promise<string> {
  const site = dirname(dirname(await tool("kubernetes-validate"))) + "/lib";
  const [python] = await Array.fromAsync(Deno.readDir(site));
  const source = `${site}/${
    python!.name
  }/site-packages/kubernetes_validate/kubernetes-json-schema/v${version}-local-strict`;
  for (const name of [...KINDS, "_definitions"]) {
    const text = await Deno.readTextFile(`${source}/${name}.json`);
    // References are to be found in the folder, not at the address of the identifier.
    const { $id: _, ...schema } = JSON.parse(
      text.replaceAll('"/api/_definitions.json', '"_definitions.json'),
    );
    await Deno.writeTextFile(`${folder}/${name}.json`, JSON.stringify(schema));
  }
  const definitions = {
    "httproute-gateway-v1": await httpRouteDefinition(),
    "servicemonitor-monitoring-v1": await serviceMonitorDefinition(),
  };
  for (const [name, definition] of Object.entries(definitions)) {
    const { spec }: CustomResourceDefinition = parse(definition);
    const { schema } = spec.versions.find(({ name }) => name === "v1")!;
    const resource = strict(schema.openAPIV3Schema);
    resource.properties!.metadata = {}; // In a definition it is any object.
    await Deno.writeTextFile(`${folder}/${name}.json`, JSON.stringify(resource));
  }
  return `${folder}/{{.ResourceKind}}{{.KindSuffix}}.json`;
}

/** Refuses unknown properties, as an API server does. */
function strict(schema: Schema): Schema {
  if (schema.items !== undefined) strict(schema.items);
  if (schema.properties === undefined) return schema;
  Object.values(schema.properties).forEach(strict);
  if (schema["x-kubernetes-preserve-unknown-fields"] !== true) schema.additionalProperties ??= false;
  return schema;
}
