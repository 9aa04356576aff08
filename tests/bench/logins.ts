import { bcrypt } from "hash-wasm";
import { randomBytes } from "node:crypto";
import { basic } from "../harness/secured.ts";
import { type Figure, percentile } from "./figure.ts";
import { load } from "./load/mod.ts";
import { ratios } from "./rounds.ts";
import { bearerFor, makeImageFolder, REPOSITORY, startSecuredSubject, tokenPathOf } from "./secured.ts";
import { microseconds } from "./text.ts";

/** Logins at the same time. */
const LOGINS = 50;

/** The usual cost of a password's hash. */
const BCRYPT_COST = 10;

/** Duration of the measurement without logins, in seconds. */
const DURATION_SECONDS = 3;

const PASSWORD = "a password";

/** Cost of pulls of logged-in clients while others log in. */
export async function logins(rounds: number): Promise<Figure[]> {
  await using image = await makeImageFolder();
  // Each logs in once: a password that was right a moment ago is not looked at again.
  const names = Array.from({ length: LOGINS * rounds + 1 }, (_, i) => `user${i}`);
  const salt = new Uint8Array(randomBytes(16));
  const hash = await bcrypt({ password: PASSWORD, salt, costFactor: BCRYPT_COST, outputType: "encoded" });
  await using subject = await startSecuredSubject(image.folder, {
    users: Object.fromEntries(names.map((name) => [name, hash])),
    policies: [{ repositories: [REPOSITORY], allow: [{ to: ["user:*"], actions: ["pull"] }] }],
  });
  const authorizations = names.map((username) => basic({ username, password: PASSWORD }));
  const token = await bearerFor(subject, authorizations.pop()!);
  const slowest = { before: [] as number[], during: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const times = await load("pullBesideLogins", {
      port: subject.port,
      path: image.path,
      headers: { Authorization: token },
      seconds: DURATION_SECONDS,
      tokenPath: tokenPathOf(subject),
      logins: authorizations.slice(round * LOGINS, (round + 1) * LOGINS),
    });
    slowest.before.push(percentile(times.before, 0.99));
    slowest.during.push(percentile(times.during, 0.99));
  }
  return [{
    name: `manifest GET during ${LOGINS} logins / else: 99th percentile`,
    samples: ratios(slowest.during, slowest.before),
    unit: "x",
    counts: "median",
    target: { atMost: 2 },
    detail: `${microseconds(slowest.during)}, else ${microseconds(slowest.before)}`,
  }];
}
