/** The Helm chart against the registry that it runs: settings, commands, probes, shutdown. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { runCommand } from "../../../cli/mod.ts";
import { schema, settingDocs } from "../../../config/config.ts";
import { FILE_VARIABLE, readConfig } from "../../../config/mod.ts";
import { ENDPOINTS } from "../../../routes/testing/parts.ts";
import {
  EXAMPLES,
  podOf,
  render,
  type Resource,
  resource,
  resourcesOf,
  template,
  valuesOf,
} from "./chart.ts";

/** Variables that are no settings: the file of the settings, and those of Deno and of an AWS SDK. */
const OTHER_VARIABLES = [FILE_VARIABLE, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DENO_CERT"];

/** Variables of the settings, by their keys in the configuration file. */
const variables = Object.fromEntries(
  Object.entries(schema.shape).map(([key, setting]) => [key, settingDocs.get(setting)!.variable]),
) as Record<keyof typeof schema.shape, string>;

/** Seconds after which the readiness probe gives up on the storage. */
const STORAGE_TIMEOUT_S = 2;

/** Milliseconds that the process may take after its last request, for its storage and its log. */
const EXIT_MS = 2000;

const rendered = new Map<string, Resource[]>();
for (const example of EXAMPLES) rendered.set(example, resourcesOf(await render(valuesOf(example))));

for (const [example, resources] of rendered) {
  const settings = resource(resources, "ConfigMap", "skerry-settings").data!;
  const deployment = resource(resources, "Deployment");
  const [registry] = podOf(deployment)!.containers;

  Deno.test(`${example}: every variable of a pod is a setting`, () => {
    const known = new Set([...Object.values(variables), ...OTHER_VARIABLES]);
    let count = 0;
    for (const { containers } of resources.map(podOf).filter((pod) => pod !== undefined)) {
      for (const { env = [], envFrom } of containers) {
        assertEquals(envFrom, [{ configMapRef: { name: "skerry-settings" } }]);
        const names = [...Object.keys(settings), ...env.map(({ name }) => name)];
        assertEquals(names.filter((name) => !known.has(name)), []);
        assertEquals(new Set(names).size, names.length);
        count++;
      }
    }
    assert(count >= 3, String(count));
  });

  Deno.test(`${example}: the registry accepts the settings and the configuration file`, async () => {
    const file = await Deno.makeTempFile({ prefix: "skerry-chart-", suffix: ".yaml" });
    try {
      const inline = resources.find(({ metadata }) => metadata.name === "skerry-config");
      await Deno.writeTextFile(file, inline?.data?.["config.yaml"] ?? "{}");
      assertEquals(inline !== undefined, example === "aws");
      const path = settings[FILE_VARIABLE] === undefined ? {} : { [FILE_VARIABLE]: file };
      const config = await readConfig({ ...settings, ...path });
      assertEquals(config.host, "0.0.0.0");
      assertEquals(config.port, registry!.ports![0]!.containerPort);
      assertEquals(config.storage, example === "folder" ? "folder" : "aws");
    } finally {
      await Deno.remove(file);
    }
  });

  // Kubernetes never updates a mount with subPath, so a process could not reload its files.
  Deno.test(`${example}: files are mounted by whole folders`, () => {
    const mounts = resources.map(podOf).flatMap((pod) => pod?.containers ?? []).flatMap((one) =>
      one.volumeMounts
    );
    assert(mounts.length > 2);
    for (const mount of mounts) {
      assertEquals(Object.keys(mount).filter((key) => key.startsWith("subPath")), []);
    }
  });

  Deno.test(`${example}: every job runs a command with valid options`, async () => {
    const jobs = resources.filter(({ kind }) => kind === "CronJob" || kind === "Job");
    assertEquals(jobs.length, { aws: 2, "bare-metal": 5, folder: 2 }[example]);
    for (const job of jobs) {
      const [container, ...others] = podOf(job)!.containers;
      assertEquals(others, []);
      assertEquals(container!.image, registry!.image);
      assertEquals(job.metadata.labels!["app.kubernetes.io/component"], container!.args![0]);
      const context = { config: () => Promise.reject(new Error("valid")), print: () => {} };
      // A command reads its configuration once it has accepted its arguments.
      await assertRejects(() => runCommand(container!.args!, context), Error, "valid");
    }
  });

  Deno.test(`${example}: a command that a job runs is switched off in the registry`, () => {
    const runs = (command: string) => resources.some(({ metadata }) => metadata.name === `skerry-${command}`);
    assertEquals(settings[variables.collectInterval], runs("collect") ? "0" : undefined);
    assertEquals(settings[variables.retentionInterval], runs("retain") ? "0" : undefined);
  });

  Deno.test(`${example}: the probes are endpoints of the registry, which answer in time`, () => {
    const paths: [probe: "startupProbe" | "readinessProbe" | "livenessProbe", path: string][] = [
      ["startupProbe", ENDPOINTS.startup[0][2]],
      ["readinessProbe", ENDPOINTS.ready[0][2]],
      ["livenessProbe", ENDPOINTS.live[0][2]],
    ];
    for (const [name, path] of paths) {
      const { httpGet, timeoutSeconds } = registry![name]!;
      assertEquals(httpGet, { path, port: registry!.ports![0]!.name });
      assert(timeoutSeconds > STORAGE_TIMEOUT_S);
    }
  });

  Deno.test(`${example}: the grace period is longer than preStop, drain and shutdown together`, async () => {
    const { terminationGracePeriodSeconds: grace } = podOf(deployment)!;
    const { seconds } = registry!.lifecycle!.preStop.sleep;
    const { drain, shutdownTimeout } = await readConfig({
      [variables.drain]: settings[variables.drain]!,
      [variables.shutdownTimeout]: settings[variables.shutdownTimeout]!,
    });
    assert(grace! * 1000 >= seconds * 1000 + drain + shutdownTimeout + EXIT_MS);
  });
}

Deno.test("a folder has one pod, which is gone before the next one starts, and its jobs run beside it", () => {
  const resources = rendered.get("folder")!;
  const { spec } = resource(resources, "Deployment");
  assertEquals([spec.replicas, spec.strategy], [1, { type: "Recreate" }]);
  assertEquals(resources.filter(({ kind }) => kind === "PodDisruptionBudget"), []);
  for (const { spec: job } of resources.filter(({ kind }) => kind === "CronJob")) {
    const [rule] =
      job.jobTemplate.spec.template.spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    assertEquals(rule.topologyKey, "kubernetes.io/hostname");
    assertEquals(rule.labelSelector.matchLabels, spec.selector.matchLabels);
  }
});

Deno.test("a change of the configuration replaces the pods, unless they reload it", async () => {
  const checksumsOf = async (...set: string[]) => {
    const deployment = resource(resourcesOf(await render(valuesOf("aws", ...set))), "Deployment");
    return deployment.spec.template.metadata.annotations;
  };
  const before = await checksumsOf();
  const after = await checksumsOf("config.grace=48h");
  assertEquals(before["checksum/settings"], after["checksum/settings"]);
  assert(before["checksum/config"] !== after["checksum/config"]);
  const kept = await checksumsOf("config.grace=48h", "replacePodsOnConfigChange=false");
  assertEquals(kept, { "checksum/settings": before["checksum/settings"] });
  assert((await checksumsOf("storage.aws.table=other"))["checksum/settings"] !== before["checksum/settings"]);
});

Deno.test("metrics have a Service of their own, which a ServiceMonitor selects, and not the one for clients", () => {
  const resources = rendered.get("bare-metal")!;
  const settings = resource(resources, "ConfigMap", "skerry-settings").data!;
  const port = Number(settings[variables.metricsPort]);
  assertEquals(settings[variables.metricsHost], "0.0.0.0");
  const service = resource(resources, "Service", "skerry-metrics");
  assertEquals(service.spec.ports, [{ name: "metrics", port, targetPort: port }]);
  const { selector, endpoints } = resource(resources, "ServiceMonitor").spec;
  for (const [name, value] of Object.entries(selector.matchLabels)) {
    assertEquals(service.metadata.labels![name], value);
  }
  assertEquals(endpoints, [{ port: "metrics", path: "/metrics", interval: "30s" }]);
  const pod = resource(resources, "Deployment").spec.template.metadata.labels;
  assertEquals(service.spec.selector, pod);
  const policy = resource(resources, "NetworkPolicy", "skerry-metrics").spec;
  assertEquals(policy.ingress[0].ports, [{ port }]);
  const clients = resource(resources, "Service", "skerry");
  assertEquals(clients.spec.ports.map(({ name }: { name: string }) => name), ["http"]);
  for (const [name, value] of Object.entries(clients.metadata.labels!)) {
    if (name === "app.kubernetes.io/component") assert(value !== selector.matchLabels[name]);
  }
});

Deno.test("without metrics.enabled, no pod serves metrics", () => {
  const resources = rendered.get("aws")!;
  const settings = resource(resources, "ConfigMap", "skerry-settings").data!;
  assertEquals(settings[variables.metricsPort], undefined);
  assertEquals(resources.filter(({ metadata }) => metadata.name.endsWith("-metrics")), []);
});

/** Values that the chart refuses, and a part of the reason. */
const REFUSED: [example: string, value: string, reason: string][] = [
  ["folder", "replicas=2", "/replicas"],
  ["folder", "autoscaling.enabled=true", "/autoscaling/enabled"],
  ["folder", "storage.mode=aws", "/storage/aws/bucket"],
  ["aws", "storage.aws.bucket=", "/storage/aws/bucket"],
  ["aws", "storage.aws.secretAccessKey=x", "secretAccessKey"],
  ["aws", "replica=2", "replica"],
  ["aws", "image.repository=", "/image/repository"],
  ["aws", "image.repository=skerry:1", "/image/repository"],
  ["aws", "config.auth.users.root=x", "/config/auth"],
  ["aws", "config.purgeToken=x", "purgeToken"],
  ["aws", "config.storage=folder", "storage"],
  ["aws", "existingConfig.secret=x", "/existingConfig/secret"],
  ["aws", "httpRoute.hostnames=null", "missing property 'hostnames'"],
  ["aws", "cronJobs.scrub.args[0]=repair", "/cronJobs/scrub/args/0"],
  ["aws", "metrics.serviceMonitor.enabled=true", "/metrics/serviceMonitor/enabled"],
  ["aws", "autoscaling.minReplicas=1", "/autoscaling/minReplicas"],
  ["aws", "terminationGracePeriodSeconds=19", "terminationGracePeriodSeconds must be"],
];

for (const [example, value, reason] of REFUSED) {
  Deno.test(`${example}: the chart refuses ${value}`, async () => {
    const { code, stderr } = await template(valuesOf(example, value));
    assertEquals(code, 1);
    assertStringIncludes(stderr, reason);
  });
}

Deno.test("the pods run the image of the Containerfile with its user, port, folder and program", async () => {
  const text = await Deno.readTextFile(new URL("../../../Containerfile", import.meta.url));
  const { securityContext, containers } = resource(rendered.get("folder")!, "Deployment").spec.template.spec;
  const [{ ports: [{ containerPort }], volumeMounts, command }] = containers;
  const { runAsUser, runAsGroup, fsGroup } = securityContext;
  assertStringIncludes(text, `\nUSER ${runAsUser}:${runAsGroup}\n`);
  assertEquals(fsGroup, runAsGroup);
  assertStringIncludes(text, `\nEXPOSE ${containerPort}\n`);
  const data = volumeMounts.find(({ name }: { name: string }) => name === "data");
  assertStringIncludes(text, `\nVOLUME ${data.mountPath}\n`);
  assertEquals(command, undefined); // Arguments of a job follow the ENTRYPOINT.
  const [, program] = /\nENTRYPOINT \["(\S+)"\]\n/.exec(text)!;
  const page = await Deno.readTextFile(new URL("../../../docs/kubernetes.md", import.meta.url));
  assertStringIncludes(page, ` -- ${program} check\n`);
});
