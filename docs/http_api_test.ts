import { assert, assertEquals } from "@std/assert";
import { COMMON_STATUSES, ENDPOINTS } from "../routes/testing/parts.ts";

const PAGE = await Deno.readTextFile(new URL("http-api.md", import.meta.url));

const ROWS = Object.values(ENDPOINTS).flat();

/** Cells of every table row in a section of the page. */
function rowsOf(section: string): string[][] {
  const text = PAGE.split(`\n## ${section}\n`)[1]?.split("\n## ")[0] ?? "";
  return text.split("\n").filter((line) => line.startsWith("|")).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}

Deno.test("docs/http-api.md has every row of the endpoint table, and no other", () => {
  const expected = ROWS.map(([id, methods, target, ...statuses]) =>
    `${id} ${methods} \`${target}\` ${statuses.join(", ")}`
  );
  const found = rowsOf("Endpoints").slice(2).map(([id, methods, target, _purpose, statuses]) =>
    `${id} ${methods} ${target} ${statuses}`
  );
  assertEquals(found.toSorted(), expected.toSorted());
});

Deno.test("docs/http-api.md explains every status of the endpoint table except success", () => {
  const listed = [...ROWS.flatMap(([, , , ...statuses]) => statuses), ...COMMON_STATUSES];
  const expected = new Set(listed.filter((status) => status > 204));
  const explained = rowsOf("Statuses").map(([status]) => Number(status)).filter((status) => status > 0);
  assertEquals(explained.toSorted(), [...expected].toSorted());
  const common = PAGE.split("\nAny endpoint may also answer:\n")[1]?.split("\nEvery answer")[0] ?? "";
  assertEquals([...common.matchAll(/^\| (\d{3}) /gm)].map(([, status]) => Number(status)), COMMON_STATUSES);
});

/** Path of a target without its query, with a pattern for each placeholder. */
function patternOf(target: string): RegExp {
  const path = target.split("?")[0]!.replaceAll(/[.*+]/g, "\\$&");
  return new RegExp(`^${path.replaceAll("<name>", "[a-z<>/]+").replaceAll(/<[^>]+>/g, "[^/]+")}$`);
}

Deno.test("docs/http-api.md names no endpoint that the table lacks", () => {
  const patterns = ROWS.map(([, , target]) => patternOf(target));
  const named = [
    ...PAGE.matchAll(/`(?:[A-Z, ]+ )?(\/[^`?]*)[^`]*`/g),
    ...PAGE.matchAll(/http:\/\/127\.0\.0\.1:8000(\/[^\s?"'`]*)/g),
  ].map(([, path]) => path!);
  assert(named.length > 40, `${named.length} paths`);
  assertEquals(named.filter((path) => !patterns.some((pattern) => pattern.test(path))), []);
});
