import { bundle } from "../../bundle/mod.ts";
import { startAwsStores } from "../harness/aws_stores.ts";
import { freePort } from "../harness/ports.ts";
import { authSetting } from "../harness/secured.ts";
import type { Figure } from "./figure.ts";
import { makeFolder } from "./folder.ts";
import { interleave, type Measure, ratios } from "./rounds.ts";
import { type Server, startServer } from "./server.ts";
import { startSubject, type SubjectOptions } from "./subject.ts";
import { milliseconds } from "./text.ts";

/** Spawns in each round: one of them takes so short that much else matters. */
const SPAWNS = 3;

/** Everyone may pull, so that the first request that needs storage needs no token. */
const POLICIES = [{ repositories: ["**"], allow: [{ to: ["anonymous"], actions: ["pull"] }] }];

/** A start, the name of its figure, and the maximum of its time to that of an app of Hono. */
interface Start {
  title: string;
  atMost: number;
  measure: Measure;
}

/** From spawn to the first answer, beside an app of Hono that does nothing else. */
export async function startup(rounds: number): Promise<Figure[]> {
  await using data = await makeFolder();
  await using bundled = await makeFolder();
  await bundle(`${bundled.path}/bundle`);
  await using stores = await startAwsStores();
  const open = (options: SubjectOptions) => () => firstAnswerOf(startSubject(options));
  const secured = (of: typeof firstAnswerOf, { settings, ...options }: SubjectOptions) => async () => {
    const port = freePort();
    const auth = await authSetting(port, { policies: POLICIES });
    return await of(startSubject({ ...options, port, settings: { ...settings, ...auth } }));
  };
  const aws = { settings: stores.env() };
  const fromBundle = { ...aws, script: `${bundled.path}/bundle/main.js` };
  const starts: Start[] = [
    { title: "first answer, data folder in use", atMost: 2, measure: open({ data }) },
    { title: "first answer, no data yet", atMost: 2, measure: open({}) },
    { title: "first 401, data folder in use", atMost: 2, measure: secured(firstAnswerOf, { data }) },
    { title: "first 401, S3 and DynamoDB", atMost: 1.5, measure: secured(firstAnswerOf, aws) },
    { title: "first 401, S3 and DynamoDB, bundle", atMost: 1.5, measure: secured(firstAnswerOf, fromBundle) },
    { title: "answer from DynamoDB, auth", atMost: 2.5, measure: secured(storedAnswerOf, aws) },
    {
      title: "answer from DynamoDB, auth, bundle",
      atMost: 2.5,
      measure: secured(storedAnswerOf, fromBundle),
    },
  ];
  const measures = Object.fromEntries(starts.map(({ title, measure }) => [title, measure]));
  const { hono, ...times } = await interleave<string>(rounds * SPAWNS, {
    ...measures,
    hono: () => firstAnswerOf(startServer({ script: "tests/bench/baseline/hono.ts" })),
  });
  return starts.map(({ title, atMost }) => ({
    name: `spawn to ${title} / Hono`,
    samples: ratios(times[title]!, hono!),
    unit: "x",
    counts: "median",
    target: { atMost },
    detail: `${milliseconds(times[title]!)}, Hono ${milliseconds(hono!)}`,
  }));
}

/** Milliseconds from spawn to the first answer. */
async function firstAnswerOf(starting: Promise<Server>): Promise<number> {
  await using server = await starting;
  return server.startup;
}

/** Milliseconds from spawn to the first answer that needs storage: the registry has no such manifest. */
async function storedAnswerOf(starting: Promise<Server>): Promise<number> {
  await using server = await starting;
  const began = performance.now();
  const response = await fetch(`http://127.0.0.1:${server.port}/v2/started/manifests/none`);
  await response.body?.cancel();
  if (response.status !== 404) throw new Error(`Expected 404, got ${response.status}`);
  return server.startup + performance.now() - began;
}
