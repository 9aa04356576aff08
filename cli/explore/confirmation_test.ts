import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { folderConfig, withFolder, withStorage } from "../testing/mod.ts";
import { fillTeam } from "./testing/fixture.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Output and exit code of `skerry rollback` on a terminal of its own, where the operator types an answer. */
async function rollBack(data: string, answer: string): Promise<{ shown: string; code: number }> {
  const child = new Deno.Command("script", {
    args: [
      ...["--quiet", "--return", "--command"],
      `${Deno.execPath()} run --quiet --allow-all ${MAIN} rollback team/app:latest`,
      "/dev/null",
    ],
    env: { NO_COLOR: "1", SKERRY_DATA: data, SKERRY_LOG: "off" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const keyboard = child.stdin.getWriter();
  let shown = "";
  let hasAnswered = false;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    shown += text;
    if (hasAnswered || !shown.includes("[y/N]")) continue;
    hasAnswered = true;
    await keyboard.write(new TextEncoder().encode(`${answer}\n`));
  }
  await keyboard.close().catch(() => {}); // the terminal is gone
  return { shown, code: (await child.status).code };
}

const ignore = Deno.build.os !== "linux"; // elsewhere `script` takes other arguments

Deno.test("rollback asks on a terminal, and moves the tag only after a yes", { ignore }, async () => {
  await withFolder(async (folder) => {
    await withStorage(folderConfig(folder), ({ registry }) => fillTeam(registry));
    for (const answer of ["yesterday"]) {
      const { shown, code } = await rollBack(folder, answer);
      assertStringIncludes(shown, "Not moved");
      assertEquals(code, 1);
    }
    const { shown, code } = await rollBack(folder, "y");
    assertStringIncludes(shown, 'Moved "team/app:latest" from ');
    assertEquals(code, 0);
  });
});
