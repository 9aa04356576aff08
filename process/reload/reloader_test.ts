import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Config, readConfig, StartError } from "../../config/mod.ts";
import { type Prepared, Reloader } from "./reloader.ts";

/** A reloader whose configuration file the test writes, and what came of it. */
async function withReloader(
  first: string,
  test: (parts: {
    path: string;
    reloader: Reloader;
    /** Messages of the log, each with its fields. */
    log: string[];
    /** Called before each change is prepared. */
    hooks: { prepare: () => void | Promise<void> };
    steps: string[];
  }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  const path = `${folder}/skerry.yaml`;
  await Deno.writeTextFile(path, first);
  const environment = { SKERRY_CONFIG: path };
  const log: string[] = [];
  const steps: string[] = [];
  const hooks: { prepare: () => void | Promise<void> } = { prepare() {} };
  const prepare = async ({ maxManifestSize }: Config): Promise<Prepared> => {
    await hooks.prepare();
    const name = `${maxManifestSize / 2 ** 20}MiB`;
    return {
      commit: () => void steps.push(`commit ${name}`),
      discard: () => void steps.push(`discard ${name}`),
    };
  };
  const line = (message: string, fields: unknown = {}) =>
    void log.push(`${message} ${typeof fields === "string" ? fields : JSON.stringify(fields)}`);
  const reloader = new Reloader({
    config: await readConfig(environment),
    prepare,
    log: { info: line, warn: line, error: line },
    environment: () => environment,
  });
  try {
    await test({ path, reloader, log, hooks, steps });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const size = (mebibytes: number) => `maxManifestSize: ${mebibytes}MiB\n`;

Deno.test("Reloader.reload() discards a change if the file has changed since it was read", async () => {
  await withReloader(size(1), async ({ path, reloader, hooks, steps, log }) => {
    await Deno.writeTextFile(path, size(2));
    let count = 0;
    hooks.prepare = async () => {
      if (count++ === 0) await Deno.writeTextFile(path, size(3));
    };
    await reloader.reload();
    assertEquals(steps, ["discard 2MiB", "commit 3MiB"]);
    assertEquals(log, ['Configuration reloaded {"changed":"maxManifestSize"}']);
  });
});

Deno.test("Reloader.reload() reports an error of a file only when the file is complete", async () => {
  await withReloader(size(1), async ({ path, reloader, steps, log }) => {
    await Deno.writeTextFile(path, "maxManifestSize: [");
    const reloading = reloader.reload();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await Deno.writeTextFile(path, size(2));
    await reloading;
    assertEquals([steps, log.length], [["commit 2MiB"], 1]);
    await Deno.writeTextFile(path, "maxManifestSize: [");
    await reloader.reload();
    assertStringIncludes(
      log.at(-1)!,
      "Cannot reload the configuration: the previous one stays in use Cannot use",
    );
    assertEquals(steps.length, 1);
  });
});

Deno.test("Reloader.reload() leaves files alone that have the same content, if asked to", async () => {
  await withReloader(size(1), async ({ path, reloader, steps, log }) => {
    await reloader.reload({ ifChanged: true });
    assertEquals([steps, log], [[], []], "nothing has changed since the start");
    await Deno.writeTextFile(path, size(2));
    for (let i = 0; i < 3; i++) await reloader.reload({ ifChanged: true });
    assertEquals(steps, ["commit 2MiB"]);
    await Deno.writeTextFile(path, "{");
    for (let i = 0; i < 3; i++) await reloader.reload({ ifChanged: true });
    assertEquals([steps.length, log.length], [1, 2], "an error is reported once");
    await reloader.reload();
    assertEquals(log.length, 3);
  });
});

Deno.test("Reloader.reload() runs once for all that is asked while one is running", async () => {
  await withReloader(size(1), async ({ path, reloader, steps }) => {
    const first = reloader.reload();
    await new Promise((resolve) => setTimeout(resolve, 150));
    await Deno.writeTextFile(path, size(2));
    const others = Array.from({ length: 5 }, (_, i) => reloader.reload({ ifChanged: i % 2 === 0 }));
    await Promise.all([first, ...others]);
    assertEquals(steps.at(-1), "commit 2MiB");
    assertEquals(steps.length <= 3, true);
  });
});

Deno.test("Reloader.reload() changes nothing if the change cannot be prepared", async () => {
  await withReloader(size(1), async ({ path, reloader, hooks, steps, log }) => {
    await Deno.writeTextFile(path, size(2));
    hooks.prepare = () => {
      throw new StartError("auth: no such file");
    };
    await reloader.reload();
    assertEquals(steps, []);
    assertEquals(log, [
      "Cannot reload the configuration: the previous one stays in use auth: no such file",
    ]);
    hooks.prepare = () => {};
    await reloader.reload();
    assertEquals(log.at(-1), 'Configuration reloaded {"changed":"maxManifestSize"}');
  });
});

Deno.test("Reloader.watch() takes a change that comes while other files begin to be watched", async () => {
  await withReloader(size(1), async ({ path, reloader, hooks, steps }) => {
    const replace = (text: string) => {
      Deno.writeTextFileSync(`${path}~`, text);
      Deno.renameSync(`${path}~`, path);
    };
    const { watchFs } = Deno;
    let isLinked = false;
    Deno.watchFs = (...args) => {
      // The old watch is closed, and the new one does not see it.
      if (steps.includes("commit 2MiB") && !steps.includes("commit 3MiB")) replace(size(3));
      return watchFs(...args);
    };
    hooks.prepare = () => {
      if (!isLinked) return;
      isLinked = false;
      replace(size(2)); // the same content, but no link any more
    };
    try {
      await reloader.watch();
      await Deno.writeTextFile(`${path}.target`, size(2));
      await Deno.symlink(`${path}.target`, `${path}.link`);
      isLinked = true;
      await Deno.rename(`${path}.link`, path);
      for (let turn = 0; turn < 250 && !steps.includes("commit 3MiB"); turn++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assertEquals(steps, ["commit 2MiB", "commit 3MiB"]);
    } finally {
      Deno.watchFs = watchFs;
      reloader[Symbol.dispose]();
    }
  });
});
