import { assertEquals } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { bytesOf, digestOf, EMPTY, pushImage } from "../../tests/harness/content.ts";
import { CREDENTIALS_ENV } from "../../tests/harness/credentials.ts";
import { startRegistry } from "../../tests/harness/registry_process.ts";
import { startS3 } from "../../tests/s3/mod.ts";
import { createTable, CREDENTIALS, startDynalite } from "../../tests/services/mod.ts";

/** An import map in which every package of AWS fails when it is loaded. */
async function withoutSdk(folder: string): Promise<string> {
  const failing = `data:text/javascript,throw new Error("The AWS SDK was loaded")`;
  const imports: Record<string, string> = { "@smithy/core/endpoints": failing };
  for (const [name, target] of Object.entries(manifest.imports)) {
    const isAws = /^@(aws-sdk|smithy)\//.test(name);
    imports[name] = isAws ? failing : target;
    if (!isAws && target.startsWith("npm:")) imports[`${name}/`] = `${target.replace("npm:", "npm:/")}/`;
  }
  const path = `${folder}/imports.json`;
  await Deno.writeTextFile(path, JSON.stringify({ imports }));
  return path;
}

/** Settings of the process: plain credentials, and a home without files of AWS. */
async function settings(home: string, s3: { bucket: string; endpoint: string }, dynamoDb: string) {
  const cache = Deno.env.get("DENO_DIR") ??
    `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/deno`;
  await createTable(dynamoDb, "registry");
  return {
    ...CREDENTIALS_ENV,
    HOME: home,
    DENO_DIR: cache,
    SKERRY_STORAGE: "aws",
    SKERRY_S3_BUCKET: s3.bucket,
    SKERRY_S3_PATH_STYLE: "on",
    SKERRY_DYNAMODB_TABLE: "registry",
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamoDb,
  };
}

Deno.test("main pushes, pulls and is ready at AWS without loading the AWS SDK", async () => {
  await using s3 = await startS3({ credentials: CREDENTIALS });
  await using dynalite = await startDynalite();
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  const permissions = ["--allow-all", "--no-lock", `--import-map=${await withoutSdk(folder)}`];
  const env = await settings(folder, s3, dynalite.endpoint);
  {
    await using registry = await startRegistry({ env, permissions });
    const send = (path: string, init?: RequestInit) => fetch(new URL(path, registry.url), init);
    const { digest } = await pushImage(send, "app", "latest");
    const absent = digestOf(bytesOf("absent"));
    for (
      const [path, expected] of [
        ["/readyz", 200],
        ["/v2/app/manifests/latest", 200],
        [`/v2/app/manifests/${digest}`, 200],
        [`/v2/app/blobs/${digestOf(EMPTY)}`, 200],
        [`/v2/app/blobs/${absent}`, 404],
        ["/v2/app/tags/list", 200],
      ] as const
    ) {
      const response = await send(path);
      await response.body?.cancel();
      assertEquals(response.status, expected, `${path}: ${registry.log()}`);
    }
  }
  await Deno.remove(folder, { recursive: true });
});
