import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { sbom } from "../../bundle/sbom.ts";
import manifest from "../../deno.json" with { type: "json" };
import { containersStorage } from "../clients/containers_storage.ts";
import { openWorkbench } from "../clients/workbench.ts";
import { digestOf, EMPTY, imageOf, pushBlob, pushManifest } from "../harness/content.ts";
import { startS3 } from "../s3/mod.ts";
import { createTable, CREDENTIALS, CREDENTIALS_ENV, startDynalite } from "../services/mod.ts";
import {
  buildImage,
  type Container,
  dataFolder,
  openBaseImages,
  RUN_OPTIONS,
  startContainer,
  unmountedAtEnd,
} from "./image.ts";

const PLAIN = "--tls-verify=false";
const SBOM_TYPE = "application/vnd.cyclonedx+json";

/** Pushes an image by requests and pulls it again. */
async function pushAndPull({ url }: Container, repository: string): Promise<void> {
  const send = (path: string, init?: RequestInit) => fetch(url + path, init);
  const image = imageOf(repository);
  await pushBlob(send, repository, EMPTY);
  await pushManifest(send, repository, image, "latest");
  await assertPulls({ url }, repository);
}

async function assertPulls({ url }: Pick<Container, "url">, repository: string): Promise<void> {
  const pulled = await fetch(`${url}/v2/${repository}/manifests/latest`);
  assertEquals([pulled.status, await pulled.bytes()], [200, imageOf(repository).bytes]);
}

