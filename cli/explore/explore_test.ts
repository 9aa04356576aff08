import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { StartError } from "../../config/mod.ts";
import { runCommand } from "../run_command.ts";
import { folderConfig, withFolder, withStorage } from "../testing/mod.ts";
import { fillTeam, type Pushed } from "./testing/fixture.ts";

/** Result of a command line. */
interface Ran {
  code: number | undefined;
  lines: string[];
}

/** Runs a test with commands over a folder that has the content of the fixture. */
async function withCommands(
  test: (run: (...args: string[]) => Promise<Ran>, pushed: Pushed) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const config = folderConfig(folder);
    const pushed = await withStorage(config, ({ registry }) => fillTeam(registry));
    await test(async (...args) => {
      let text = "";
      const print = (line: string) => text += `${line}\n`;
      const code = await runCommand(args, { config: () => Promise.resolve(config), print });
      return { code, lines: text.trimEnd().split("\n") };
    }, pushed);
  });
}

/** Text that a command line writes to the error stream, with its exit code. */
async function failure(run: () => Promise<Ran>): Promise<string> {
  const { error } = console;
  let said = "";
  console.error = (text: string) => said += text;
  try {
    const { code } = await run().catch((error) => {
      if (!(error instanceof StartError)) throw error;
      said += error.message;
      return { code: 1 };
    });
    return `${code} ${said}`;
  } finally {
    console.error = error;
  }
}

/** Cells of the lines of a table. */
function cells(lines: string[]): string[][] {
  return lines.map((line) => line.split(/ {2,}/));
}

const AGE = /^\d+[smhdy]$/;

Deno.test("ls lists repositories, and filters by a part of the name or a pattern", async () => {
  await withCommands(async (run) => {
    const { code, lines } = await run("ls");
    assertEquals(code, 0);
    const [titles, app, other, ...rest] = cells(lines);
    assertEquals(titles, ["REPOSITORY", "TAGS", "NEWEST", "SIZE", "PUSHED", "BY"]);
    assertEquals(app!.slice(0, 3), ["team/app", "4", "all"]);
    assertMatch(app![4]!, AGE);
    assertEquals([other![0], other![1], other![2], rest], ["team/other", "1", "only", []]);

    const names = async (pattern: string) => {
      const { code, lines } = await run("ls", pattern, "--json");
      return { code, names: lines.filter(Boolean).map((line) => JSON.parse(line).name) };
    };
    assertEquals(await names("app"), { code: 0, names: ["team/app"] });
    assertEquals(await names("team/*"), { code: 0, names: ["team/app", "team/other"] });
    assertEquals(await names("**/other"), { code: 0, names: ["team/other"] });
    assertEquals(await names("{team/app,x}"), { code: 0, names: ["team/app"] });
    assertEquals(await names("team"), { code: 0, names: ["team/app", "team/other"] });
    assertEquals(await names("app*"), { code: 1, names: [] });
    assertEquals(await run("ls", "none"), { code: 1, lines: ['No repository matches "none"'] });
  });
});

Deno.test("tags lists tags by name or newest first, and filters them", async () => {
  await withCommands(async (run, { first, second, index }) => {
    const { code, lines } = await run("tags", "team/app");
    assertEquals(code, 0);
    const [titles, ...rows] = cells(lines);
    assertEquals(titles, ["TAG", "DIGEST", "KIND", "SIZE", "PUSHED", "BY", "PLATFORMS"]);
    assertEquals(rows.map((row) => row.slice(0, 3)), [
      ["all", index, "index"],
      ["latest", second, "image"],
      ["v1", first, "image"],
      ["v2", second, "image"],
    ]);
    assertEquals(rows[0]!.at(-1), "linux/amd64 linux/arm64");
    const named = async (...args: string[]) =>
      (await run("tags", "team/app", "--json", ...args)).lines.map((line) => JSON.parse(line).tag);
    assertEquals((await named("--newest"))[0], "all");
    assertEquals(await named("--filter", "v"), ["v1", "v2"]);
    assertEquals(await failure(() => run("tags", "team/none")), "1 Repository not found");
    assertMatch(await failure(() => run("tags", "A")), /^2 Expected the name of a repository, got "A"/);
  });
});

Deno.test("inspect shows a repository, an image, an index and a referrer", async () => {
  await withCommands(async (run, { second, first, report }) => {
    const repository = await run("inspect", "team/app");
    assertEquals(repository.lines.slice(0, 2), ["Repository: team/app", "Tags:       4"]);

    const { code, lines } = await run("inspect", "team/app:v2");
    const text = lines.join("\n");
    assertEquals(code, 0);
    assertStringIncludes(text, `Name:       team/app@${second}\n`);
    assertMatch(text, /^Platform: +linux\/arm64$/m);
    assertMatch(text, /^Entrypoint: \["\/app"\]$/m);
    assertMatch(text, /^Environment:\n {2}PATH=\/bin\n {2}VERSION=2$/m);
    assertMatch(text, /^ +1 +sha256:\S+ +2\.9 KiB +RUN make 2$/m);
    assertMatch(text, new RegExp(`^${report} +vulnerabilities +application/sarif\\+json$`, "m"));

    const index = (await run("inspect", "team/app:all")).lines.join("\n");
    assertMatch(index, new RegExp(`^linux/amd64 +${first} +image `, "m"));
    const json = JSON.parse((await run("inspect", `team/app@${second}`, "--json")).lines.join(""));
    assertEquals([json.digest, json.layers.length, json.tags.items], [second, 2, ["latest", "v2"]]);
    assertEquals(
      await failure(() => run("inspect", "team/app:none")),
      "1 Manifest not found in the repository",
    );
  });
});

