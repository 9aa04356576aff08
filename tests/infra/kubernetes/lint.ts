/**
 * Programs that check manifests of Kubernetes.
 *
 * @module
 */
import { assert } from "@std/assert";
import { tool } from "../../tools/tool.ts";
import { CHART, type Output, run, valuesOf, VERSIONS } from "./chart.ts";
import { writeSchemas } from "./schemas.ts";

/** Rules of kube-score that the chart breaks on purpose. */
const IGNORED = [
  // A version of the image never changes. The registry must start while the registry of its image is away.
  "container-image-pull-policy",
  // topologySpreadConstraints spread the pods over zones too.
  "deployment-has-host-podantiaffinity",
];

/** Rules that the one pod of a volume breaks as well. */
const IGNORED_WITH_VOLUME = ["deployment-replicas", "deployment-strategy"];

/** Runs `helm lint` with an example. */
export async function lint(example: string): Promise<Output> {
  const options = ["--strict", "--kube-version", VERSIONS[0], ...valuesOf(example)];
  return await run(await tool("helm"), ["lint", CHART, ...options]);
}

/** Runs kubeconform with the schemas of a version of Kubernetes. */
export async function validate(manifests: string, version: string): Promise<Output> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-schemas-" });
  try {
    const location = await writeSchemas(version, folder);
    const options = ["-strict", "-summary", "-kubernetes-version", version, "-schema-location", location];
    return await run(await tool("kubeconform"), options, manifests);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Findings of kube-score, without those that are ignored. A container without a CPU limit is not throttled. */
export async function score(manifests: string): Promise<string[]> {
  const hasVolume = /^kind: PersistentVolumeClaim$/m.test(manifests);
  const ignored = [...IGNORED, ...(hasVolume ? IGNORED_WITH_VOLUME : [])];
  const { stdout, stderr } = await run(await tool("kube-score"), [
    ...["score", "--kubernetes-version=v1.30", "--output-format=ci", "--ignore-container-cpu-limit"],
    ...ignored.map((rule) => `--ignore-test=${rule}`),
    "-",
  ], manifests);
  const lines = stdout.split("\n").filter((line) => line.startsWith("["));
  assert(lines.filter((line) => line.startsWith("[OK]")).length > 20, stdout + stderr);
  return lines.filter((line) => !/^\[(OK|SKIPPED)\]/.test(line));
}
