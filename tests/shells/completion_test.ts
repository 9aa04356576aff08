/** The completion of commands in real shells. */
import { assertEquals } from "@std/assert";
import { COMMANDS } from "../../cli/testing/mod.ts";
import { runCommand } from "../../cli/mod.ts";
import { tool } from "../tools/tool.ts";
import { checkSyntax, offersOf, typeIn } from "./shell.ts";

/** Runs a test with the completion for a shell in a folder with some files. */
async function withCompletion(
  shell: "bash" | "zsh" | "fish",
  test: (place: { folder: string; script: string }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-shell-" });
  try {
    const config = () => Promise.reject(new Error("A completion needs no configuration"));
    let text = "";
    assertEquals(
      await runCommand(["completion", shell], { config, print: (line) => text += `${line}\n` }),
      0,
    );
    const script = `${folder}/completion`;
    await Deno.writeTextFile(script, text);
    await Deno.mkdir(`${folder}/backup`);
    for (const name of ["target.yaml", "two words"]) await Deno.writeTextFile(`${folder}/${name}`, "");
    await checkSyntax(shell, script);
    await test({ folder, script });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Typed lines, and the words that they become. */
const TYPED: Record<string, string[]> = {
  "skerry delete-r\ta/b": ["delete-repository", "a/b"],
  "skerry back\t": ["backup"], // not the folder of this name
  "skerry tok\tcr\t--desc\tci": ["token", "create", "--description", "ci"],
  "skerry scrub --rep\t--js\t": ["scrub", "--repair", "--json"],
  "skerry copy --to targ\t": ["copy", "--to", "target.yaml"],
  "skerry copy --to=targ\t": ["copy", "--to=target.yaml"],
  "skerry restore two\t": ["restore", "two words"],
  "skerry completion zs\t": ["completion", "zsh"],
  "skerry help prov\t": ["help", "provision"],
  "skerry token list targ\t": ["token", "list", "targ"], // no file is expected
  "skerry events ret\tx": ["events", "retry", "x"],
  "skerry events --de\t": ["events", "--dead"],
  "skerry events --json --de\t": ["events", "--json", "--dead"],
  "skerry nothing targ\t": ["nothing", "targ"],
};

Deno.test("completion in bash completes commands, options, files and choices", async () => {
  await withCompletion("bash", async (place) => {
    const ran = await typeIn("bash", Object.keys(TYPED), place);
    assertEquals(ran, Object.values(TYPED));
    const { code, stdout } = await new Deno.Command(await tool("shellcheck"), {
      args: ["--shell=bash", place.script],
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stdout));
  });
});

Deno.test("completion in zsh completes commands, options, files and choices", async () => {
  await withCompletion("zsh", async (place) => {
    const ran = await typeIn("zsh", Object.keys(TYPED), place);
    // zsh completes an option together with the "=" before its value.
    const expected = { ...TYPED, "skerry tok\tcr\t--desc\tci": ["token", "create", "--description=ci"] };
    assertEquals(ran, Object.values(expected));
  });
});

Deno.test("completion in fish offers commands, options, files and choices", async () => {
  await withCompletion("fish", async ({ folder, script }) => {
    const offers = (line: string) => offersOf(line, script, folder);
    const groups = Object.keys(COMMANDS).map((name) => name.split(" ")[0]!);
    assertEquals((await offers("skerry ")).sort(), [...new Set([...groups, "help"])].sort());
    assertEquals(await offers("skerry tok"), ["token"]);
    assertEquals(await offers("skerry token cr"), ["create"]);
    assertEquals(await offers("skerry token create --desc"), ["--description"]);
    assertEquals(await offers("skerry scrub --repair --js"), ["--json"]);
    assertEquals(await offers("skerry scrub --js"), ["--json"]);
    assertEquals(await offers("skerry copy --to targ"), ["target.yaml"]);
    assertEquals(await offers("skerry copy --to=targ"), ["--to=target.yaml"]);
    assertEquals(await offers("skerry restore targ"), ["target.yaml"]);
    assertEquals(await offers("skerry completion zs"), ["zsh"]);
    assertEquals(await offers("skerry help prov"), ["provision"]);
    assertEquals(await offers("skerry token list targ"), []);
    assertEquals(await offers("skerry --ver"), ["--version"]);
    assertEquals(await offers("skerry events ret"), ["retry"]);
    assertEquals(await offers("skerry events --de"), ["--dead"]);
    assertEquals(await offers("skerry events retry --de"), []);
  });
});
