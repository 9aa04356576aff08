/** Skerry from its own image, installed by its chart on a real node of Kubernetes. */
import { assertEquals } from "@std/assert";
import { seed } from "../../clients/served.ts";
import { buildImage, openBaseImages, unmountedAtEnd } from "../../image/image.ts";
import type { Image } from "../../images/mod.ts";
import { render, type Resource, resourcesOf, valuesOf } from "../../infra/kubernetes/chart.ts";
import { ownFolder } from "../../services/service_process.ts";
import { type ApiServer, NODE_NAME } from "./api_server.ts";
import {
  type Cluster,
  createNamespace,
  createPod,
  endOf,
  type PodStatus,
  startCluster,
  until,
} from "./cluster.ts";
import { assertMachineState, machineState } from "./machine.ts";
import { busyboxImage } from "./pod_images.ts";

const NAMESPACE = "registry";

/** The Service of the release. Nothing resolves this name here: containerd knows an address for it. */
const HOST = "skerry.registry.svc";

const REPOSITORY = "team/app";

/** Builds the image of Skerry, and pushes it to the registry outside the cluster; returns its repository. */
async function pushSkerry({ bench }: Cluster): Promise<string> {
  await using _mounts = unmountedAtEnd(bench.folder);
  const env = await openBaseImages(bench);
  const repository = `${bench.host}/${bench.repository("skerry")}`;
  await buildImage(bench, env, `${repository}:v1`);
  await bench.run("buildah", ["push", "--quiet", "--tls-verify=false", `${repository}:v1`], { env });
  return repository;
}

/** Creates a volume on the node, in a folder of this machine. */
async function createVolume(server: ApiServer, path: string): Promise<void> {
  const storageClass = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "local" },
    provisioner: "kubernetes.io/no-provisioner",
    volumeBindingMode: "WaitForFirstConsumer",
  };
  const hostname = { key: "kubernetes.io/hostname", operator: "In", values: [NODE_NAME] };
  const volume = {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "registry" },
    spec: {
      capacity: { storage: "50Gi" },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      storageClassName: "local",
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
    },
  };
  const classes = await server.request("POST", "/apis/storage.k8s.io/v1/storageclasses", storageClass);
  const volumes = await server.request("POST", "/api/v1/persistentvolumes", volume);
  assertEquals([classes.status, volumes.status], [201, 201]);
}

/** Applies the chart with its values for one pod with a volume. */
async function install(server: ApiServer, repository: string): Promise<void> {
  const jobs = ["scrub", "backup"].map((name) => `cronJobs.${name}.enabled=false`);
  const values = valuesOf("folder", `image.repository=${repository}`, "image.tag=v1", ...jobs);
  for (const one of resourcesOf(await render(values, "1.37.0"))) {
    const { status, body } = await server.apply(NAMESPACE, inNamespace(one));
    assertEquals(status, 201, JSON.stringify(body));
  }
}

function inNamespace(one: Resource): Resource {
  const metadata = { ...one.metadata, namespace: NAMESPACE };
  return { ...one, metadata };
}

interface Pod {
  metadata: { name: string };
  status: PodStatus;
}

function hostOf({ status }: Pod): string {
  return `${status.podIP}:8000`;
}

/** Waits until a pod of the release, other than this one, is ready for clients. */
async function readyPod(server: ApiServer, other?: string): Promise<Pod> {
  const pods = await until("the registry of the cluster", async () => {
    const path = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app.kubernetes.io/instance%3Dskerry`;
    const items: Pod[] = (await server.request("GET", path)).body.items;
    const ready = items.filter(({ metadata, status }) =>
      metadata.name !== other &&
      (status.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True")
    );
    return { done: ready.length === 1, state: ready.length === 1 ? ready : items };
  });
  return pods[0]!;
}

/** Lets the node pull an image from a pod of the registry and run it. The image contains its tag. */
async function pullFrom({ server, node }: Cluster, pod: Pod, image: Image, tag: string): Promise<void> {
  await node.useMirror(HOST, `http://${hostOf(pod)}`);
  await createPod(server, "pods", tag, `${HOST}/${REPOSITORY}:${tag}`, ["cat", "/srv/name"]);
  assertEquals(await endOf(server, "pods", tag), `${HOST}/${REPOSITORY}@${image.root.digest}`);
  assertEquals(await node.logOf("pods", tag), tag);
}

Deno.test("Skerry serves its own cluster", async (t) => {
  const before = await machineState();
  {
    await using stack = new AsyncDisposableStack();
    const volume = await ownFolder(stack, "volume");
    const cluster = stack.use(await startCluster());
    const { server } = cluster;
    await createNamespace(server, NAMESPACE);
    await createNamespace(server, "pods");
    await createVolume(server, volume);
    await install(server, await pushSkerry(cluster));

    const images = { first: await busyboxImage("first"), second: await busyboxImage("second") };
    let pod: Pod;
    await t.step("with images that were pushed to its pod", async () => {
      pod = await readyPod(server);
      const place = { host: hostOf(pod), repository: REPOSITORY };
      for (const [name, image] of Object.entries(images)) await seed(place, image, name);
      await pullFrom(cluster, pod, images.first, "first");
    });

    await t.step("and with the same images after its pod has been replaced", async () => {
      const { name } = pod.metadata;
      const { status } = await server.request("DELETE", `/api/v1/namespaces/${NAMESPACE}/pods/${name}`);
      assertEquals(status, 200);
      await pullFrom(cluster, await readyPod(server, name), images.second, "second");
    });
  }
  await assertMachineState(before);
});
