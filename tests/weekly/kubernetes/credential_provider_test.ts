/** Images of a private repository, which a real node of Kubernetes pulls as the pod that needs them. */
import { assertEquals, assertMatch } from "@std/assert";
import { bundle } from "../../../bundle/mod.ts";
import { seed } from "../../clients/served.ts";
import { freePort } from "../../harness/ports.ts";
import { type RegistryProcess, startRegistry } from "../../harness/registry_process.ts";
import { ADMINISTRATOR, authSetting, basic } from "../../harness/secured.ts";
import { ownFolder } from "../../services/service_process.ts";
import type { ApiServer } from "./api_server.ts";
import { createNamespace, createPod, endOf, startCluster, untilPod } from "./cluster.ts";
import { assertMachineState, machineState } from "./machine.ts";
import { busyboxImage } from "./pod_images.ts";

const AUDIENCE = "registry.test";

/** A provider of credentials, and how often kubelet has run it. */
interface Provider {
  program: string;
  runs(): Promise<number>;
}

/** Installs the bundle with the Deno of this process, as an archive of a release has it, and a link to it. */
async function installProvider(folder: string): Promise<Provider> {
  await bundle(`${folder}/bundle`);
  await Deno.symlink(Deno.execPath(), `${folder}/bundle/deno`);
  await Deno.symlink(`${folder}/bundle/skerry`, `${folder}/skerry`);
  const [program, runs] = [`${folder}/provider`, `${folder}/runs`];
  await Deno.writeTextFile(program, `#!/bin/sh\necho >> ${runs}\nexec ${folder}/skerry "$@"\n`, {
    mode: 0o755,
  });
  await Deno.writeTextFile(runs, "");
  return { program, runs: async () => (await Deno.stat(runs)).size };
}

/** Entry of kubelet's CredentialProviderConfig, as docs/kubernetes.md has it. */
function providerFor(port: number) {
  return {
    matchImages: [`127.0.0.1:${port}`],
    defaultCacheDuration: "0s",
    apiVersion: "credentialprovider.kubelet.k8s.io/v1",
    args: ["credential-provider", `--url=http://127.0.0.1:${port}`],
    tokenAttributes: {
      serviceAccountTokenAudience: AUDIENCE,
      cacheType: "ServiceAccount",
      requireServiceAccount: true,
    },
  };
}

/** Starts a registry whose private repository the pods of the namespace `team` may pull. */
async function startPrivateRegistry(server: ApiServer, port: number): Promise<RegistryProcess> {
  const auth = {
    issuers: [{
      name: "cluster",
      issuer: "https://kubernetes.default.svc",
      audiences: [AUDIENCE],
      jwksUri: `${server.url}/openid/v1/jwks`,
    }],
    policies: [{
      repositories: ["private/**"],
      allow: [{
        to: ["workload:cluster"],
        actions: ["pull"],
        where: { sub: "system:serviceaccount:team:*" },
      }],
    }],
  };
  const env = { ...await authSetting(port, auth), DENO_CERT: server.certificate };
  return await startRegistry({ port, env });
}

/** Gives a group a role in the whole cluster. */
async function bind(server: ApiServer, role: string, group: string): Promise<void> {
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: role.replaceAll(":", "-") },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group }],
  };
  const path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
  assertEquals((await server.request("POST", path, binding)).status, 201);
}

/** Permits nodes to request tokens for the registry. */
async function permitAudience(server: ApiServer): Promise<void> {
  const name = "pull-from-registry";
  const role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name },
    rules: [{ apiGroups: [""], verbs: ["request-serviceaccounts-token-audience"], resources: [AUDIENCE] }],
  };
  const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
  assertEquals((await server.request("POST", path, role)).status, 201);
  await bind(server, name, "system:nodes");
}

/** Reason for which the node cannot pull the image of a pod. */
async function refusalOf(server: ApiServer, namespace: string, name: string): Promise<string> {
  const status = await untilPod(server, namespace, name, ({ phase, containerStatuses }) => {
    assertEquals(phase, "Pending");
    return containerStatuses?.[0]?.state.waiting?.reason === "ErrImagePull";
  });
  return status.containerStatuses![0]!.state.waiting!.message!;
}

Deno.test("a node of Kubernetes pulls from a private repository as the pod, without a stored secret", async (t) => {
  const before = await machineState();
  {
    await using stack = new AsyncDisposableStack();
    const port = freePort();
    const { program, runs } = await installProvider(await ownFolder(stack, "provider"));
    const credentialProvider = { program, config: providerFor(port) };
    const { server, node } = stack.use(await startCluster({ credentialProvider }));
    const registry = stack.use(await startPrivateRegistry(server, port));
    await bind(server, "system:service-account-issuer-discovery", "system:unauthenticated");
    for (const name of ["team", "other"]) await createNamespace(server, name);

    const image = await busyboxImage(crypto.randomUUID());
    const place = { host: registry.host, repository: "private/app", authorization: basic(ADMINISTRATOR) };
    const reference = await seed(place, image, "v1");

    await t.step("refuses while nodes may not request tokens for the registry", async () => {
      await createPod(server, "team", "early", reference, ["true"]);
      assertMatch(await refusalOf(server, "team", "early"), /401 Unauthorized|authorization failed/);
      assertEquals(await runs(), 0);
    });

    await permitAudience(server);

    await t.step("pulls for a pod that the policy permits", async () => {
      const text = crypto.randomUUID();
      await createPod(server, "team", "first", reference, ["echo", text]);
      assertEquals(await endOf(server, "team", "first"), `${registry.host}/private/app@${image.root.digest}`);
      assertEquals(await node.logOf("team", "first"), text);
    });

    await t.step("pulls for a second pod of the same service account with the same password", async () => {
      await createPod(server, "team", "second", reference, ["true"]);
      await endOf(server, "team", "second");
      assertEquals(await runs(), 1);
    });

    await t.step("refuses for a pod of another namespace", async () => {
      await createPod(server, "other", "pod", reference, ["true"]);
      assertMatch(
        await refusalOf(server, "other", "pod"),
        /403 Forbidden|insufficient_scope|pull access denied/,
      );
      assertEquals(await runs(), 2);
    });

    await t.step("refuses where kubelet does not ask the provider", async () => {
      const unmatched = reference.replace("127.0.0.1", "localhost");
      await createPod(server, "team", "unmatched", unmatched, ["true"]);
      assertMatch(await refusalOf(server, "team", "unmatched"), /401 Unauthorized|authorization failed/);
      assertEquals(await runs(), 2);
    });
  }
  await assertMachineState(before);
});
