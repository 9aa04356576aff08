import { assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../../tests/harness/ports.ts";
import { ADMINISTRATOR, startSecured } from "../../tests/harness/secured.ts";
import { AUTHORITY, EXPIRED, VALID } from "./testing/certificates.ts";
import { type Faults, type ProxyOptions, startFaultyProxy } from "./testing/faulty_proxy.ts";
import type { Finding } from "./finding.ts";
import { type Image, pushImage, readImage } from "./image.ts";
import { doctor } from "./doctor.ts";
import type { DoctorOptions } from "./options.ts";
import { measurePulls } from "./pulls.ts";
import { Session } from "./session.ts";

const NOW = Date.parse("2026-11-28T12:00:00.250Z");

const MIB = 2 ** 20;

const ROOT = { user: ADMINISTRATOR.username, password: ADMINISTRATOR.password };

/** An image that exists. */
const IMAGE = { repository: "team/private", tag: "kept" };

/** An image that anonymous clients may pull. */
const PUBLIC_IMAGE = { repository: "public/app", tag: "kept" };

/** With pushes and limits that a registry without faults keeps. */
const PUSH = { push: "team/smoke", uploads: { maxBodyBytes: 2 * MIB, slowSeconds: 1, patienceMs: 60_000 } };

/** The same for a proxy that lets a cut upload lose its bytes. */
const LOSING_PUSH = { ...PUSH, uploads: { ...PUSH.uploads, patienceMs: 500 } };

interface Examination {
  code: number;
  findings: Finding[];
  /** Level and check of each warning and fault. */
  worse: string[];
}

/** Runs the doctor against a proxy in front of the registry `target`. */
async function examine(
  target: string,
  faults: Faults & Pick<ProxyOptions, "tls" | "onRequest">,
  options: Partial<DoctorOptions> = {},
): Promise<Examination> {
  await using proxy = startFaultyProxy({ target, now: NOW, ...faults });
  const findings: Finding[] = [];
  const code = await doctor((line) => findings.push(JSON.parse(line)), {
    url: proxy.url,
    credentials: ROOT,
    uploads: PUSH.uploads,
    purgePatienceMs: 60_000,
    json: true,
    caCerts: [AUTHORITY],
    now: () => NOW,
    ...options,
  });
  const worse = findings.filter(({ level }) => level === "fault" || level === "warning")
    .map(({ level, check }) => `${level}: ${check}`);
  for (const { advice, level } of findings) assertEquals(advice !== undefined, /fault|warning/.test(level));
  return { code, findings, worse };
}

const FAULTS: [name: string, faults: Faults, options: Partial<DoctorOptions>, expected: string[]][] = [
  ["answers ranges with everything", { stripsRange: true }, { pull: IMAGE }, ["fault: ranges"]],
  ["answers ranges with everything behind a redirect", { stripsRange: true, redirectsBlobs: true }, {
    pull: IMAGE,
  }, ["fault: ranges"]],
  ["answers If-Range with everything", { ignoresIfRange: true }, { pull: IMAGE }, ["warning: ranges"]],
  ["makes entity tags weak", { weakensEtags: true }, { pull: IMAGE }, ["warning: ranges"]],
  ["caches challenges", { caches: [401] }, { pull: IMAGE }, ["fault: cached challenge"]],
  ["caches 404", { caches: [404] }, { pull: IMAGE }, ["fault: cached 404"]],
  ["caches private answers", { caches: [200] }, { pull: IMAGE }, ["fault: private answers"]],
  ["damages blobs", { damagesBlobs: true }, { pull: IMAGE }, ["fault: blob"]],
  ["has a clock 40 s behind", { skewSeconds: -40 }, { pull: IMAGE }, ["fault: clock"]],
  ["has a clock 10 s ahead", { skewSeconds: 10 }, { pull: IMAGE }, ["warning: clock"]],
  ["limits the size of bodies", { maxBodyBytes: 3 * MIB / 2 }, LOSING_PUSH, [
    "fault: body size",
    "warning: body buffering",
  ]],
  ["limits the time of bodies", { maxBodyMs: 500 }, LOSING_PUSH, [
    "fault: body time",
    "warning: body buffering",
  ]],
  ["buffers bodies", { buffersBodies: true }, LOSING_PUSH, ["warning: body buffering"]],
];

Deno.test("doctor() finds the faults between a client and a registry", async (t) => {
  const cachePort = freePort();
  const face = { hosts: ["localhost"], purge: { varnish: [`http://127.0.0.1:${cachePort}`] } };
  await using registry = await startSecured({
    policies: [{ repositories: ["public/**"], allow: [{ to: ["anonymous"], actions: ["pull"] }] }],
  }, { SKERRY_PUBLIC: JSON.stringify(face) });
  const { url } = registry;
  {
    using session = new Session({ url: new URL(url), credentials: ROOT }, { keepAlive: true });
    for (const { repository, tag } of [IMAGE, PUBLIC_IMAGE]) await pushImage(session, repository, tag);
  }

  await t.step("none where there is none", async () => {
    const { code, findings, worse } = await examine(url, {}, PUSH);
    assertEquals({ code, worse }, { code: 0, worse: [] });
    assertEquals(findings.map(({ check }) => check), [
      ...["certificate", "registry", "clock", "region", "cached challenge", "cached 404", "push", "manifest"],
      ...["blob", "ranges", "private answers", "pull as docker", "pull as podman", "pull as containerd"],
      ...["body size", "body time", "body buffering", "clean up"],
    ]);
    const found = (name: string) => findings.find(({ check }) => check === name)?.found;
    // Two rounds of a login, HEAD and GET of the manifest, and both blobs at once. podman reads the configuration first.
    assertEquals(found("pull as docker"), "5 rounds, 0 ms, a new connection for each request");
    assertEquals(found("pull as podman"), "5 rounds, 0 ms, a new connection for each request");
    assertEquals(found("pull as containerd"), "5 rounds, 0 ms, kept connections");
    assertEquals(found("clean up"), 'Deleted "team/smoke:skerry-doctor"');
  });

  for (const [name, faults, options, expected] of FAULTS) {
    await t.step(`a proxy that ${name}`, async () => {
      const { code, worse } = await examine(url, faults, options);
      const hasFault = expected.some((finding) => finding.startsWith("fault"));
      assertEquals({ code, worse }, { code: hasFault ? 1 : 0, worse: expected });
    });
  }

  await t.step("none behind a redirect, which gets no credentials", async () => {
    const { findings, worse } = await examine(url, { redirectsBlobs: true }, { pull: IMAGE });
    assertEquals(worse, []);
    const found = (name: string) => findings.find(({ check }) => check === name)?.found ?? "";
    assertMatch(found("blob"), /^100000 bytes by a redirect to localhost:\d+ have the digest$/);
    assertMatch(found("ranges"), /^localhost:\d+ answers ranges/);
    assertMatch(found("pull as docker"), /^6 rounds/);
    assertMatch(found("pull as podman"), /^7 rounds/);
  });

  await t.step("the regions that answer, and the milliseconds of a pull", async () => {
    let now = NOW;
    const { findings } = await examine(
      url,
      { places: ["iad", "fra"], onRequest: () => now += 100 },
      { pull: IMAGE, now: () => now },
    );
    const found = (name: string) => findings.find(({ check }) => check === name)?.found ?? "";
    assertMatch(found("region"), /^3 connections: .*X-Served-By: (iad \| fra|fra \| iad)/);
    // Five requests through the proxy: ping, HEAD and GET of the manifest, and two blobs.
    assertMatch(found("pull as docker"), /^5 rounds, 500 ms/);
  });

  await t.step(
    "rounds of a pull by the number of layers, as tests/clients/pull_rounds_test.ts counted them",
    async () => {
      using session = new Session({ url: new URL(url), credentials: ROOT }, { keepAlive: true });
      const image = await readImage(session, IMAGE.repository, IMAGE.tag);
      const [config, layer] = image.blobs as [Image["blobs"][0], Image["blobs"][0]];
      const rounds = async (layers: number) => {
        const blobs = [config, ...Array.from({ length: layers }, () => layer)];
        const found = await measurePulls(
          { url: new URL(url), credentials: ROOT },
          { ...image, blobs },
          () => NOW,
        );
        return found.map(({ found }) => Number(found.split(" ")[0]));
      };
      // docker reads the configuration beside three layers.
      assertEquals(await rounds(3), [5, 5, 5]);
      assertEquals(await rounds(4), [6, 5, 5]);
      assertEquals(await rounds(7), [7, 5, 5]);
    },
  );

  await t.step("a public endpoint without a cache, and none with one", async () => {
    const publicUrl = `http://localhost:${registry.port}`;
    const bare = await examine(publicUrl, {}, { pull: PUBLIC_IMAGE });
    assertEquals(bare.worse, ["warning: public cache"]);
    const cached = await examine(publicUrl, { caches: [200] }, { pull: PUBLIC_IMAGE });
    assertEquals(cached.worse, []);
    const found = cached.findings.find(({ check }) => check === "public cache")?.found;
    assertEquals(found, "A cache answers a manifest by its digest");
    // Without a token.
    const pulls = bare.findings.filter(({ check }) => check.startsWith("pull as"));
    assertEquals(pulls.map(({ found }) => found.split(",")[0]), ["4 rounds", "4 rounds", "3 rounds"]);
  });

  await t.step("a cache of the public endpoint that is purged, one that is not, and none", async () => {
    const target = `http://localhost:${registry.port}`;
    const push = async (repository: string, faults: Faults & { port?: number }, purgePatienceMs = 60_000) => {
      await using cache = startFaultyProxy({ target, now: NOW, ...faults });
      const options = { push: repository, publicUrl: cache.url, purgePatienceMs };
      const { findings, worse } = await examine(url, {}, { ...PUSH, ...options });
      return { worse, found: findings.find(({ check }) => check === "purge")?.found ?? "" };
    };
    const [purged, kept, bare, closed] = await Promise.all([
      push("public/purged", { caches: [200], purges: true, port: cachePort }),
      push("public/kept", { caches: [200] }, 100),
      push("public/bare", {}),
      push("team/smoke", {}),
    ]);
    assertMatch(purged.found, /^The cache forgot a deleted manifest within \d+\.\d s$/);
    assertEquals(purged.worse, []);
    assertMatch(kept.found, /^A cache still answers with 200 a manifest that was deleted /);
    assertEquals(kept.worse, ["warning: purge"]);
    assertEquals(bare, { worse: [], found: "No cache keeps the pushed manifest" });
    assertMatch(closed.found, /answers 404 to the pushed manifest$/);
    assertEquals(closed.worse, ["warning: purge"]);
  });

  await t.step("an expired certificate, one that expires soon, and one of an unknown authority", async () => {
    const valid = await examine(url, { tls: VALID });
    assertEquals(valid.worse, []);
    assertStringIncludes(valid.findings[1]!.found, "HTTP/2");

    const expired = await examine(url, { tls: EXPIRED });
    assertEquals({ code: expired.code, worse: expired.worse }, {
      code: 1,
      worse: ["fault: certificate", "fault: registry"],
    });
    assertStringIncludes(expired.findings[0]!.found, "Expired on 2020-02-01");

    const late = Date.parse("2126-10-30T00:00:00Z");
    const soon = await examine(url, { tls: VALID, skewSeconds: (late - NOW) / 1000 }, { now: () => late });
    assertEquals(soon.worse, ["warning: certificate"]);

    const unknown = await examine(url, { tls: VALID }, { caCerts: [] });
    assertEquals(unknown.worse, ["fault: certificate", "fault: registry"]);
  });

  await t.step("an address without a registry, and a wrong password, which is not printed", async () => {
    assertEquals((await examine(url, { hidesRegistry: true })).worse, ["fault: registry"]);
    // A secret does not leave by TLS for a token service without.
    const plain = await examine(url, { tls: VALID }, { pull: IMAGE });
    assertStringIncludes(plain.findings.at(-1)!.found, "has no TLS");
    const wrong = await examine(url, {}, {
      ...PUSH,
      credentials: { user: "root", password: "pass" + "phrase" },
    });
    assertEquals(wrong.findings.at(-1)?.level, "fault");
    assertNotMatch(JSON.stringify(wrong.findings), /passphrase/);
  });
});
