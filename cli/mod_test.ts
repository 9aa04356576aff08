import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readSettings } from "../settings.ts";
import { StartError } from "../start_error.ts";
import { runCommand } from "./mod.ts";

/** What a command line comes to, with a configuration that knows no AWS. */
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

/** What a command line writes to the error stream. */
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

Deno.test("runCommand() names every command when it is asked for help", async () => {
  for (const args of [["help"], ["--help"], ["-h"], ["provision", "--help"]]) {
    const { code, printed } = await run(...args);
    assertEquals(code, 0);
    const names = ["serve", "check", "provision", "collect", "scrub", "retain", "delete-repository"];
    for (const name of [...names, "backup", "restore", "copy", "help"]) {
      assertMatch(printed, new RegExp(`^  ${name} `, "m"));
    }
  }
});

Deno.test("runCommand() says how it is used where it is misused", async () => {
  assertMatch(await misuse("serv"), /^No such command: "serv"\n\nUsage: deno task skerry <command>/);
  assertMatch(await misuse("constructor"), /^No such command: "constructor"/);
  assertMatch(await misuse("provision", "--dryrun"), /^Unknown option '--dryrun'.*Usage: /s);
  assertMatch(await misuse("delete-repository"), /^No such repository can be: ""/);
  assertMatch(
    await misuse("delete-repository", "a", "b"),
    /^Expected no more than the repository: got 2 operands/,
  );
  assertMatch(await misuse("delete-repository", "A"), /^No such repository can be: "A"/);
  assertMatch(await misuse("scrub", "--rate=fast"), /^No such rate: "fast"/);
  assertMatch(await misuse("serve", "now"), /^Unexpected argument 'now'.*Usage: /s);
  assertMatch(await misuse("restore"), /^Which backup\? skerry restore --list names them/);
  assertMatch(await misuse("restore", "one", "two"), /^Expected no more than the backup: got 2 operands/);
  assertMatch(await misuse("backup", "file"), /^Unexpected argument 'file'/);
  assertMatch(await misuse("copy"), /^Copy where\? --to names the configuration file/);
});

Deno.test("runCommand() has nothing to check or to provision where the storage is not AWS", async () => {
  for (const command of ["check", "provision"]) {
    await assertRejects(() => run(command), StartError, 'SKERRY_STORAGE is "folder" and not "aws"');
  }
});
