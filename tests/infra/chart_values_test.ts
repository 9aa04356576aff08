/** The Helm chart against this repository, without Helm: a new setting must be allowed in its values. */
import { assertEquals } from "@std/assert";
import { schema } from "../../config/config.ts";
import { readChartFile } from "./kubernetes/chart.ts";

/** Settings that the chart sets itself, from other values. */
const OF_CHART = [
  ...["awsEndpoint", "awsRegion", "data", "drain", "dynamodbEndpoint", "dynamodbTable", "host", "port"],
  ...["metricsHost", "metricsPort"],
  ...["s3Bucket", "s3Endpoint", "s3PathStyle", "s3Prefix", "shutdownTimeout", "storage"],
];

/** Settings that are not written into a ConfigMap, or that pods have no use for: a Gateway or an Ingress ends TLS. */
const REFUSED = ["purgeToken", "tlsCert", "tlsKey", "webhooks", "workers"];

interface Schema {
  properties: { config: { properties: Record<string, unknown> } };
}

Deno.test("the values of the chart accept every other setting of the configuration file", async () => {
  const { properties } = await readChartFile<Schema>("values.schema.json");
  const accepted = Object.keys(properties.config.properties);
  const settings = Object.keys(schema.shape);
  const others = new Set([...OF_CHART, ...REFUSED]);
  assertEquals(accepted.sort(), settings.filter((key) => !others.has(key)).sort());
});

Deno.test("the chart runs the version of this repository by default", async () => {
  const { appVersion } = await readChartFile<{ appVersion: string }>("Chart.yaml");
  const { version } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assertEquals(appVersion, version);
});