Deno.test("inspect writes no control characters and no further lines of pushed texts", async () => {
  await withCommands(async (run) => {
    const { lines } = await run("inspect", "team/app:v1");
    const label = lines.find((line) => line.includes("org.example.note"))!;
    assertMatch(label, /^ {2}org\.example\.note=two lines /);
    // deno-lint-ignore no-control-regex -- The test is about them.
    assert(!/[\x00-\x1f\x7f\u202e]/.test(lines.join("")), label);
  });
});

Deno.test("diff shows layers and values of two versions, and platforms of indexes", async () => {
  await withCommands(async (run, { first }) => {
    const { code, lines } = await run("diff", "team/app", "v1", "v2");
    assertEquals(code, 1);
    const text = lines.join("\n");
    assertMatch(text, new RegExp(`^From: +v1 ${first}, `));
    assertMatch(text, /^Layers: +4\.9 KiB same, 2\.9 KiB added, 2 KiB removed$/m);
    assertMatch(text, /^- +sha256:\S+ +2 KiB +RUN make 1$/m);
    assertMatch(text, /^\+ +sha256:\S+ +2\.9 KiB +RUN make 2$/m);
    assertStringIncludes(text, "- environment VERSION: 1\n+ environment VERSION: 2");
    assertEquals((await run("diff", "team/app", "v2", "latest")).code, 0);
    const json = JSON.parse((await run("diff", "team/app", "v1", "v2", "--json")).lines.join(""));
    assertEquals(json.bytes, { same: 5000, added: 3000, removed: 2000 });
  });
});

Deno.test("history lists moves, and rollback moves a tag back", async () => {
  await withCommands(async (run, { first, second, index }) => {
    const moves = async () =>
      (await run("history", "team/app:latest", "--json")).lines.map((line) => JSON.parse(line));
    assertEquals((await moves()).map(({ digest }) => digest), [second, first]);
    const table = cells((await run("history", "team/app:latest")).lines);
    assertEquals(table[1]!.slice(1), [second, "anonymous", "current"]);

    const text = (verb: string, from: string, to: string) =>
      `${verb} "team/app:latest" from ${from} to ${to}`;
    const dry = await run("rollback", "team/app:latest", "--dry-run");
    assertEquals(dry, { code: 0, lines: [text("Would move", second, first)] });
    assertEquals((await moves()).length, 2);

    const done = await run("rollback", "team/app:latest", "--yes");
    assertEquals(done, { code: 0, lines: [text("Moved", second, first)] });
    assertEquals((await moves()).map(({ digest, by }) => [digest, by])[0], [first, "operator"]);

    const chosen = await run("rollback", "team/app:latest", index, "--yes", "--json");
    assertEquals(JSON.parse(chosen.lines.join("")).after, index);
    assertMatch(
      await failure(() => run("rollback", "team/app:v1", "--yes")),
      /^1 Cannot roll back "team\/app:v1": its history has no earlier manifest/,
    );
  });
});

Deno.test("du tells bytes of one repository from shared ones", async () => {
  await withCommands(async (run) => {
    const json = (await run("du", "--json")).lines.map((line) => JSON.parse(line));
    const uses = json.map(({ name, shared, blobs, manifests }) => [name, shared >= 5000, blobs, manifests]);
    assertEquals(uses, [["team/app", true, 7, 4], ["team/other", true, 2, 1]]);
    const [app] = json;
    assertEquals(app.total, app.own + app.shared + app.manifestBytes);
    assert(app.own > 5000 && app.own < 7000, `${app.own}`);
    const one = await run("du", "team/other");
    assertEquals([one.code, one.lines.length, one.lines[1]!.split(" ")[0]], [0, 2, "team/other"]);
    assertEquals(await run("du", "team/none"), { code: 1, lines: ['No such repository: "team/none"'] });
  });
});

Deno.test("status shows open uploads of a storage, and nothing of a process", async () => {
  await withCommands(async (run) => {
    const { code, lines } = await run("status");
    assertEquals([code, lines.slice(0, 3)], [0, [
      "Read-only:    no",
      "Events:       0 waiting for webhooks; 0 dead letters",
      "Open uploads: 0, 0 B",
    ]]);
    const json = JSON.parse((await run("status", "--json")).lines.join(""));
    assertEquals([json.uploads, json.quotas, json.version], [[], [], undefined]);
  });
});

Deno.test("commands of a running registry refuse a user name without an address", async () => {
  await withCommands(async (run) => {
    assertMatch(await failure(() => run("ls", "--username", "alice")), /^2 Missing --url for --username/);
    assertMatch(
      await failure(() => run("ls", "--url", "registry.test")),
      /^2 Expected the address of a registry/,
    );
    assertMatch(
      await failure(() => run("ls", "--url", "http://127.0.0.1:1")),
      /^1 Cannot reach http:\/\/127\.0\.0\.1:1/,
    );
  });
});
