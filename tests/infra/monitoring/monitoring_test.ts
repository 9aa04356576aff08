/** The alert rules and the dashboard of `infra/monitoring` against a real Prometheus server that scrapes a real registry. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { tool } from "../../tools/tool.ts";
import { run } from "../kubernetes/chart.ts";
import { startLoadedRegistry } from "./load.ts";
import { startPrometheus } from "./prometheus.ts";

const FOLDER = fileURLToPath(new URL("../../../infra/monitoring/", import.meta.url));
const UNIT_TESTS = fileURLToPath(new URL("alerts_test.yaml", import.meta.url));

/** Comparison at the end of an alert's expression. */
const THRESHOLD = /\s+(==|>)\s+[0-9.]+\s*$/;

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: Record<string, string>;
}

interface Panel {
  title: string;
  type: string;
  targets?: { expr: string }[];
}

async function rules(): Promise<Rule[]> {
  const { groups } = parse(await Deno.readTextFile(`${FOLDER}alerts.yaml`)) as {
    groups: { rules: Rule[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

/** Expressions of the dashboard by their panels, as Grafana sends them. */
async function panelExpressions(): Promise<[name: string, expression: string][]> {
  const { panels, annotations } = JSON.parse(await Deno.readTextFile(`${FOLDER}dashboard.json`)) as {
    panels: Panel[];
    annotations: { list: { expr: string }[] };
  };
  const resolved = (expression: string) =>
    expression.replaceAll("$__rate_interval", "20s").replaceAll("$job", "skerry").replaceAll(
      "$instance",
      ".*",
    );
  assert(annotations.list.every(({ expr }) => expr.startsWith("changes(process_start_time_seconds")));
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [title, resolved(expr)])
  );
}

Deno.test("promtool accepts the alert rules and the example of a configuration", async () => {
  const promtool = await tool("promtool");
  const checked = await run(promtool, ["check", "rules", `${FOLDER}alerts.yaml`]);
  assertEquals([checked.code, checked.stderr], [0, ""]);
  assertStringIncludes(checked.stdout, `SUCCESS: ${(await rules()).length} rules found`);
  const configured = await run(promtool, ["check", "config", `${FOLDER}prometheus.yaml`]);
  assertEquals(configured.code, 0, configured.stdout + configured.stderr);
});

Deno.test("each alert fires beyond its threshold, and none below", async () => {
  const { code, stdout, stderr } = await run(await tool("promtool"), ["test", "rules", UNIT_TESTS]);
  assertEquals(code, 0, stdout + stderr);
  const { tests } = parse(await Deno.readTextFile(UNIT_TESTS)) as {
    tests: { promql_expr_test: { exp_samples: { labels: string }[] }[] }[];
  };
  const fired = tests[0]!.promql_expr_test.at(-1)!.exp_samples.map(({ labels }) =>
    /"(\w+)"/.exec(labels)![1]
  );
  assertEquals(fired, (await rules()).map(({ alert }) => alert).sort());
});

Deno.test("each alert has a severity, a summary, and a section of the documentation that exists", async () => {
  for (const { alert, labels, annotations } of await rules()) {
    assert(["critical", "warning", "info"].includes(labels.severity), alert);
    assert(annotations.summary && annotations.description, alert);
    const [page, anchor] = annotations.documentation!.split("#");
    const text = await Deno.readTextFile(new URL(`../../../${page}`, import.meta.url));
    const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      heading!.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
    );
    assert(anchor === undefined || anchors.includes(anchor), `${alert}: ${annotations.documentation}`);
  }
});

Deno.test("every expression of the dashboard and of the alerts returns data from a registry under load", async () => {
  await using registry = await startLoadedRegistry();
  await using prometheus = await startPrometheus({ target: registry.metrics, rules: `${FOLDER}alerts.yaml` });
  const expressions = [
    ...await panelExpressions(),
    ...(await rules()).map(({ alert, expr }): [string, string] => {
      assert(THRESHOLD.test(expr), alert);
      return [alert, expr.replace(THRESHOLD, "")];
    }),
  ];
  assert(expressions.length > 60, String(expressions.length));
  assertEquals(await prometheus.withoutData(expressions), []);
  // The registry is well.
  assertEquals(await prometheus.firing(), []);
});
