import { assertEquals, assertGreaterOrEqual, assertStringIncludes } from "@std/assert";
import { seeded } from "../random.ts";
import {
  deleteBlob,
  mountBlob,
  type Operation,
  pushBlob,
  pushFirstBlobs,
  pushWrongBlob,
  resumeAnyUpload,
  resumeUpload,
} from "./blob_operations.ts";
import { type Deployment, startReplicas, startSingle } from "./deployment.ts";
import { findLeftovers } from "./leftovers.ts";
import type { Fact } from "./ledger.ts";
import {
  deleteManifest,
  deleteTag,
  keepBlobs,
  pushManifest,
  pushSparseManifest,
} from "./manifest_operations.ts";
import { REPOSITORIES, Scene } from "./scene.ts";
import { Verification } from "./verification.ts";
import { Lost } from "./wire.ts";

/** Number of kills, and the seed of the run; another seed makes another run. */
const KILLS = Deno.env.get("KILL_COUNT");
const SEED = Number(Deno.env.get("KILL_SEED") ?? 20_261_123);

/**
 * Several processes take longer to come back, so there are fewer kills of them, and each request to their stores takes
 * longer, so writers are given more time before each.
 */
const RUNS = [
  { name: "one process on a data folder", start: startSingle, kills: Number(KILLS ?? 300), pace: 1 },
  { name: "three replicas on shared stores", start: startReplicas, kills: Number(KILLS ?? 30), pace: 4 },
];

/** Maximum time from the first request to a kill, in milliseconds. Deletes take longer, so some kills come later. */
const [WAIT_MS, LONG_WAIT_MS] = [250, 1200];

/** Longer than a killed request's claim on the parts of its upload holds (30 s), so that all can be gone on with. */
const EXPIRY_MS = 60_000;

/** As long before its expiry an upload is left to it. */
const LAST_MOMENTS_MS = 15_000;

/** The shortest times that the registry can well live with, so that all that waits for them is seen in a run. */
const SETTINGS = {
  SKERRY_UPLOAD_EXPIRY: `${EXPIRY_MS}ms`,
  SKERRY_SWEEP_INTERVAL: "100ms",
  // Garbage collection runs beside everything. `keepBlobs` protects every blob that is to be read back, well within the
  // grace period.
  SKERRY_COLLECT_INTERVAL: "1s",
  SKERRY_GRACE: "30s",
  SKERRY_DEADLINE: "5s",
};

/** Operations of the writers, and their weights. */
const OPERATIONS: readonly (readonly [Operation, weight: number])[] = [
  [pushBlob, 40],
  [pushManifest, 30],
  [deleteManifest, 8],
  [deleteTag, 6],
  [mountBlob, 6],
  [resumeAnyUpload, 6],
  [deleteBlob, 4],
  [pushWrongBlob, 3],
  [pushSparseManifest, 4],
];

for (const { name, start, kills, pace } of RUNS) {
  Deno.test(`kill -9 of ${name} loses nothing that was acknowledged and leaves nothing half done`, async () => {
    const scene = new Scene(seeded(SEED));
    await using deployment = await start(SETTINGS);
    console.log(`${kills} kills with seed ${SEED} on ${deployment.place}`);
    try {
      await killAndVerify(deployment, scene, { kills, pace });
    } catch (error) {
      console.log("Warnings and errors of the registry:\n" + errorsIn(deployment.log()).join("\n"));
      throw error;
    }
  });
}

/** Kills the deployment again and again, and verifies after each kill and in the end everything that was acknowledged. */
async function killAndVerify(
  deployment: Deployment,
  scene: Scene,
  { kills, pace }: { kills: number; pace: number },
): Promise<void> {
  const started = Date.now();
  for (const repository of REPOSITORIES) await pushFirstBlobs(scene, urlOf(scene, deployment), repository);
  let facts = 0;
  for (let kill = 1; kill <= kills; kill++) {
    await killDuring(deployment, scene, pace);
    await deployment.restart();
    const touched = scene.ledger.takeTouched();
    facts += await verify(deployment, scene, touched, `after kill ${kill}`);
    await keepBlobs(scene, urlOf(scene, deployment), touched);
  }
  console.log(`${kills} kills in ${seconds(started)} s, after which ${facts} facts were read back`);
  await workInPeace(deployment, scene, kills / 100);
  const finished = await finishUploads(scene, urlOf(scene, deployment));
  const all = await verify(deployment, scene, scene.ledger.facts(), "in the end");
  // Only now those are certain that a killed delete may have taken.
  await keepBlobs(scene, urlOf(scene, deployment), finished);
  console.log(`${all} facts read back in the end; operations:`, Object.fromEntries(scene.tally));
  await waitFor(EXPIRY_MS + 10_000);
  await verify(deployment, scene, scene.ledger.facts(), "after the expiry of all uploads");
  assertEquals(errorsIn(deployment.log()), []);
  assertStringIncludes(deployment.log(), "Garbage collection removed");
  await deployment.stop();
  assertEquals(await findLeftovers(deployment.stored), []);
  for (const [operation, { acknowledged }] of scene.tally) {
    assertGreaterOrEqual(acknowledged, kills / 100, operation);
  }
  await deployment.clear();
  console.log(`All in ${seconds(started)} s`);
}

