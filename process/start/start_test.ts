import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { freePort } from "../../tests/harness/ports.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** `deno task start` as a child of a shell that waits for it. */
async function startTask(env: Record<string, string>): Promise<{ shell: Deno.ChildProcess; url: string }> {
  const port = freePort();
  const shell = new Deno.Command("sh", {
    // Not the last command, or the shell would make way for it.
    args: ["-c", `"$0" task --quiet start; exit $?`, Deno.execPath()],
    cwd: ROOT,
    env: { PORT: `${port}`, HOST: "127.0.0.1", NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  while (!await isLive(url)) await new Promise((resolve) => setTimeout(resolve, 20));
  return { shell, url };
}

async function isLive(url: string): Promise<boolean> {
  try {
    return await (await fetch(`${url}/livez`)).text() === "ok\n";
  } catch {
    return false;
  }
}

async function withFolder(test: (data: string) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  try {
    await test(data);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

Deno.test("deno task start ends with the npx that started it", async () => {
  await withFolder(async (data) => {
    const { shell, url } = await startTask({ SKERRY_DATA: data, npm_command: "exec" });
    shell.kill("SIGKILL");
    const { stdout } = await shell.output(); // ends when the registry does, which has the same pipe
    assertEquals(await isLive(url), false);
    assertStringIncludes(new TextDecoder().decode(stdout), '"message":"Shutting down","signal":"SIGTERM"');
  });
});

/** Runs process/start/start.ts until the registry is ready, and stops it with SIGTERM. */
async function startAndStop(
  settings: Record<string, string>,
): Promise<{ code: number; log: string }> {
  const port = freePort();
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "process/start/start.ts"],
    cwd: ROOT,
    env: { PORT: `${port}`, SKERRY_LOG: "json", ...settings },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let log = "";
  const errors = new Response(process.stderr).text();
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    log += text;
    if (!text.includes("Listening")) continue;
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    await ready?.body?.cancel();
    if (ready?.status === 200) process.kill("SIGTERM");
  }
  return { code: (await process.status).code, log: log + await errors };
}

Deno.test("deno task start hands SIGTERM on and ends with the registry's exit code", async () => {
  await withFolder(async (data) => {
    const { code, log } = await startAndStop({ SKERRY_DATA: data });
    assertEquals(code, 0);
    assertStringIncludes(log, '"message":"Shutting down"');
  });
});

Deno.test("deno task start makes a data folder whose parent is missing, for its owner alone", async () => {
  await withFolder(async (folder) => {
    const data = `${folder}/parent/data`;
    const { code, log } = await startAndStop({ SKERRY_DATA: data });
    assertEquals(code, 0, log);
    assert((await Deno.stat(`${data}/table.sqlite`)).isFile);
    for (const made of [data, `${folder}/parent`]) assertEquals((await Deno.stat(made)).mode! & 0o777, 0o700);
  });
});

Deno.test("deno task start reads a configuration file that is in another folder than the data", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/etc/skerry.yaml`;
    await Deno.mkdir(`${folder}/etc`);
    await Deno.writeTextFile(path, "data: ../srv/skerry/data\n");
    const { code, log } = await startAndStop({ SKERRY_CONFIG: path });
    assertEquals(code, 0, log);
    assertStringIncludes(log, `"data":"${folder}/srv/skerry/data"`);
  });
});

Deno.test("deno task start prints the errors of the configuration", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "process/start/start.ts"],
    cwd: ROOT,
    env: { PORT: "none" },
  }).output();
  assertEquals(code, 1);
  assert(new TextDecoder().decode(stderr).startsWith("Cannot use the configuration:\n  port (PORT)"));
});
