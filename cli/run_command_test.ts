import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { readSettings, StartError } from "../config/mod.ts";
import { COMMANDS } from "./commands.ts";
import { runCommand } from "./run_command.ts";

/** Result of a command line, with a configuration without AWS. */
async function run(
  ...args: string[]
): Promise<{ code: number | undefined; served: boolean; printed: string }> {
  let printed = "";
  let served = false;
  const code = await runCommand(args, {
    serve: () => Promise.resolve(void (served = true)),
    config: () => Promise.resolve(readSettings({})!),
    print: (text) => printed += `${text}\n`,
  });
  return { code, served, printed };
}

/** Text that a command line writes to the error stream. */
async function misuse(...args: string[]): Promise<string> {
  const { error } = console;
  let said = "";
  console.error = (text: string) => said += text;
  try {
    assertEquals(await run(...args), { code: 2, served: false, printed: "" });
  } finally {
    console.error = error;
  }
  return said;
}

Deno.test("runCommand() serves, and leaves the process going", async () => {
  assertEquals(await run("serve"), { code: undefined, served: true, printed: "" });
});

Deno.test("runCommand() refuses to serve in a program that has only the other commands", async () => {
  const { error } = console;
  let said = "";
  console.error = (text: string) => said += text;
  try {
    const config = () => Promise.resolve(readSettings({})!);
    assertEquals(await runCommand(["serve"], { config, print: () => {} }), 2);
  } finally {
    console.error = error;
  }
  assertStringIncludes(said, "Cannot serve: this program has only the other commands");
});

Deno.test("runCommand() names every command when it is asked for help", async () => {
  for (const args of [[], ["help"], ["--help"], ["-h"]]) {
    const { code, printed } = await run(...args);
    assertEquals(code, 0);
    for (const name of Object.keys(COMMANDS)) assertMatch(printed, new RegExp(`^  ${name} `, "m"));
  }
});

Deno.test("runCommand() with --help explains each command and its options, and runs none", async () => {
  for (const [name, { summary, options = {}, operands = [] }] of Object.entries(COMMANDS)) {
    const words = name.split(" ");
    for (
      const args of [["help", ...words], [...words, "--help"], [...words, "-h"], [...words, "x", "--help"]]
    ) {
      const { code, printed, served } = await run(...args);
      assertEquals([code, served], [0, false]);
      assertStringIncludes(printed, `${summary}.\n\nUsage: deno task skerry ${name}`);
      for (const option of Object.keys(options)) assertMatch(printed, new RegExp(`^  --${option}\\b.*`, "m"));
      for (const operand of operands) assertMatch(printed, new RegExp(`^  ${operand.name} .*`, "m"));
    }
  }
  const group = await run("help", "token");
  assertMatch(
    group.printed,
    /^ {2}token create .*\n {2}token list .*\n {2}token keep .*\n {2}token revoke .*\n$/m,
  );
});

Deno.test("runCommand() takes --help after -- for an operand", async () => {
  assertMatch(
    await misuse("delete-repository", "--", "--help"),
    /^Expected the name of a repository, got "--help"/,
  );
});

Deno.test("runCommand() prints the version", async () => {
  for (const word of ["version", "--version"]) {
    const { code, printed } = await run(word);
    assertEquals(code, 0);
    assertMatch(printed, /^skerry \d+\.\d+\.\d+\S* \(deno \d+\.\d+\.\d+\)\n$/);
  }
});

Deno.test("runCommand() prints one line about a misuse and how to get help", async () => {
  for (
    const [args, message] of [
      ["a\x1b[2J", 'No such command: "a\\u001b[2J". Run "deno task skerry help" for help'],
      ["serv", 'No such command: "serv". Run "deno task skerry help" for help'],
      ["help serv", 'No such command: "serv". Run "deno task skerry help" for help'],
      ["constructor", 'No such command: "constructor". Run "deno task skerry help" for help'],
      ["token", 'No such command: "token". Run "deno task skerry help token" for help'],
      ["provision --dryrun", "Unknown option '--dryrun'. Run \"deno task skerry help provision\" for help"],
      [
        "backup --to",
        "Option '--to <value>' argument missing. Run \"deno task skerry help backup\" for help",
      ],
      [
        "backup --to --x",
        "Option '--to' argument is ambiguous. Run \"deno task skerry help backup\" for help",
      ],
      ["serve now", 'Unexpected argument "now". Run "deno task skerry help serve" for help'],
      ["restore one two", 'Unexpected argument "two". Run "deno task skerry help restore" for help'],
      [
        "restore",
        'Missing BACKUP: --list prints the names of all backups. Run "deno task skerry help restore" for help',
      ],
      ["copy", 'Missing --to FILE. Run "deno task skerry help copy" for help'],
      ["token revoke", 'Missing ID. Run "deno task skerry help token revoke" for help'],
    ] as const
  ) {
    assertEquals(await misuse(...args.split(" ")), message);
  }
  assertMatch(await misuse("delete-repository", "A"), /^Expected the name of a repository, got "A"/);
  assertMatch(await misuse("scrub", "--rate=fast"), /^Expected a size such as "8MiB" for --rate, got "fast"/);
});

Deno.test("runCommand() has nothing to check or to provision where the storage is not AWS", async () => {
  for (const command of ["check", "provision"]) {
    await assertRejects(() => run(command), StartError, 'SKERRY_STORAGE is "folder", not "aws"');
  }
});
