/** The OCI conformance suites against a container of the image. */
import { openWorkbench } from "../clients/workbench.ts";
import { checkRun, RUNS } from "../conformance/runs.ts";
import { buildImage, dataFolder, openBaseImages, startContainer, unmountedAtEnd } from "../image/image.ts";

Deno.test("OCI conformance of the container image", async (t) => {
  await using bench = await openWorkbench();
  await using _mounts = unmountedAtEnd(bench.folder);
  const env = await openBaseImages(bench);
  await buildImage(bench, env, "skerry");
  for (const run of RUNS) {
    await using stack = new AsyncDisposableStack();
    const data = await dataFolder(stack);
    await using container = await startContainer(env, "skerry", { data, env: run.registry });
    const suite = await run.run(container, `image-${run.name}`);
    await t.step(run.name, (t) => checkRun(t, run, suite));
  }
});
