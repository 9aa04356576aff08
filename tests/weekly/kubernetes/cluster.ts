/**
 * A cluster of one node, and pods in it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { seed } from "../../clients/served.ts";
import { openWorkbench, type Workbench } from "../../clients/workbench.ts";
import { type ApiServer, NODE_NAME, startApiServer } from "./api_server.ts";
import { startControllers } from "./controllers.ts";
import { checkMachine } from "./machine.ts";
import { type Node, type NodeOptions, startNode } from "./node.ts";
import { BUSYBOX, busyboxImage } from "./pod_images.ts";

/** Maximum time of a pod until it is as expected, in milliseconds. */
const POD_DEADLINE_MS = 180_000;

/** A cluster of one node, and the registry of its images. */
export interface Cluster extends AsyncDisposable {
  /** A Skerry outside the cluster, which has the images of its pods. */
  readonly bench: Workbench;
  readonly server: ApiServer;
  readonly node: Node;
}

/**
 * Starts a cluster of one node. All its images come from the Skerry of the workbench.
 *
 * @throws {Error} if this machine cannot run a node.
 */
export async function startCluster(options: NodeOptions = {}): Promise<Cluster> {
  await checkMachine();
  await using stack = new AsyncDisposableStack();
  const bench = stack.use(await openWorkbench());
  const server = stack.use(await startApiServer());
  stack.use(await startControllers(server));
  const pause = await busyboxImage("pause", [BUSYBOX, "sleep", "1000000"]);
  const place = { host: bench.host, repository: bench.repository("pause") };
  const node = stack.use(await startNode(server, await seed(place, pause, "1"), options));
  const kept = stack.move();
  return { bench, server, node, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Creates a namespace whose pods must conform to the Pod Security Standard "restricted". */
export async function createNamespace(server: ApiServer, name: string): Promise<void> {
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
  assertEquals((await server.request("POST", "/api/v1/namespaces", namespace)).status, 201);
  await until(`service account of namespace "${name}"`, async () => {
    const path = `/api/v1/namespaces/${name}/serviceaccounts/default`;
    const { status, body } = await server.request("GET", path);
    return { done: status === 200, state: body };
  });
}

/** Creates a pod that runs busybox with these arguments. */
export async function createPod(
  server: ApiServer,
  namespace: string,
  name: string,
  image: string,
  args: string[],
): Promise<void> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      nodeName: NODE_NAME,
      automountServiceAccountToken: false,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
      containers: [{
        name: "busybox",
        image,
        imagePullPolicy: "Always",
        command: [BUSYBOX, ...args],
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
      }],
    },
  };
  const { status, body } = await server.request("POST", `/api/v1/namespaces/${namespace}/pods`, pod);
  assertEquals(status, 201, JSON.stringify(body));
}

/** Waits until a pod has ended successfully; returns the reference of the image that the node pulled. */
export async function endOf(server: ApiServer, namespace: string, name: string): Promise<string> {
  const status = await untilPod(server, namespace, name, ({ phase, containerStatuses }) => {
    const waiting = containerStatuses?.[0]?.state.waiting;
    assert(phase !== "Failed" && waiting?.reason !== "ErrImagePull", `Pod "${name}": ${waiting?.message}`);
    return phase === "Succeeded";
  });
  return status.containerStatuses![0]!.imageID;
}

/** Status of a pod, as far as the tests read it. */
export interface PodStatus {
  phase: string;
  podIP?: string;
  conditions?: { type: string; status: string }[];
  containerStatuses?: { imageID: string; state: { waiting?: { reason: string; message?: string } } }[];
}

/** Waits until the status of a pod is as expected. */
export async function untilPod(
  server: ApiServer,
  namespace: string,
  name: string,
  isDone: (status: PodStatus) => boolean,
): Promise<PodStatus> {
  return await until(`pod "${name}"`, async () => {
    const { body } = await server.request("GET", `/api/v1/namespaces/${namespace}/pods/${name}`);
    return { done: body.status?.phase !== undefined && isDone(body.status), state: body.status };
  });
}

/** Asks again and again until the state is as expected; returns it. */
export async function until<T>(what: string, look: () => Promise<{ done: boolean; state: T }>): Promise<T> {
  const deadline = Date.now() + POD_DEADLINE_MS;
  while (true) {
    const { done, state } = await look();
    if (done) return state;
    assert(Date.now() < deadline, `Waited in vain for ${what}: ${JSON.stringify(state, null, 2)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
