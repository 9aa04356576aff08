import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { freePort } from "../../tests/harness/ports.ts";
import { startRegistry } from "../../tests/harness/registry_process.ts";
import { startOptions } from "./start_options.ts";
import { startS3 } from "../../tests/s3/mod.ts";
import { createTable, CREDENTIALS, REGION, startDynalite } from "../../tests/services/mod.ts";

const ROOT = new URL("../../", import.meta.url);

/** The arguments of Deno that `deno task start` runs a registry at AWS with. */
function startArguments(): string[] {
  const options = startOptions({ storage: "aws", data: "" }, fileURLToPath(ROOT));
  return ["run", "--no-prompt", ...options, fileURLToPath(new URL("main.ts", ROOT))];
}

/** The environment of this process without any key: other tests set some. */
function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !/^(AWS|SKERRY)_/.test(name)),
  );
}

/** AWS's token service, which issues credentials for this token. */
function startSts(token: string): AsyncDisposable & { endpoint: string; asked: () => number } {
  let asked = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const form = new URLSearchParams(await request.text());
    if (form.get("Action") !== "AssumeRoleWithWebIdentity" || form.get("WebIdentityToken") !== token) {
      return new Response(null, { status: 403 });
    }
    asked++;
    return new Response(
      `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
        <AccessKeyId>${CREDENTIALS.accessKeyId}</AccessKeyId>
        <SecretAccessKey>${CREDENTIALS.secretAccessKey}</SecretAccessKey>
        <SessionToken>session</SessionToken>
        <Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>
      </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
      { headers: { "Content-Type": "text/xml" } },
    );
  });
  const { port } = server.addr;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    asked: () => asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("main serves from AWS by a role and without a key, as Deno Deploy lets it", async () => {
  await using s3 = await startS3({ credentials: CREDENTIALS });
  await using dynalite = await startDynalite();
  await using sts = startSts("a token of the platform's");
  await createTable(dynalite.endpoint, "registry");
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  await Deno.writeTextFile(`${folder}/token`, "a token of the platform's");
  const port = freePort();
  {
    await using process = new Deno.Command(Deno.execPath(), {
      args: startArguments(),
      cwd: folder,
      clearEnv: true,
      env: {
        ...inherited(),
        DENO_DEPLOY: "1",
        PORT: `${port}`,
        SKERRY_STORAGE: "aws",
        SKERRY_S3_BUCKET: s3.bucket,
        SKERRY_S3_PATH_STYLE: "on",
        SKERRY_DYNAMODB_TABLE: "registry",
        AWS_REGION: REGION,
        AWS_ENDPOINT_URL_S3: s3.endpoint,
        AWS_ENDPOINT_URL_DYNAMODB: dynalite.endpoint,
        AWS_ENDPOINT_URL_STS: sts.endpoint,
        AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/skerry",
        AWS_WEB_IDENTITY_TOKEN_FILE: `${folder}/token`,
      },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = process.output();
    const url = `http://127.0.0.1:${port}`;
    let status: number | undefined;
    while (status !== 200) {
      const response = await fetch(`${url}/readyz`).catch(() => undefined);
      await response?.body?.cancel();
      status = response?.status;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    process.kill("SIGTERM");
    const { code, stdout, stderr } = await output;
    const log = new TextDecoder().decode(stdout);
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    assert(!log.includes('"level":"error"'), log);
  }
  assert(sts.asked() > 0);
  assert(s3.requests.GetObject! > 0);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("main is not ready while the bucket is missing, and logs the reason", async () => {
  await using s3 = await startS3({ credentials: CREDENTIALS });
  await using dynalite = await startDynalite();
  await createTable(dynalite.endpoint, "registry");
  await using registry = await startRegistry({
    env: {
      SKERRY_STORAGE: "aws",
      SKERRY_S3_BUCKET: "missing",
      SKERRY_S3_PATH_STYLE: "on",
      SKERRY_S3_VERIFIES_CONTENT: "on",
      SKERRY_DYNAMODB_TABLE: "registry",
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynalite.endpoint,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    },
  });
  const response = await fetch(`${registry.url}/readyz`);
  assertEquals([response.status, await response.text()], [503, "unavailable\n"]);
  await registry.kill("SIGTERM");
  assertStringIncludes(registry.log(), "Not ready: cannot use the storage");
  assertStringIncludes(registry.log(), "NoSuchBucket");
});
