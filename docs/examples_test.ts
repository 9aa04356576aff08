import { assert, assertEquals } from "@std/assert";

/** The pages, and the shell commands in each. */
async function* shellBlocks(): AsyncGenerator<{ page: string; block: string }> {
  for await (const { name } of Deno.readDir(new URL(".", import.meta.url))) {
    if (!name.endsWith(".md")) continue;
    const text = await Deno.readTextFile(new URL(name, import.meta.url));
    for (const [, block] of text.matchAll(/```sh\n(.*?)```/gs)) yield { page: name, block: block! };
  }
}

/** Paths that a command writes: targets of redirections and of `--to`, and folders that it makes or copies into. */
const WRITTEN = [
  /(?<![=\w-])>>?\s*([^\s>&]+)/g,
  /--to[ =](\S+)/g,
  /\bmkdir(?: -\S+(?: \d+)?)* (\S+)/g,
  /\bcp (?:\S+ )+(\S+)/g,
];

Deno.test("no example of the documentation writes into the clone of the repository", async () => {
  const inClone: string[] = [];
  let seen = 0;
  for await (const { page, block } of shellBlocks()) {
    for (
      const target of WRITTEN.flatMap((pattern) => [...block.matchAll(pattern)]).map(([, target]) => target!)
    ) {
      seen++;
      if (!/^(~|\/|\$)/.test(target)) inClone.push(`${page}: ${target}`);
    }
  }
  assertEquals(inClone, []);
  assert(seen > 5, `${seen} targets found`);
});
