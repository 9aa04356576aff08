import { basic, usersOf } from "../harness/secured.ts";
import type { Figure } from "./figure.ts";
import { interleave, ratios } from "./rounds.ts";
import { bearerFor, makeImageFolder, REPOSITORY, startSecuredSubject } from "./secured.ts";
import { cpuOf, type Server } from "./server.ts";
import { startSubject } from "./subject.ts";
import { microseconds } from "./text.ts";
import { requests } from "./wrk.ts";

/** Samples in each round: many short ones tell more than few long ones where something else runs beside. */
const SAMPLES = 2;

/** Manifest GETs with a token, with a password, and of a registry that is open to all, beside those without a login. */
export async function tokenPull(rounds: number): Promise<Figure[]> {
  await using image = await makeImageFolder();
  await using open = await startSubject({ data: image.folder });
  await using secured = await startSecuredSubject(image.folder, {
    users: await usersOf("alice"),
    policies: [{ repositories: [REPOSITORY], allow: [{ to: ["anonymous"], actions: ["pull"] }] }],
  });
  const password = basic({ username: "alice", password: "alice's password" });
  const token = await bearerFor(secured, password);
  const cpu = await interleave(rounds * SAMPLES, {
    anonymous: () => cpuOfPull(secured, image.path),
    open: () => cpuOfPull(open, image.path),
    token: () => cpuOfPull(secured, image.path, token),
    password: () => cpuOfPull(secured, image.path, password),
  });
  return [{
    name: "manifest GET with a token: CPU / without",
    samples: ratios(cpu.token, cpu.anonymous),
    unit: "x",
    counts: "median",
    target: { atMost: 1.15 },
    detail: `${microseconds(cpu.token)} CPU, without ${microseconds(cpu.anonymous)}`,
  }, {
    name: "manifest GET without a login: CPU / of an open registry",
    samples: ratios(cpu.anonymous, cpu.open),
    unit: "x",
    counts: "median",
    detail: `${microseconds(cpu.anonymous)} CPU, open ${microseconds(cpu.open)}`,
  }, {
    name: "manifest GET with a password: CPU / without",
    samples: ratios(cpu.password, cpu.anonymous),
    unit: "x",
    counts: "median",
    detail: `${microseconds(cpu.password)} CPU, without ${microseconds(cpu.anonymous)}`,
  }];
}

/** Milliseconds of CPU for each of many pulls. */
async function cpuOfPull(server: Server, path: string, authorization?: string): Promise<number> {
  const before = await cpuOf(server);
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  const { count } = await requests(server, path, headers);
  return (await cpuOf(server) - before) / count;
}
