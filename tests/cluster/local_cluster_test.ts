import { assertMatch } from "@std/assert";
import { openWorkbench, type Workbench } from "../clients/workbench.ts";
import { assertServes } from "../clients/served.ts";
import { containersStorage } from "../clients/containers_storage.ts";
import { addImage, Content, layerOf, noise, writeLayout } from "../images/mod.ts";
import { startTask, until } from "../../infra/cluster/testing/task.ts";

/** Bytes of the layer whose push is interrupted. */
const LAYER_SIZE = 64 * 1024 * 1024;

/** Pushes the image of an OCI layout as `name`. The options are for plain HTTP and retries. */
const PUSHES = {
  skopeo: async (bench: Workbench, layout: string, name: string) => {
    const options = ["--retry-times=3", "--dest-tls-verify=false", "--preserve-digests"];
    await bench.run("skopeo", ["copy", ...options, `oci:${layout}:v1`, `docker://${name}`]);
  },
  podman: async (bench: Workbench, layout: string, name: string) => {
    const env = await containersStorage(bench, "storage");
    const id = (await bench.run("podman", ["pull", "--quiet", `oci:${layout}:v1`], { env })).trim();
    // Compressed as it was: the layer is the same again.
    await bench.run("podman", ["push", "--tls-verify=false", "--format=oci", id, name], { env });
  },
  crane: async (bench: Workbench, layout: string, name: string) => {
    await bench.run("crane", ["push", "--insecure", layout, name]);
  },
};

for (const [client, push] of Object.entries(PUSHES)) {
  Deno.test(`${client} completes a push to deno task cluster whose replica is killed meanwhile`, async () => {
    await using task = await startTask();
    await using bench = await openWorkbench(new URL(task.url).host);
    const content = new Content();
    const layer = await layerOf({ "srv/large": noise(client, LAYER_SIZE) });
    const image = { root: addImage(content, [layer]), content };
    const layout = await writeLayout(`${bench.folder}/layout`, image, "v1");

    const pushed = push(bench, layout, `${bench.host}/${client}:v1`);
    const killed = killDuringUpload(task);
    await Promise.all([pushed, killed]).catch((error) => {
      throw new Error(`${(error as Error).message}\n${task.output()}`, { cause: error });
    });
    assertMatch(task.output(), new RegExp(`replica ${await killed} +(PATCH|POST|PUT) \\S+ failed: `));
    if (client !== "podman") await assertServes({ host: bench.host, repository: client }, "v1", image);
    else await bench.run("skopeo", ["inspect", "--tls-verify=false", `docker://${bench.host}/podman:v1`]);
  });
}

/** Kills the replica that receives a layer as soon as it has begun. */
async function killDuringUpload(task: Awaited<ReturnType<typeof startTask>>): Promise<number> {
  const line = /replica (\d+) +PATCH /;
  await until(() => line.test(task.output()));
  const number = Number(line.exec(task.output())![1]);
  Deno.kill(task.replicas[number - 1]!.pid, "SIGKILL");
  return number;
}