Deno.test("the container image", async (t) => {
  await using bench = await openWorkbench();
  await using _mounts = unmountedAtEnd(bench.folder);
  const built = await openBaseImages(bench);
  const image = `${bench.host}/${bench.repository("skerry")}`;
  const digest = await buildImage(bench, built, `${image}:1`);
  const podman = (env: Record<string, string>, ...args: string[]) => bench.run("podman", args, { env });

  await t.step(
    "has the same digest when it is built again",
    async () => {
      assertEquals(await buildImage(bench, built, "again", ["--no-cache"]), digest);
    },
  );

  await t.step("tells a user without rights, its data folder, its labels and its health check", async () => {
    await buildImage(bench, built, "docker", ["--format=docker"]);
    const [{ Config: config, Healthcheck: check }] = JSON.parse(
      await podman(built, "image", "inspect", "docker"),
    );
    assertEquals([config.User, config.Volumes], ["65532:65532", { "/data": {} }]);
    assertEquals(config.Entrypoint, ["/opt/skerry/skerry"]);
    assertEquals(config.Labels["org.opencontainers.image.version"], "1.2.3");
    assertEquals(config.Labels["org.opencontainers.image.licenses"], manifest.license);
    assertEquals(check.Test, ["CMD", "/opt/skerry/skerry", "ready"]);
  });

  await t.step("is pushed to Skerry, and its bill of materials is attached and found", async () => {
    await bench.run("buildah", ["push", "--quiet", PLAIN, `${image}:1`], { env: built });
    const text = JSON.stringify(await sbom());
    await Deno.writeTextFile(`${bench.folder}/sbom.json`, text);
    const attach = ["attach", "--plain-http", `--artifact-type=${SBOM_TYPE}`, `${image}:1`];
    await bench.run("oras", [...attach, `sbom.json:${SBOM_TYPE}`]);
    const args = ["discover", "--plain-http", `--artifact-type=${SBOM_TYPE}`, "--format=json", `${image}:1`];
    const { referrers } = JSON.parse(await bench.run("oras", args));
    assertEquals(referrers.length, 1);
    await bench.run("oras", ["pull", "--plain-http", "-o", "pulled", referrers[0].reference]);
    assertEquals(await Deno.readTextFile(`${bench.folder}/pulled/sbom.json`), text);
  });

  const pulled = await containersStorage(bench, "pulled-images", "overlay");
  await t.step("is pulled from Skerry, with the same configuration", async () => {
    await podman(pulled, "pull", "--quiet", PLAIN, `${image}:1`);
    const id = (env: Record<string, string>) =>
      podman(env, "image", "inspect", "--format={{.Id}}", `${image}:1`);
    assertEquals(await id(pulled), await id(built));
  });

  await t.step("serves a folder, with a read-only root and no capability, and stops on SIGTERM", async () => {
    await using stack = new AsyncDisposableStack();
    const data = await dataFolder(stack);
    const container = await startContainer(pulled, `${image}:1`, { data });
    stack.use(container);
    await pushAndPull(container, "folder");
    assertEquals(await podman(pulled, "exec", container.name, "/opt/skerry/skerry", "ready"), "ok\n");
    const commandLine = (await podman(pulled, "exec", container.name, "cat", "/proc/1/cmdline")).split("\0");
    assertEquals(commandLine[0], "deno");
    assert(commandLine.includes("--cached-only"));
    assert(commandLine.includes("--allow-write=/data"), commandLine.join(" "));
    assert(
      !commandLine.includes("--allow-all") && !commandLine.includes("--allow-run"),
      commandLine.join(" "),
    );
    assertEquals(await container.kill("TERM"), 0);
    assertStringIncludes(container.log(), '"message":"Shutting down","signal":"SIGTERM"');
    assert(!container.log().includes("NotCapable"), container.log());

    const next = await startContainer(pulled, `${image}:1`, { data });
    stack.use(next);
    await assertPulls(next, "folder");
  });

  await t.step("serves with workers", async () => {
    await using container = await startContainer(pulled, `${image}:1`, { env: { SKERRY_WORKERS: "2" } });
    for (let i = 0; i < 4; i++) await pushAndPull(container, `workers${i}`);
  });

  await t.step("serves S3 and DynamoDB by its environment, and writes no file", async () => {
    await using s3 = await startS3({ credentials: CREDENTIALS });
    await using dynalite = await startDynalite();
    await createTable(dynalite.endpoint, "registry");
    await using stack = new AsyncDisposableStack();
    const data = await dataFolder(stack);
    await using container = await startContainer(pulled, `${image}:1`, {
      data,
      env: {
        ...CREDENTIALS_ENV,
        SKERRY_STORAGE: "aws",
        SKERRY_S3_BUCKET: s3.bucket,
        SKERRY_S3_PATH_STYLE: "on",
        SKERRY_DYNAMODB_TABLE: "registry",
        AWS_ENDPOINT_URL_S3: s3.endpoint,
        AWS_ENDPOINT_URL_DYNAMODB: dynalite.endpoint,
      },
    });
    await pushAndPull(container, "aws");
    assert(s3.requests.PutObject! > 0);
    assertEquals(await Array.fromAsync(Deno.readDir(data)), []);
  });

  await t.step("runs a command", async () => {
    const version = await podman(pulled, "run", ...RUN_OPTIONS, `${image}:1`, "version");
    assertMatch(version, new RegExp(`^skerry ${manifest.version} \\(deno ${Deno.version.deno}\\)`));
  });

  await t.step("loses no acknowledged push when its process is killed", async () => {
    await using stack = new AsyncDisposableStack();
    const data = await dataFolder(stack);
    const acknowledged: string[] = [];
    let container = await startContainer(pulled, `${image}:1`, { data });
    for (let round = 0; round < 3; round++) {
      const pushers = Array.from(
        { length: 8 },
        (_, pusher) => pushUntilKilled(container, `${round}-${pusher}`, acknowledged),
      );
      await new Promise((resolve) => setTimeout(resolve, 700 + 300 * round));
      assertEquals(await container.kill("KILL"), 137);
      await Promise.all(pushers);
      container = await startContainer(pulled, `${image}:1`, { data });
      for (const digest of acknowledged) {
        const response = await fetch(`${container.url}/v2/kill/manifests/${digest}`);
        assertEquals([response.status, digestOf(await response.bytes())], [200, digest]);
      }
    }
    stack.use(container);
    assert(acknowledged.length > 20, `only ${acknowledged.length} pushes`);
    console.log(`${acknowledged.length} acknowledged pushes, 3 kills, none lost`);
  });
});

/** Pushes images until the container does not answer any more, and notes the acknowledged ones. */
async function pushUntilKilled({ url }: Container, pusher: string, acknowledged: string[]): Promise<void> {
  const send = (path: string, init?: RequestInit) => fetch(url + path, init);
  try {
    for (let i = 0;; i++) {
      const image = imageOf(`${pusher}-${i}`);
      await pushBlob(send, "kill", EMPTY);
      await pushManifest(send, "kill", image, `t${pusher}-${i}`);
      acknowledged.push(image.digest);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // the error of a connection that breaks
  }
}
