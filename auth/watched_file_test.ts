import { assertEquals, assertRejects } from "@std/assert";
import { Users, UsersError } from "./passwords/mod.ts";
import { FileError, WatchedFile, type WatchedFileOptions } from "./watched_file.ts";

const hash = (letter: string) => `$2y$05$${letter.repeat(53)}`;

/** File of user names, one a line. */
const open = (path: string, options: WatchedFileOptions) =>
  WatchedFile.open(path, (text) => Users.parse(text, `"${path}"`), options);

/** Runs `test` with a file that is read by a fake clock, long after each change. */
async function withFile(
  text: string,
  test: (file: {
    path: string;
    users: WatchedFile<Users>;
    complaints: string[];
    pass: (milliseconds: number) => void;
    known: (...names: string[]) => Promise<string[]>;
  }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/htpasswd`;
  await Deno.writeTextFile(path, text);
  let now = Date.now() + 3_600_000;
  const complaints: string[] = [];
  const failed = (error: unknown) => complaints.push((error as Error).message);
  try {
    const users = await open(path, { failed, now: () => now });
    const known = async (...names: string[]) => {
      const current = await users.current();
      return names.filter((name) => current.hashOf(name) !== undefined);
    };
    await test({ path, users, complaints, pass: (milliseconds) => now += milliseconds, known });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Replaces the file, as editors and tools do, by one of the same time and size. */
async function replace(path: string, text: string): Promise<void> {
  const { mtime, atime } = await Deno.stat(path);
  await Deno.writeTextFile(`${path}.new`, text);
  await Deno.utime(`${path}.new`, atime!, mtime!);
  await Deno.rename(`${path}.new`, path);
}

Deno.test("WatchedFile.open() rejects a missing or unusable file", async () => {
  const failed = () => {};
  await assertRejects(() => open("/nowhere/htpasswd", { failed }), FileError, "Cannot read");
  await withFile("", async ({ path }) => {
    await Deno.writeTextFile(path, "\nalice:{SHA}abc\n");
    await assertRejects(() => open(path, { failed }), UsersError, "line 2: Expected a bcrypt");
  });
});

Deno.test("WatchedFile.current() sees a change when a second has passed", async () => {
  await withFile(`alice:${hash("a")}\n`, async ({ path, pass, known }) => {
    await Deno.writeTextFile(path, `alice:${hash("a")}\nbob:${hash("b")}\n`);
    assertEquals(await known("alice", "bob"), ["alice"]);
    pass(999);
    assertEquals(await known("alice", "bob"), ["alice"]);
    pass(1);
    assertEquals(await known("alice", "bob"), ["alice", "bob"]);
  });
});

Deno.test("WatchedFile.current() sees a file that takes the place of another one of the same time and size", async () => {
  await withFile(`alice:${hash("a")}\n`, async ({ path, pass, known }) => {
    await replace(path, `carol:${hash("a")}\n`);
    pass(1000);
    assertEquals(await known("alice", "carol"), ["carol"]);
  });
});

Deno.test("WatchedFile.current() sees the second of two changes at the same time", async () => {
  await withFile(`alice:${hash("a")}\n`, async ({ path, pass, users, known }) => {
    const { atime } = await Deno.stat(path);
    const write = async (text: string) => {
      await Deno.writeTextFile(path, text);
      await Deno.utime(path, atime!, new Date(Date.now() + 3_600_000)); // the clock of this test
    };
    await write(`bobby:${hash("a")}\n`);
    pass(1000);
    await users.current();
    await write(`carol:${hash("a")}\n`);
    pass(1000);
    assertEquals(await known("alice", "bobby", "carol"), ["carol"]);
  });
});

Deno.test("WatchedFile.current() reads an unchanged file once", async () => {
  await withFile(`alice:${hash("a")}\n`, async ({ users, pass }) => {
    const before = await users.current();
    for (let i = 0; i < 3; i++) {
      pass(1000);
      assertEquals(await users.current() === before, true);
    }
  });
});

Deno.test("WatchedFile.current() keeps the earlier content and reports once if the file is missing or broken", async () => {
  await withFile(`alice:${hash("a")}\n`, async ({ path, pass, known, complaints }) => {
    const text = await Deno.readTextFile(path);
    await Deno.remove(path);
    for (let i = 0; i < 3; i++) {
      pass(1000);
      assertEquals(await known("alice"), ["alice"]);
    }
    await Deno.writeTextFile(path, `bob:${hash("b")}\nalice:secret\n`);
    for (let i = 0; i < 3; i++) {
      pass(1000);
      assertEquals(await known("alice", "bob"), ["alice"]);
    }
    await Deno.writeTextFile(path, `${text}bob:${hash("b")}\n`);
    pass(1000);
    assertEquals(await known("alice", "bob"), ["alice", "bob"]);
    await Deno.remove(path);
    pass(1000);
    assertEquals(await known("alice", "bob"), ["alice", "bob"]);
    assertEquals(complaints, [
      `Cannot read "${path}": No such file or directory`,
      `Cannot use "${path}", line 2: Expected a bcrypt hash with a cost from 4 to 14`,
      `Cannot read "${path}": No such file or directory`,
    ]);
  });
});
