import { checkPing, checkUncached, findPlaces } from "./answers.ts";
import { checkCertificate } from "./certificate.ts";
import { checkContent } from "./content.ts";
import { type Finding, findingText } from "./finding.ts";
import { type Image, pullScope, pushImage, pushScope, readImage } from "./image.ts";
import { measurePulls } from "./pulls.ts";
import type { DoctorOptions } from "./options.ts";
import { checkPurge } from "./purge.ts";
import { Session, type SessionOptions } from "./session.ts";
import { checkUploads } from "./uploads.ts";

/** Tag of the image that is pushed. */
const TAG = "skerry-doctor";

/**
 * Checks a registry and prints findings.
 *
 * @returns The exit code: 1 if a finding is a fault.
 */
export async function doctor(print: (text: string) => void, options: DoctorOptions): Promise<number> {
  let faults = 0;
  for await (const finding of findings(options)) {
    print(options.json ? JSON.stringify(finding) : findingText(finding));
    if (finding.level === "fault") faults++;
  }
  return faults === 0 ? 0 : 1;
}

async function* findings(options: DoctorOptions): AsyncGenerator<Finding> {
  const { url, credentials, caCerts = [], now = Date.now } = options;
  const sessionOptions: SessionOptions = { url, caCerts, ...(credentials && { credentials }) };
  using session = new Session(sessionOptions, { keepAlive: true });
  using fresh = new Session(sessionOptions, { keepAlive: false });
  const stages: [name: string, run: () => Promise<Finding[]>][] = [
    ["certificate", () => checkCertificate(url, caCerts, now())],
    ["registry", () => checkPing(session, now)],
    ["region", async () => [await findPlaces(fresh)]],
  ];
  let image: Image | undefined;
  const repository = options.push ?? options.pull?.repository;
  if (repository !== undefined) {
    const scope = options.push === undefined ? pullScope(repository) : pushScope(repository);
    stages.push(["cached answers", () => checkUncached(session, repository, scope)]);
    stages.push([options.push === undefined ? "pull" : "push", async () => {
      image = options.push === undefined
        ? await readImage(session, repository, options.pull!.tag)
        : await pushImage(session, repository, TAG);
      return options.push === undefined ? [] : [{
        check: "push",
        level: "ok",
        found: `Pushed "${repository}:${TAG}"`,
      }];
    }]);
    stages.push([
      "content",
      async () => await checkContent(session, image!, await isPublic(session, repository)),
    ]);
    stages.push(["pulls", () => measurePulls(sessionOptions, image!, now)]);
  }
  if (options.push !== undefined) {
    stages.push(["uploads", () => checkUploads(session, options.push!, options.uploads)]);
    stages.push(["clean up", async () => await cleanUp(session, image!, options)]);
  }
  yield* runStages(stages);
}

/** Runs the stages in their order. Each needs those before it, so a failure is the last finding. */
async function* runStages(
  stages: [name: string, run: () => Promise<Finding[]>][],
): AsyncGenerator<Finding> {
  for (const [check, run] of stages) {
    let found: Finding[];
    try {
      found = await run();
    } catch (error) {
      const advice = "Mend this first: the checks after it were not run";
      yield { check, level: "fault", found: (error as Error).message, advice };
      return;
    }
    yield* found;
  }
}

/** True if the host serves the repository without credentials. */
async function isPublic(session: Session, repository: string): Promise<boolean> {
  return await session.authorize(pullScope(repository)) === undefined;
}

/** Deletes the pushed image, and checks that the cache of the public endpoint forgets it. */
async function cleanUp(
  session: Session,
  image: Image,
  { publicUrl, caCerts = [], purgePatienceMs }: DoctorOptions,
): Promise<Finding[]> {
  if (publicUrl === undefined) return [await removeImage(session, image)];
  using anonymous = new Session({ url: publicUrl, caCerts }, { keepAlive: true });
  let removal: Finding | undefined;
  const remove = async () => (removal = await removeImage(session, image)).level === "ok";
  const purge = await checkPurge(anonymous, image, { remove, patienceMs: purgePatienceMs });
  return [purge, removal ?? await removeImage(session, image)];
}

/** Deletes the pushed image, if the account may. */
async function removeImage(session: Session, { repository, manifests: [digest] }: Image): Promise<Finding> {
  const path = `/v2/${repository}/manifests/${digest}`;
  const response = await session.send(path, { method: "DELETE", scope: pushScope(repository) });
  await response.body?.cancel();
  return response.status === 202
    ? { check: "clean up", level: "ok", found: `Deleted "${repository}:${TAG}"` }
    : {
      check: "clean up",
      level: "note",
      found: `"${repository}:${TAG}" stays: a delete is answered with ${response.status}`,
    };
}
