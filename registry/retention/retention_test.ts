import { assertEquals, assertNotEquals } from "@std/assert";
import { parseRepositoryName } from "../../oci/mod.ts";
import { assertConsistent } from "../../tests/harness/invariants.ts";
import { laggingTable } from "../../tests/harness/lagging.ts";
import {
  content,
  digest,
  IMAGE,
  imageOf,
  indexOf,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import { codeOf } from "../../tests/harness/images.ts";
import { UNRESTRICTED_CALLER } from "../caller.ts";
import { pulledKey } from "../items/mod.ts";
import type { RetainOptions, Retirement } from "./retention.ts";
import type { KeepTags, RetentionRule } from "./retention_rules.ts";

const CONFIG = content(9, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** An image told from others by its name. */
function image(name: string, more: Record<string, unknown> = {}): Uint8Array<ArrayBuffer> {
  return imageOf(CONFIG, [], { annotations: { name }, ...more });
}

function subjectOf(bytes: Uint8Array): Record<string, unknown> {
  return { subject: { mediaType: IMAGE, digest: digest(bytes), size: bytes.length } };
}

async function open() {
  const stores = new TestStores();
  const process = stores.registry({ grace: HOUR, deadline: MINUTE });
  await pushBlob(process.registry, CONFIG);
  /** Names of the content that these rules delete, sorted. */
  const retain = async (rules: RetentionRule[], options: RetainOptions = {}): Promise<Retirement[]> =>
    (await Array.fromAsync(process.retain(rules, options))).sort((a, b) => a.name < b.name ? -1 : 1);
  const tags = async () => (await process.registry.listTags(REPOSITORY, {})).items.map(String);
  const isThere = async (bytes: Uint8Array) => {
    const manifests = (await stores.items()).filter(({ sk }) => sk === `manifest#${digest(bytes)}`);
    return manifests.length > 0;
  };
  return { ...process, stores, retain, tags, isThere };
}

const all = (...keepTags: KeepTags[]): RetentionRule[] => [{ repositories: ["**"], keepTags }];
const untagged = (untaggedFor: number): RetentionRule[] => [{ repositories: ["**"], untaggedFor }];

Deno.test("retain() goes by the first rule that matches the repository, and leaves those without one", async () => {
  const { registry, retain } = await open();
  const names = ["ci/app", "ci/app/deep", "cache/a", "cache/a/b", "other"];
  for (const name of names) {
    const repository = parseRepositoryName(name);
    await pushBlob(registry, CONFIG, repository);
    const push = {
      bytes: image("a"),
      contentType: IMAGE,
      reference: { tag: tag("x") },
      tags: [],
      condition: {},
    };
    await registry.putManifest(repository, UNRESTRICTED_CALLER, push);
  }
  const gone = await retain([
    { repositories: ["ci/app"], keepTags: [{ tags: ["x"] }] },
    { repositories: ["ci/**", "cache/*"], keepTags: [{ tags: ["y"] }] },
  ], { dryRun: true });
  assertEquals(gone.map(({ repository }) => repository as string).sort(), ["cache/a", "ci/app/deep"]);
  assertEquals(gone[0]!.reason, "Rule 2: no pattern matches");
  const some = await retain(all({ tags: ["y"] }), { dryRun: true, repository: "ci/*" });
  assertEquals(some.map(({ repository }) => repository as string), ["ci/app"]);
});

Deno.test("retain() keeps a tag that any entry keeps", async () => {
  const { stores, registry, retain, tags } = await open();
  await pushManifest(registry, image("old"), "v1", "pr-1", "latest", "nightly");
  stores.now += 30 * DAY;
  await pushManifest(registry, image("new"), "pr-2");
  stores.now += DAY;
  const gone = await retain(all({ tags: ["v*", "latest"] }, { tags: ["pr-*"], pushedWithin: 30 * DAY }));
  assertEquals(gone, [
    {
      kind: "tag",
      repository: REPOSITORY,
      name: "nightly",
      digest: digest(image("old")),
      reason: "Rule 1: no pattern matches",
      pending: false,
    },
    {
      kind: "tag",
      repository: REPOSITORY,
      name: "pr-1",
      digest: digest(image("old")),
      reason: "Rule 1: pushed 31d ago (kept 30d)",
      pending: false,
    },
  ]);
  assertEquals(await tags(), ["latest", "pr-2", "v1"]);
});

Deno.test("retain() keeps all tags where a rule says nothing of them", async () => {
  const { stores, registry, retain, tags } = await open();
  await pushManifest(registry, image("a"), "a");
  stores.now += 365 * DAY;
  assertEquals(await retain(untagged(DAY)), []);
  assertEquals(await tags(), ["a"]);
});

Deno.test("retain() keeps the newest of those that match, by name where they are as old, over many pages", async () => {
  const { stores, registry, retain, tags } = await open();
  const names = Array.from({ length: 230 }, (_, i) => `t${String(i).padStart(3, "0")}`);
  // The later a name, the earlier it was pushed, but for those of one push.
  for (const name of names.slice(10).reverse()) {
    await pushManifest(registry, image("a"), name);
    stores.now += MINUTE;
  }
  await pushManifest(registry, image("b"), ...names.slice(0, 10), "other");
  await retain(all({ tags: ["t*"], newest: 4 }, { tags: ["other"] }));
  assertEquals(await tags(), ["other", "t006", "t007", "t008", "t009"]);
  await retain(all({ tags: ["*"], newest: 2 }));
  assertEquals(await tags(), ["t008", "t009"]);
});

Deno.test("retain() counts a push that moves nothing as a push", async () => {
  const { stores, registry, retain, tags } = await open();
  await pushManifest(registry, image("a"), "a");
  await pushManifest(registry, image("b"), "b");
  stores.now += DAY;
  await pushManifest(registry, image("a"), "a");
  stores.now += 1;
  await retain(all({ tags: ["*"], pushedWithin: HOUR }));
  assertEquals(await tags(), ["a"]);
});

Deno.test("retain() keeps tags that were pulled, or else pushed, within the time", async () => {
  const { stores, registry, retain, tags } = await open();
  await pushManifest(registry, image("a"), "never", "pulled", "long-ago", "pushed-since");
  stores.now += DAY;
  for (const name of ["long-ago", "pushed-since"]) {
    await stores.table.putMany([{ ...pulledKey(REPOSITORY, tag(name)), attributes: { at: stores.now } }]);
  }
  stores.now += 10 * DAY;
  await stores.table.putMany([{ ...pulledKey(REPOSITORY, tag("pulled")), attributes: { at: stores.now } }]);
  await pushManifest(registry, image("b"), "young", "pushed-since");
  stores.now += 7 * DAY;
  const gone = await retain(all({ tags: ["*"], pulledWithin: 14 * DAY }));
  assertEquals(gone.map(({ name, reason }) => `${name}: ${reason}`), [
    "long-ago: Rule 1: pulled 17d ago (kept 14d)",
    "never: Rule 1: never pulled, pushed 18d ago (kept 14d)",
  ]);
  assertEquals(await tags(), ["pulled", "pushed-since", "young"]);
  // The last pull may have been an hour later than the push, or than the one that was written.
  stores.now += 7 * DAY + HOUR;
  assertEquals((await retain(all({ tags: ["*"], pulledWithin: 14 * DAY }))).length, 0);
  stores.now += HOUR;
  assertEquals((await retain(all({ tags: ["*"], pulledWithin: 14 * DAY }))).length, 3);
});

Deno.test("retain() keeps tags that are named after a manifest with it, and does not count them", async () => {
  const { stores, registry, retain, tags } = await open();
  const named = (name: string, end: string) => `${digest(image(name)).replace(":", "-")}${end}`;
  await pushManifest(registry, image("a"), "a");
  await pushManifest(registry, image("b"), "b");
  stores.now += 1;
  await pushManifest(registry, image("s"), named("a", ".sig"), named("b", ""));
  const rules: RetentionRule[] = [{
    repositories: ["**"],
    keepTags: [{ tags: ["*"], newest: 1 }],
    untaggedFor: 0,
  }];
  stores.now += 2 * HOUR;
  await retain(rules);
  assertEquals(await tags(), ["b", named("a", ".sig"), named("b", "")].sort());
  stores.now += 2 * HOUR;
  await retain(rules);
  stores.now += 2 * HOUR;
  await retain(rules);
  assertEquals(await tags(), ["b", named("b", "")]);
});

Deno.test("retain() keeps a tag that is named after a manifest of a moment ago although reads lag", async () => {
  const { stores, registry, tags } = await open();
  const name = digest(image("a")).replace(":", "-");
  const before = await stores.items();
  await pushManifest(registry, image("a"));
  await pushManifest(registry, image("s"), name);
  const { retain } = stores.registry({ grace: HOUR, table: laggingTable(stores.table, before) });
  await Array.fromAsync(retain(all({ tags: ["other"] })));
  assertEquals(await tags(), [name]);
});

Deno.test("retain() removes a manifest without a tag the grace period after it was marked for it", async () => {
  const { stores, registry, retain, isThere } = await open();
  await pushManifest(registry, image("a"));
  await pushManifest(registry, image("kept"), "kept");
  stores.now += 7 * DAY;
  assertEquals(await retain(untagged(7 * DAY)), []);
  stores.now += 1;
  const gone = {
    kind: "manifest" as const,
    repository: REPOSITORY,
    name: digest(image("a")),
    digest: digest(image("a")),
    reason: "Rule 1: untagged, pushed 7d ago (kept 7d)",
  };
  assertEquals(await retain(untagged(7 * DAY)), [{ ...gone, pending: true }]);
  stores.now += HOUR;
  assertEquals(await retain(untagged(7 * DAY)), [{ ...gone, pending: true }]);
  assertEquals(await isThere(image("a")), true);
  stores.now += 1;
  assertEquals(await retain(untagged(7 * DAY)), [{ ...gone, pending: false }]);
  assertEquals([await isThere(image("a")), await isThere(image("kept"))], [false, true]);
});

Deno.test("retain() changes the epoch when it removes one manifest and marks another", async () => {
  const { stores, epochs, registry, retain } = await open();
  await pushManifest(registry, image("a"));
  stores.now += HOUR + 1;
  await retain(untagged(0));
  await pushManifest(registry, image("b"));
  stores.now += HOUR + 1;
  const before = await epochs.read(REPOSITORY);
  assertEquals((await retain(untagged(0))).map(({ pending }) => pending).sort(), [false, true]);
  assertNotEquals(await epochs.read(REPOSITORY), before);
});

Deno.test("retain() condemns nothing younger than the grace period, by any rule", async () => {
  const { stores, registry, retain } = await open();
  await pushManifest(registry, image("a"));
  stores.now += HOUR;
  assertEquals(await retain(untagged(0)), []);
  stores.now += 1;
  assertEquals((await retain(untagged(0))).length, 1);
});

Deno.test("retain() counts from when a tag has left the manifest", async () => {
  const { stores, registry, retain } = await open();
  await pushManifest(registry, image("a"), "latest");
  stores.now += 30 * DAY;
  await pushManifest(registry, image("b"), "latest");
  stores.now += 7 * DAY;
  assertEquals(await retain(untagged(7 * DAY)), []);
  stores.now += 1;
  assertEquals((await retain(untagged(7 * DAY))).map(({ name }) => name), [digest(image("a"))]);
});

Deno.test("retain() counts from when a tag has left the manifest although it moved again since", async () => {
  const { stores, registry, retain } = await open();
  for (const name of ["a", "b", "c"]) {
    await pushManifest(registry, image(name), "latest");
    stores.now += 2 * DAY;
  }
  // The tag has left "a" four days ago, and "b" two days ago.
  assertEquals(await retain(untagged(4 * DAY)), []);
  stores.now += 1;
  assertEquals((await retain(untagged(4 * DAY))).map(({ name }) => name), [digest(image("a"))]);
});

Deno.test("retain() keeps the children of an index, and the referrers of a subject", async () => {
  const { stores, registry, retain, isThere } = await open();
  const child = image("child");
  const index = indexOf([child]);
  const referrer = image("signature", subjectOf(index));
  const second = image("signature of the signature", subjectOf(referrer));
  const lost = image("signature of nothing", subjectOf(image("nothing")));
  for (const bytes of [child, index, referrer, second, lost]) await pushManifest(registry, bytes);
  await pushManifest(registry, index, "latest");
  const states = () => Promise.all([child, index, referrer, second, lost].map(isThere));
  for (let run = 0; run < 3; run++) {
    stores.now += 2 * DAY;
    await retain(untagged(DAY));
  }
  assertEquals(await states(), [true, true, true, true, false]);
  await registry.deleteTag(REPOSITORY, tag("latest"));
  assertEquals((await retain(untagged(DAY))).length, 4);
  assertEquals(await states(), [true, true, true, true, false]);
  stores.now += 2 * HOUR;
  assertEquals((await retain(untagged(DAY))).map(({ pending }) => pending), [false, false, false, false]);
  assertEquals(await states(), [false, false, false, false, false]);
  const { items } = await registry.listReferrers(REPOSITORY, digest(index), { artifactTypes: [] });
  assertEquals(items, []);
});

Deno.test("retain() keeps an index that refers to its own child: neither could go first", async () => {
  const { stores, registry, retain } = await open();
  const child = image("child");
  const index = new TextEncoder().encode(
    JSON.stringify({ ...JSON.parse(new TextDecoder().decode(indexOf([child]))), ...subjectOf(child) }),
  );
  await pushManifest(registry, child);
  await pushManifest(registry, index);
  stores.now += DAY;
  assertEquals(await retain(untagged(0)), []);
});

Deno.test("retain() deletes exactly the output of its dry run, which writes nothing", async () => {
  const { stores, registry, retain, tags } = await open();
  const children = ["c1", "c2", "c3"].map((name) => image(name));
  for (const child of children) await pushManifest(registry, child);
  const old = indexOf(children.slice(0, 2));
  const current = indexOf(children.slice(1));
  await pushManifest(registry, old, "pr-1");
  await pushManifest(registry, image("signature", subjectOf(old)));
  await pushManifest(registry, image("signature", subjectOf(current)));
  const large = image("large", { annotations: { filler: "x".repeat(300_000) }, ...subjectOf(old) });
  await pushManifest(registry, large);
  await pushManifest(registry, image("moved"), "v1", "pr-2");
  stores.now += 10 * DAY;
  await pushManifest(registry, current, "v1");
  await pushManifest(registry, image("young"));
  stores.now += 2 * DAY;
  const rules: RetentionRule[] = [{
    repositories: ["**"],
    keepTags: [{ tags: ["v*"] }, { tags: ["*"], pushedWithin: 7 * DAY }],
    untaggedFor: DAY,
  }];
  const before = await stores.items();
  const dry = await retain(rules, { dryRun: true });
  assertEquals(await stores.items(), before);
  assertEquals(
    dry.map(({ kind, name }) => `${kind} ${name}`).sort(),
    [
      ...[old, children[0]!, image("signature", subjectOf(old)), large, image("moved")].map((bytes) =>
        `manifest ${digest(bytes)}`
      ),
      `manifest ${digest(image("young"))}`,
      "tag pr-1",
      "tag pr-2",
    ].sort(),
  );
  const anyTime = (retired: Retirement[]) => retired.map(({ pending: _, ...rest }) => rest);
  assertEquals(anyTime(await retain(rules)), anyTime(dry));
  stores.now += HOUR + 1;
  await retain(rules);
  const names = (prefix: string, items: { sk: string }[]) =>
    items.filter(({ sk }) => sk.startsWith(prefix)).map(({ sk }) => sk.slice(prefix.length));
  const after = await stores.items();
  for (const kind of ["tag", "manifest"]) {
    const left = new Set(names(`${kind}#`, after));
    const gone = names(`${kind}#`, before).filter((name) => !left.has(name)).sort();
    assertEquals(gone, dry.filter((retired) => retired.kind === kind).map(({ name }) => name).sort());
  }
  assertEquals(await tags(), ["v1"]);
  assertEquals(await retain(rules), []);
  await assertConsistent(stores);
  assertEquals(
    await codeOf(() => registry.getManifest(REPOSITORY, { digest: digest(large) })),
    "MANIFEST_UNKNOWN",
  );
});
