// The bundle as a process, which may use no package and no source beside it.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { dirname, join } from "node:path";
import { EMPTY, imageOf, pushBlob, pushManifest } from "../tests/harness/content.ts";
import { freePort } from "../tests/harness/ports.ts";
import { type RegistryProcess, startRegistry } from "../tests/harness/registry_process.ts";
import { ADMINISTRATOR, authSetting, basic } from "../tests/harness/secured.ts";
import { bundle } from "./mod.ts";

const ALONE = ["--no-npm", "--no-remote"];

/** Late and literal imports of one file of the bundle, and its programs. */
const IMPORTED = /(?:from|import|import\(|new URL\()\s*"(\.?\/?[\w./-]+\.js)"/g;

async function withBundle(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-bundle-" });
  try {
    await bundle(folder);
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a command of the bundle, and returns what it wrote. */
async function run(folder: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...ALONE, "--allow-all", join(folder, "main.js"), ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

async function pushAndPull(
  { url }: Pick<RegistryProcess, "url">,
  headers: Record<string, string>,
): Promise<void> {
  const send = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, headers: { ...headers, ...init.headers as Record<string, string> } });
  const image = imageOf("bundled");
  await pushBlob(send, "hello", EMPTY);
  await pushManifest(send, "hello", image, "latest");
  assertEquals(await (await send("/v2/hello/manifests/latest")).bytes(), image.bytes);
}

Deno.test("bundle() refuses a folder with other content", async () => {
  const folder = await Deno.makeTempDir({ prefix: "skerry-bundle-" });
  try {
    await Deno.writeTextFile(join(folder, "main.js"), "");
    await Deno.mkdir(join(folder, "data"));
    const error = await assertRejects(() => bundle(folder), Error);
    assertEquals(error.message, `Cannot bundle to "${folder}": it has other content, such as "data"`);
    assertEquals(await Deno.readTextFile(join(folder, "main.js")), "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("bundle() writes a registry that runs alone", async (t) => {
  await withBundle(async (folder) => {
    const main = join(folder, "main.js");
    const permissions = [...ALONE, "--allow-all"];

    await t.step("every file that a file imports is there", async () => {
      for await (const { name } of Deno.readDir(folder)) {
        const text = await Deno.readTextFile(join(folder, name));
        for (const [, target] of text.matchAll(IMPORTED)) {
          assert((await Deno.stat(join(folder, target!))).isFile, `${name} imports ${target}`);
        }
      }
    });

    await t.step("push and pull on a folder", async () => {
      await using registry = await startRegistry({ main, permissions });
      await pushAndPull(registry, {});
    });

    await t.step("pages and the files that they load", async () => {
      await using registry = await startRegistry({ main, permissions });
      const page = await (await fetch(registry.url, { headers: { Accept: "text/html" } })).text();
      const files = [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
      assertEquals(new Set(files.map((path) => path.split(".").at(-1))), new Set(["css", "svg", "js"]));
      for (const path of files) {
        const response = await fetch(registry.url + path);
        assertEquals(response.status, 200);
        assert((await response.text()).length > 100);
      }
    });

    await t.step("push and pull with a password, which a thread checks", async () => {
      const port = freePort();
      const env = await authSetting(port, {});
      await using registry = await startRegistry({ main, permissions, port, env });
      await pushAndPull(registry, { Authorization: basic(ADMINISTRATOR) });
    });

    await t.step("push and pull with workers", async () => {
      await using registry = await startRegistry({ main, permissions, env: { SKERRY_WORKERS: "2" } });
      for (let i = 0; i < 8; i++) await pushAndPull(registry, { Connection: "close" });
    });

    await t.step("push and pull with the permissions that its program gives it", async () => {
      const port = freePort();
      const data = await Deno.makeTempDir({ prefix: "skerry data-" });
      const env = {
        PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
        PORT: `${port}`,
        SKERRY_DATA: data,
      };
      const skerry = (...args: string[]) =>
        new Deno.Command(join(folder, "skerry"), { args, env, stdout: "null", stderr: "inherit" });
      const registry = skerry().spawn();
      const isReady = async () => (await skerry("ready").output()).success;
      for (let tries = 0; tries < 100 && !(await isReady()); tries++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await pushAndPull({ url: `http://127.0.0.1:${port}` }, {});
      registry.kill("SIGTERM");
      assertEquals((await registry.status).code, 0);
      assertEquals(await isReady(), false);
      await Deno.remove(data, { recursive: true });
    });

    await t.step(
      "credentials for kubelet, with an empty environment and the permissions for them",
      async () => {
        const program = new Deno.Command(join(folder, "skerry"), {
          args: ["credential-provider"],
          clearEnv: true,
          env: { PATH: `${dirname(Deno.execPath())}:/usr/bin:/bin` },
          stdin: "piped",
          stdout: "piped",
          stderr: "inherit",
        }).spawn();
        const request = {
          apiVersion: "credentialprovider.kubelet.k8s.io/v1",
          kind: "CredentialProviderRequest",
          image: "registry.test/app",
        };
        await new Response(JSON.stringify(request)).body!.pipeTo(program.stdin);
        const { code, stdout } = await program.output();
        const { kind, auth } = JSON.parse(new TextDecoder().decode(stdout));
        assertEquals({ code, kind, auth }, { code: 0, kind: "CredentialProviderResponse", auth: {} });
      },
    );

    await t.step("commands, and the AWS SDK", async () => {
      assertMatch(await run(folder, ["version"]), /^skerry \d/);
      assertMatch(await run(folder, ["config", "check"]), /^port:/);
      const aws = {
        SKERRY_STORAGE: "aws",
        SKERRY_S3_BUCKET: "bucket",
        SKERRY_DYNAMODB_TABLE: "table",
        AWS_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: "key",
        AWS_SECRET_ACCESS_KEY: "secret",
        AWS_ENDPOINT_URL: "http://127.0.0.1:1",
      };
      // Nothing listens there; the SDK says so.
      assertMatch(await run(folder, ["provision"], aws), /^FAILED +table "table": connect ECONNREFUSED/m);
    });
  });
});
