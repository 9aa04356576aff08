/**
 * A Prometheus server of Debian, as a process of its own.
 *
 * @module
 */
import { freePort } from "../../harness/ports.ts";
import { tool } from "../../tools/tool.ts";

/** Options of {@linkcode startPrometheus}. */
export interface PrometheusOptions {
  /** `host:port` of the metrics. */
  readonly target: string;
  /** Path of a file with alert rules. */
  readonly rules: string;
}

/** A running server. */
export interface Prometheus extends AsyncDisposable {
  /**
   * Expressions of this list that return no number within two minutes, as `name: expression`. Each is tried again until
   * then, because a rate needs some scrapes.
   */
  withoutData(expressions: readonly (readonly [name: string, expression: string])[]): Promise<string[]>;
  /** Names of alerts that fire. */
  firing(): Promise<string[]>;
}

/** Maximum milliseconds until the server answers, and until expressions have data. */
const LIMIT_MS = 120_000;

/** Starts a server that scrapes a target each second. */
export async function startPrometheus({ target, rules }: PrometheusOptions): Promise<Prometheus> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-prometheus-" });
  const port = freePort();
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [rules],
    scrape_configs: [{ job_name: "skerry", static_configs: [{ targets: [target] }] }],
  };
  // JSON is YAML.
  await Deno.writeTextFile(`${folder}/prometheus.yaml`, JSON.stringify(config));
  const child = new Deno.Command(await tool("prometheus"), {
    args: [
      `--config.file=${folder}/prometheus.yaml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;

  async function dispose(): Promise<void> {
    child.kill("SIGKILL");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }

  /** Numbers that an expression returns. */
  async function query(expression: string): Promise<number[]> {
    const response = await fetch(`${url}/api/v1/query`, {
      method: "POST",
      body: new URLSearchParams({ query: expression }),
    });
    const { status, error, data } = await response.json();
    if (status !== "success") throw new Error(`Cannot evaluate ${expression}: ${error}`);
    return data.result.map(({ value: [, text] }: { value: [number, string] }) => Number(text));
  }

  try {
    await until(() => isReady(url));
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    async withoutData(expressions) {
      let missing = [...expressions];
      await until(async () => {
        const answers = await Promise.all(missing.map(([, expression]) => query(expression)));
        missing = missing.filter((_, index) => !answers[index]!.some(Number.isFinite));
        return missing.length === 0;
      }).catch(() => {});
      return missing.map(([name, expression]) => `${name}: ${expression}`);
    },
    async firing() {
      const { data } = await (await fetch(`${url}/api/v1/alerts`)).json();
      return data.alerts.filter(({ state }: { state: string }) => state === "firing")
        .map(({ labels }: { labels: { alertname: string } }) => labels.alertname);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/-/ready`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // it does not listen yet
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  while (!await condition()) {
    if (Date.now() > end) throw new Error("Prometheus does not answer as expected");
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
