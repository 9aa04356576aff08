import { assert, assertEquals } from "@std/assert";
import { fakeApp } from "../tests/harness/app.ts";
import { type Endpoint, ENDPOINTS, type RouteKind } from "./endpoints.ts";
import { readRequest } from "./testing/routes.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

/** Values of each placeholder in a target. */
const VALUES: Record<string, string[]> = {
  "name": ["team/app", "a"],
  "digest": [DIGEST, `sha512:${"b".repeat(128)}`],
  "tag or digest": ["v1", DIGEST],
  "tag": ["v1"],
  "id": ["0123456789abcdef"],
  "algorithm": ["sha256", "sha512"],
  "number": ["7"],
  "type": ["application/spdx+json"],
  "service": ["registry.test"],
  "scope": ["repository:team/app:pull"],
  "text": ["shop"],
  "next": ["v1"],
  "place": ["annotation"],
  "account": ["user:alice"],
  "action": ["pull"],
  "order": ["newest"],
  "boolean": ["true", "false"],
};

/** Values that no placeholder may have. */
const MALFORMED = ["A%2fb!", "", "..", `sha256:${"A".repeat(64)}`];

/** Every target with each placeholder replaced by each of its values. */
function examplesOf(target: string, values = VALUES): string[] {
  const [placeholder, name] = /<([^>]+)>/.exec(target) ?? [];
  if (placeholder === undefined) return [target];
  const known = values[name!];
  assert(known !== undefined, `no example of ${placeholder}`);
  return known.flatMap((value) => examplesOf(target.replace(placeholder, value), values));
}

const ROWS = Object.entries(ENDPOINTS).flatMap(([kind, rows]) =>
  rows.map((row): [RouteKind, Endpoint] => [kind as RouteKind, row])
);

Deno.test("createApp() reads every example of a row as the kind that has the row", async () => {
  let count = 0;
  for (const [kind, [, methods, target]] of ROWS) {
    for (const method of methods.split(", ")) {
      for (const example of examplesOf(target)) {
        assertEquals((await readRequest(method, example)).route?.kind, kind, `${method} ${example}`);
        count++;
      }
    }
  }
  assert(count > 80, `${count} examples`);
});

Deno.test("createApp() refuses malformed values with a status of the row", async () => {
  let count = 0;
  for (const [kind, [, methods, target, ...statuses]] of ROWS) {
    for (const name of new Set([...target.matchAll(/<([^>]+)>/g)].map(([, name]) => name!))) {
      for (const example of examplesOf(target, { ...VALUES, [name]: MALFORMED })) {
        const { route, status } = await readRequest(methods.split(", ")[0]!, example);
        if (route !== undefined) continue;
        assert(statuses.includes(status), `${status} of ${example} is not in a row of ${kind}`);
        count++;
      }
    }
  }
  assert(count > 100, `${count} refused`);
});

Deno.test("ENDPOINTS has a row for every request once, and every number of distribution-spec", () => {
  const requests = ROWS.flatMap(([, [, methods, target]]) =>
    methods.split(", ").map((method) => `${method} ${target}`)
  );
  assertEquals(requests.length, new Set(requests).size);
  const ids = ROWS.map(([, [id]]) => id).filter((id) => id !== "");
  assertEquals(
    ids.toSorted(),
    [1, 2, 3, "4a", "4b", "4c", 5, 6, "7a", "7b", 8, 9, 10, 11, 12, 13, 14].map((end) => `end-${end}`)
      .toSorted(),
  );
});

Deno.test("ENDPOINTS has every endpoint of the extensions that discover lists", async () => {
  const paths = ROWS.map(([, [, , target]]) => target.split("?")[0]!);
  for (const [place, prefix] of [["/v2/", "/v2/"], ["/v2/team/app/", "/v2/<name>/"]]) {
    const response = await fakeApp({}).request(`${place}_oci/ext/discover`);
    const { extensions } = await response.json() as { extensions: { endpoints: string[] }[] };
    for (const endpoint of extensions.flatMap(({ endpoints }) => endpoints)) {
      assert(paths.includes(`${prefix}${endpoint}`), endpoint);
    }
  }
});
