/** Pods whose images come from Skerry, on a real node of Kubernetes. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { seed } from "../../clients/served.ts";
import { createNamespace, createPod, endOf, startCluster, untilPod } from "./cluster.ts";
import { assertMachineState, machineState } from "./machine.ts";
import { busyboxImage } from "./pod_images.ts";

Deno.test("a node of Kubernetes pulls images from Skerry", async (t) => {
  const before = await machineState();
  {
    await using cluster = await startCluster();
    const { bench, server, node } = cluster;
    await createNamespace(server, "pods");
    const image = await busyboxImage(crypto.randomUUID());
    const place = { host: bench.host, repository: bench.repository("pod") };
    const byTag = await seed(place, image, "v1");
    const byDigest = `${place.host}/${place.repository}@${image.root.digest}`;

    for (const [name, reference] of Object.entries({ tag: byTag, digest: byDigest })) {
      await t.step(`by ${name}, and runs a "restricted" pod`, async () => {
        const text = `from ${name} ${crypto.randomUUID()}`;
        await createPod(server, "pods", name, reference, ["echo", text]);
        assertEquals(await endOf(server, "pods", name), byDigest);
        assertEquals(await node.logOf("pods", name), text);
      });
    }

    await t.step("and reports an image that Skerry does not have", async () => {
      await createPod(server, "pods", "missing", `${place.host}/${place.repository}:v2`, ["true"]);
      const { containerStatuses } = await untilPod(server, "pods", "missing", (status) => {
        return status.containerStatuses?.[0]?.state.waiting?.reason === "ErrImagePull";
      });
      assertStringIncludes(containerStatuses![0]!.state.waiting!.message!, "not found");
    });
  }
  await assertMachineState(before);
});

Deno.test("a node of Kubernetes leaves nothing behind when its test fails", async () => {
  const before = await machineState();
  await assertRejects(
    async () => {
      await using cluster = await startCluster();
      await createNamespace(cluster.server, "pods");
      const place = { host: cluster.bench.host, repository: cluster.bench.repository("pod") };
      const image = await seed(place, await busyboxImage("pod"), "v1");
      await createPod(cluster.server, "pods", "waits", image, ["sleep", "1000"]);
      await untilPod(cluster.server, "pods", "waits", ({ phase }) => phase === "Running");
      throw new RangeError("the failure of this test");
    },
    RangeError,
    "the failure of this test",
  );
  await assertMachineState(before);
});