/** Lets several writers work and kills the registry somewhere in the middle. */
async function killDuring(deployment: Deployment, scene: Scene, pace: number): Promise<void> {
  const failures: unknown[] = [];
  releaseUploads(scene);
  const writers = Array.from({ length: 3 + scene.random(4) }, async () => {
    try {
      for (;;) await anyOperation(scene)(scene, urlOf(scene, deployment));
    } catch (error) {
      if (!(error instanceof Lost)) failures.push(error);
    }
  });
  await waitFor(scene.random(scene.chance(15) ? LONG_WAIT_MS : WAIT_MS) * pace);
  await deployment.kill();
  await Promise.all(writers);
  if (failures.length > 0) throw failures[0];
}

/** Maximum number of operations without a kill. */
const MAX_PEACEFUL_OPERATIONS = 5000;

/**
 * Lets a writer work without a kill until each operation was acknowledged so many times: on a slow machine nearly every
 * slow operation ends with a kill.
 */
async function workInPeace(deployment: Deployment, scene: Scene, times: number): Promise<void> {
  releaseUploads(scene);
  for (let done = 0; done < MAX_PEACEFUL_OPERATIONS; done++) {
    if ([...scene.tally.values()].every(({ acknowledged }) => acknowledged >= times)) return;
    const url = urlOf(scene, deployment);
    await anyOperation(scene)(scene, url);
    await keepBlobs(scene, url, scene.ledger.takeTouched());
  }
}

/** No writer works on any upload now. */
function releaseUploads(scene: Scene): void {
  scene.idleUploads.clear();
  for (const upload of scene.uploads) scene.idleUploads.add(upload);
}

function anyOperation(scene: Scene): Operation {
  let place = scene.random(OPERATIONS.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [operation, weight] of OPERATIONS) {
    place -= weight;
    if (place < 0) return operation;
  }
  throw new RangeError("Unreachable");
}

/** Reads the facts back, and throws if anything is wrong with them. */
async function verify(
  deployment: Deployment,
  scene: Scene,
  facts: Parameters<Verification["run"]>[0],
  when: string,
): Promise<number> {
  forgetOldUploads(scene);
  const verification = new Verification(scene, urlOf(scene, deployment));
  await verification.run(facts);
  const { problems, excused } = verification;
  const log = problems.length === 0 ? "" : linesAbout(problems, deployment.log());
  assertEquals(problems, [], `${when} of seed ${SEED}; the log about it:\n${log}`);
  if (excused > 0) console.log(`${excused} excused ${when}`);
  return verification.facts;
}

/** The lines of a log that speak of the digests and uploads that problems speak of. */
function linesAbout(problems: readonly string[], log: string): string {
  const ids = problems.flatMap((problem) => problem.match(/[0-9a-f]{32,}/g) ?? []);
  return log.split("\n").filter((line) => ids.some((id) => line.includes(id))).slice(-50).join("\n");
}

/**
 * Warnings and errors of the log. A killed request may seem to be at work still (503), and no full pass of garbage
 * collection ends in its interval when it is killed again and again.
 */
function errorsIn(log: string): string[] {
  return log.split("\n").filter((line) =>
    /"level":"(warn|error)"/.test(line) &&
    !/"http\.response\.status_code":503|full pass takes longer/.test(line)
  );
}

/** Leaves to their expiry the uploads that are so old that the registry may forget them at any moment. */
function forgetOldUploads(scene: Scene): void {
  for (const upload of scene.uploads) {
    if (upload.age > EXPIRY_MS - LAST_MOMENTS_MS) upload.forget();
  }
}

/** Goes on with all uploads until each is a blob, however long what was killed has claimed them; answers what was touched. */
async function finishUploads(scene: Scene, url: string): Promise<Fact[]> {
  const started = Date.now();
  const count = scene.uploads.size;
  const facts: Fact[] = [];
  let finished = 0;
  while (scene.uploads.size > 0) {
    for (const upload of [...scene.uploads]) finished += Number(await resumeUpload(scene, url, upload));
    const touched = scene.ledger.takeTouched();
    await keepBlobs(scene, url, touched);
    facts.push(...touched);
    forgetOldUploads(scene);
    await waitFor(500);
  }
  console.log(`${finished} of ${count} uploads finished in ${seconds(started)} s after the last kill`);
  return facts;
}

function urlOf(scene: Scene, deployment: Deployment): string {
  return scene.pick(deployment.urls());
}

function waitFor(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function seconds(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(1);
}
