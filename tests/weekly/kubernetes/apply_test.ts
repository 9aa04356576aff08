/** The chart and the kustomize examples at a real API server of Kubernetes. Each build takes several minutes. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";
import {
  EXAMPLES,
  podOf,
  render,
  type Resource,
  resource,
  resourcesOf,
  run,
  valuesOf,
} from "../../infra/kubernetes/chart.ts";
import { KUSTOMIZE } from "../../infra/kubernetes/kustomize.ts";
import { httpRouteDefinition, serviceMonitorDefinition } from "../../infra/kubernetes/schemas.ts";
import { tool } from "../../tools/tool.ts";
import { type ApiAnswer, type ApiServer, startApiServer } from "./api_server.ts";

async function kustomize(folder: string): Promise<Resource[]> {
  const { code, stdout, stderr } = await run(await tool("kustomize"), ["build", `${KUSTOMIZE}/${folder}`]);
  assertEquals(code, 0, stderr);
  return resourcesOf(stdout);
}

/** Fails unless the server accepted an object without a warning. */
function assertAccepted({ status, warnings, body }: ApiAnswer, ...expected: number[]): void {
  assert(expected.includes(status), JSON.stringify(body, null, 2));
  assertEquals(warnings, []);
}

/** Creates a namespace whose pods must conform to the Pod Security Standard "restricted". */
async function createNamespace(server: ApiServer, name: string): Promise<void> {
  const levels = ["enforce", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]);
  const metadata = { name, labels: Object.fromEntries(levels) };
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata };
  assertAccepted(await server.request("POST", "/api/v1/namespaces", namespace), 201);
}

/** Creates the pod of a resource as its controller would do, without keeping it. */
async function createPod(server: ApiServer, namespace: string, spec: unknown): Promise<ApiAnswer> {
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "pod" }, spec };
  const query = "dryRun=All&fieldValidation=Strict";
  return await server.request("POST", `/api/v1/namespaces/${namespace}/pods?${query}`, pod);
}

/** Installs the definition of a resource, and waits until the server has the resource. */
async function install(server: ApiServer, text: string): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const definition = parse(text);
  assertAccepted(await server.request("POST", path, definition), 201);
  for (let tries = 0; tries < 300; tries++) {
    const { body } = await server.request("GET", `${path}/${definition.metadata.name}`);
    const conditions: { type: string; status: string }[] = body.status?.conditions ?? [];
    if (conditions.some(({ type, status }) => type === "Established" && status === "True")) {
      if ((await server.request("GET", `/apis/${definition.spec.group}/v1`)).status === 200) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`The API server does not serve ${definition.metadata.name}`);
}

Deno.test("Kubernetes accepts every resource and every pod of the chart and of kustomize", async (t) => {
  await using server = await startApiServer();
  await install(server, await httpRouteDefinition());
  await install(server, await serviceMonitorDefinition());

  const sets = new Map<string, Resource[]>();
  for (const example of EXAMPLES) sets.set(example, resourcesOf(await render(valuesOf(example), "1.37.0")));
  for (const name of ["aws", "bare-metal"]) {
    sets.set(`kustomize-${name}`, await kustomize(`examples/${name}`));
  }

  for (const [namespace, resources] of sets) {
    await createNamespace(server, namespace);
    const own = resources.map((one) => ({ ...one, metadata: { ...one.metadata, namespace } }));

    await t.step(`${namespace}: a server-side dry run`, async () => {
      for (const one of own) assertAccepted(await server.apply(namespace, one, { dryRun: true }), 201);
      const found = await server.request("GET", `/apis/apps/v1/namespaces/${namespace}/deployments`);
      assertEquals(found.body.items, []);
    });

    await t.step(`${namespace}: applied, and once more without a change`, async () => {
      for (const one of own) {
        const first = await server.apply(namespace, one);
        assertAccepted(first, 201);
        const second = await server.apply(namespace, one);
        assertAccepted(second, 200);
        assertEquals(second.body.metadata.generation, first.body.metadata.generation);
      }
    });

    await t.step(`${namespace}: every pod is admitted as "restricted"`, async () => {
      const pods = resources.map(podOf).filter((pod) => pod !== undefined);
      assert(pods.length > 1);
      for (const pod of pods) assertAccepted(await createPod(server, namespace, pod), 201);
    });
  }

  await t.step("an upgrade to another image and other settings changes what exists", async () => {
    for (const example of EXAMPLES) {
      const values = valuesOf(example, "image.tag=v2", "image.digest=", "extraEnv=null", "preStopSeconds=9");
      for (const one of resourcesOf(await render(values, "1.37.0"))) {
        const metadata = { ...one.metadata, namespace: example };
        assertAccepted(await server.apply(example, { ...one, metadata }), 200, 201);
      }
    }
  });

  await t.step("an unknown field, a wrong value and a pod with more rights are refused", async () => {
    const deployment = resource(sets.get("aws")!, "Deployment");
    const unknown = structuredClone(deployment);
    unknown.spec.template.spec.enableServiceLink = false;
    const first = await server.apply("aws", unknown, { dryRun: true });
    assertStringIncludes(JSON.stringify(first.body), "enableServiceLink");
    assertEquals(first.status, 500); // a typed patch fails before validation

    const wrong = structuredClone(deployment);
    wrong.spec.template.spec.containers[0].readinessProbe.periodSeconds = -1;
    assertEquals((await server.apply("aws", wrong, { dryRun: true })).status, 422);

    const pod = structuredClone(podOf(deployment)!);
    Object.assign(pod.containers[0]!, { securityContext: {} });
    const { status, body } = await createPod(server, "aws", pod);
    assertEquals(status, 403);
    assertStringIncludes(body.message, 'violates PodSecurity "restricted');
  });
});
