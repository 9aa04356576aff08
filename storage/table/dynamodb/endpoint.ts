import { isPlain, regionalUrl } from "../../aws/mod.ts";
import type { DynamoOptions } from "./options.ts";

type EndpointOptions = Pick<DynamoOptions, "table" | "region" | "endpoint">;

/** URL that requests go to; its path ends in a slash. */
export async function endpointOf(options: EndpointOptions): Promise<URL> {
  return withSlash(await plainEndpoint(options) ?? await (await importSdk()).sdkEndpoint(options));
}

/** URL that depends on no more than the options; `undefined` if the AWS SDK must find it. */
export async function plainEndpoint(
  { table, region, endpoint }: EndpointOptions,
  env?: Parameters<typeof isPlain>[0],
): Promise<URL | undefined> {
  if (table.startsWith("arn:") || !await isPlain(env)) return undefined;
  return endpoint === undefined ? regionalUrl("dynamodb", region) : new URL(endpoint);
}

function withSlash(url: URL): URL {
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

// By a computed name: Deno loads the modules of literal imports before the first line runs.
const importSdk = (): Promise<typeof import("./sdk_endpoint.ts")> =>
  import(new URL("./sdk_endpoint.ts", import.meta.url).href);
