import { assertEquals, assertMatch } from "@std/assert";
import { archive } from "../../bundle/archive.ts";
import manifest from "../../deno.json" with { type: "json" };
import { digestOf, EMPTY, imageOf, pushBlob, pushManifest } from "../harness/content.ts";
import { freePort } from "../harness/ports.ts";
import { startS3 } from "../s3/mod.ts";
import { startProcess } from "../services/service_process.ts";
import { createTable, CREDENTIALS, CREDENTIALS_ENV, startDynalite } from "../services/mod.ts";
import { outputOf } from "./image.ts";

/** Environment of a machine without Deno and its caches. */
function emptyMachine(home: string): Record<string, string> {
  return { PATH: "/usr/bin:/bin", HOME: home, DENO_DIR: `${home}/deno-dir` };
}

/** Starts the program of the archive, pushes and pulls, and stops it. */
async function pushAndPull(folder: string, settings: Record<string, string> = {}): Promise<void> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { ...emptyMachine(folder), PORT: `${port}`, SKERRY_DRAIN: "0", ...settings };
  await using process = await startProcess("the archive", {
    program: "/usr/bin/env",
    args: [
      "--ignore-environment",
      ...Object.entries(env).map(([key, value]) => `${key}=${value}`),
      `${folder}/skerry-${manifest.version}/skerry`,
    ],
    cwd: folder,
    ready: async () => {
      const response = await fetch(`${url}/readyz`).catch(() => undefined);
      await response?.body?.cancel();
      return response?.status === 200;
    },
  });
  const send = (path: string, init?: RequestInit) => fetch(url + path, init);
  const image = imageOf("archive");
  await pushBlob(send, "a", EMPTY);
  await pushManifest(send, "a", image, "latest");
  assertEquals(await (await send("/v2/a/manifests/latest")).bytes(), image.bytes);
  Deno.kill(process.pid, "SIGTERM");
  assertEquals((await process.status).code, 0, process.log());
}

Deno.test("the archive runs alone, in an empty folder of a machine without Deno", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "skerry-archive-" });
  try {
    const path = await archive(`${folder}/first`);
    assertMatch(path, new RegExp(`/skerry-${manifest.version}-linux-(amd64|arm64)\\.tar\\.gz$`));
    await t.step("has the same bytes when it is written again", async () => {
      const again = await archive(`${folder}/second`);
      assertEquals(digestOf(await Deno.readFile(again)), digestOf(await Deno.readFile(path)));
    });
    await outputOf("tar", ["--extract", `--file=${path}`, `--directory=${folder}`]);

    await t.step("with a folder", () => pushAndPull(folder, { SKERRY_DATA: `${folder}/data` }));
    await t.step("with workers", async () => {
      await pushAndPull(folder, { SKERRY_DATA: `${folder}/more`, SKERRY_WORKERS: "2" });
    });
    await t.step("with S3 and DynamoDB", async () => {
      await using s3 = await startS3({ credentials: CREDENTIALS });
      await using dynalite = await startDynalite();
      await createTable(dynalite.endpoint, "registry");
      await pushAndPull(folder, {
        ...CREDENTIALS_ENV,
        SKERRY_STORAGE: "aws",
        SKERRY_S3_BUCKET: s3.bucket,
        SKERRY_S3_PATH_STYLE: "on",
        SKERRY_DYNAMODB_TABLE: "registry",
        AWS_ENDPOINT_URL_S3: s3.endpoint,
        AWS_ENDPOINT_URL_DYNAMODB: dynalite.endpoint,
      });
    });
    await t.step("with its commands, which import their code late", async () => {
      const run = async (...args: string[]) => {
        const env = [...Object.entries(emptyMachine(folder)).map(([key, value]) => `${key}=${value}`)];
        const program = `${folder}/skerry-${manifest.version}/skerry`;
        return await outputOf("/usr/bin/env", [
          "--ignore-environment",
          `SKERRY_DATA=${folder}/data`,
          ...env,
          program,
          ...args,
        ]);
      };
      assertMatch(await run("version"), new RegExp(`^skerry ${manifest.version} `));
      assertMatch(await run("config", "check"), /^port:/);
      assertMatch(await run("scrub"), /^Read \d+ items, .*: 0 findings/);
      assertMatch(await run("backup", "--to", `${folder}/backup`), /\d+ items/);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
