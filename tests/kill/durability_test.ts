import { assertEquals } from "@std/assert";
import { traceDurability } from "./durability.ts";
import { parseTrace } from "./system_calls.ts";

const ANSWER = '1 sendto(9<socket:[1]>, "HTTP/1.1 201 Created\\r\\n"..., 20, MSG_NOSIGNAL, NULL, 0) = 20';
const FILE = [
  '2 openat(AT_FDCWD</>, "/d/a.staged", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0666) = 5</d/a.staged>',
  '2 write(5</d/a.staged>, "abc", 3)   = 3',
];
const SYNC = "2 fdatasync(5</d/a.staged>)         = 0";
const RENAME = '2 rename("/d/a.staged", "/d/a.object") = 0';
const SYNC_FOLDER = "3 fsync(6</d>)                      = 0";
const COMMIT = [
  '1 pwrite64(7</d/table.sqlite-wal>, "x"..., 24, 0) = 24',
  "1 fsync(7</d/table.sqlite-wal>)     = 0",
];

function problemsOf(...lines: string[]): string[] {
  return traceDurability(parseTrace(lines.join("\n")), "/d").problems;
}

Deno.test("traceDurability() finds nothing wrong when all is synced in its order", () => {
  const lines = [...FILE, SYNC, RENAME, SYNC_FOLDER, ...COMMIT, ANSWER];
  const report = traceDurability(parseTrace(lines.join("\n")), "/d");
  assertEquals(report, { problems: [], answers: [{ status: 201, files: 1, folders: 1, commits: 1 }] });
});

Deno.test("traceDurability() tells of a file that is renamed and answered before it is synced", () => {
  assertEquals(problemsOf(...FILE, RENAME, SYNC_FOLDER, ANSWER), [
    "/d/a.staged is renamed before its content is synced",
    "Answer 0 is 201, and /d/a.staged is not synced",
  ]);
});

Deno.test("traceDurability() reports a folder that is not synced before the table names a file in it", () => {
  assertEquals(problemsOf(...FILE, SYNC, RENAME, ...COMMIT, SYNC_FOLDER, ANSWER), [
    "The table is written before /d, which has a new object, is synced",
  ]);
});

Deno.test("traceDurability() tells of a commit that is not synced before its answer", () => {
  assertEquals(problemsOf(COMMIT[0]!, ANSWER, COMMIT[1]!), [
    "Answer 0 is 201, and /d/table.sqlite-wal is not synced",
  ]);
});

Deno.test("traceDurability() does not count a sync for writes during it, or a failed one", () => {
  const early = ["3 fdatasync(5</d/a.staged> <unfinished ...>", FILE[1]!, "3 <... fdatasync resumed>) = 0"];
  assertEquals(problemsOf(FILE[0]!, SYNC_FOLDER, ...early, ANSWER).length, 1);
  const failed = "2 fdatasync(5</d/a.staged>)         = -1 EIO (Input/output error)";
  assertEquals(problemsOf(FILE[0]!, SYNC_FOLDER, FILE[1]!, failed, ANSWER).length, 1);
});

Deno.test("traceDurability() looks at its folder alone, and at no answer that refuses", () => {
  assertEquals(problemsOf('2 write(1</e/log>, "abc", 3) = 3', ANSWER), []);
  assertEquals(problemsOf(...FILE, ANSWER.replace("201 Created", "404 Not Found")), []);
});
