import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { OidcIssuer } from "../harness/oidc_issuer.ts";
import type { RegistryProcess } from "../harness/registry_process.ts";
import { ADMINISTRATOR, basic, startSecured, usersOf } from "../harness/secured.ts";
import { reasonAgainstDocker } from "./dockerd.ts";
import { type Credentials, LOGIN_CLIENTS, type LoginClient } from "./login_clients.ts";
import { assertNoTrouble, openWorkbench, type Outcome } from "./workbench.ts";

/** Image that is pushed and pulled in every mode. */
const POLICIES = [
  {
    repositories: ["team/**"],
    allow: [{ to: ["user:alice", "robot:ci"], actions: ["pull", "push", "overwrite"] }],
  },
  {
    repositories: ["team/build/**"],
    allow: [{ to: ["workload:test"], where: { repository_id: ["42"] }, actions: ["pull", "push"] }],
  },
  {
    repositories: ["public/**"],
    allow: [
      { to: ["anonymous"], actions: ["pull"] },
      { to: ["user:alice"], actions: ["push", "overwrite"] },
    ],
  },
];

/** A way to log in. */
interface Mode {
  name: string;
  /** Requested paths. */
  challenge: "basic" | "bearer";
  /** A name and a password that are good, for a registry under this URL that knows this issuer. */
  credentials(url: string, issuer: OidcIssuer): Promise<Credentials>;
  /** A repository that they are good for. */
  repository: string;
}

/** The registry of every test. */
async function startWith(challenge: Mode["challenge"], issuer: OidcIssuer): Promise<RegistryProcess> {
  return await startSecured({
    challenge,
    users: await usersOf("alice"),
    policies: POLICIES,
    issuers: [{ name: "test", issuer: issuer.url, audiences: ["skerry"] }],
  });
}

const ALICE = { username: "alice", password: "alice's password" };

const MODES: Mode[] = [
  {
    name: "with a password, which is asked for by Basic",
    challenge: "basic",
    credentials: () => Promise.resolve(ALICE),
    repository: "team/app",
  },
  {
    name: "with a password for a token",
    challenge: "bearer",
    credentials: () => Promise.resolve(ALICE),
    repository: "team/app",
  },
  { name: "as a robot", challenge: "bearer", credentials: createRobot, repository: "team/app" },
  {
    name: "with the token of a workload",
    challenge: "bearer",
    async credentials(_url, issuer) {
      await issuer.rotate(); // there are keys of before as well
      return { username: "test", password: await issuer.mint({ repository_id: "42" }) };
    },
    repository: "team/build/app",
  },
];

/** Makes a robot account, as an administrator. */
async function createRobot(url: string): Promise<Credentials> {
  const response = await fetch(`${url}/v2/_skerry/tokens`, {
    method: "POST",
    headers: { "Authorization": basic(ADMINISTRATOR), "Content-Type": "application/json" },
    body: JSON.stringify({ robot: "ci" }),
  });
  const text = await response.text();
  assertEquals(response.status, 201, text);
  return { username: "ci", password: JSON.parse(text).secret };
}

function assertDone({ code, stdout, stderr }: Outcome): void {
  assertEquals(code, 0, `${stderr}\n${stdout}`);
}

/** Asserts that a client says what it was refused for. */
function assertRefused({ code, stdout, stderr }: Outcome, reason: RegExp): void {
  assertNotEquals(code, 0);
  assertMatch(`${stderr}\n${stdout}`, reason);
}

/** Messages of clients for a 401: Docker after its token was refused, oras and helm before they send anything. */
const UNAUTHORIZED =
  /unauthorized|authentication required|authorization failed|invalid username\/password|401|no basic auth credentials|basic credential not found|requested access to the resource is denied/i;

/** Messages of clients for a 403. */
const DENIED = /denied|forbidden|403/i;

async function tryAll(client: LoginClient, credentials: Credentials, repository: string): Promise<void> {
  assertRefused(await client.push(repository), UNAUTHORIZED);
  assertRefused(await client.pull(repository), UNAUTHORIZED);

  const wrong = await client.login({ ...credentials, password: "wrong" });
  // Some keep a password without a try.
  if (wrong.code === 0) assertRefused(await client.push(repository), UNAUTHORIZED);
  else assertRefused(wrong, UNAUTHORIZED);

  assertDone(await client.login(credentials));
  assertDone(await client.push(repository));
  assertDone(await client.pull(repository));
  assertRefused(await client.push("others/app"), DENIED);
  assertRefused(await client.pull("others/app"), DENIED);

  assertDone(await client.logout());
  assertRefused(await client.pull(repository), UNAUTHORIZED);
}

/** Clients that send `Authorization: Basic Og==`, a colon alone, where they have no login. */
const EMPTY_LOGINS = new Set(["podman", "buildah", "skopeo"]);

const noDocker = await reasonAgainstDocker();

for (const [name, open] of Object.entries(LOGIN_CLIENTS)) {
  const reason = name === "docker" ? noDocker : undefined;
  const suffix = reason === undefined ? "" : ` [the docker daemon cannot start here: ${reason}]`;
  const test = (what: string, fn: () => Promise<void>) =>
    Deno.test({ name: `${name} ${what}${suffix}`, ignore: reason !== undefined, fn });

  for (const mode of MODES) {
    test(`logs in ${mode.name}, pushes, pulls, and is told why where it may not`, async () => {
      await using issuer = await OidcIssuer.start({ audience: "skerry" });
      await using registry = await startWith(mode.challenge, issuer);
      await using bench = await openWorkbench(registry.host);
      await using stack = new AsyncDisposableStack();
      const client = await open(bench, stack);
      const credentials = await mode.credentials(registry.url, issuer);
      await tryAll(client, credentials, mode.repository);
      assertNoTrouble(registry.log());
      assert(!registry.log().includes(credentials.password), "No log tells a password");
    });
  }

  test("pulls public images without a login, and pushes with one", async () => {
    await using issuer = await OidcIssuer.start({ audience: "skerry" });
    await using registry = await startWith("bearer", issuer);
    await using bench = await openWorkbench(registry.host);
    await using stack = new AsyncDisposableStack();
    const client = await open(bench, stack);
    assertRefused(await client.push("public/app"), UNAUTHORIZED);
    assertDone(await client.login(ALICE));
    assertDone(await client.push("public/app"));
    assertDone(await client.pull("public/app"));
    assertDone(await client.logout());
    assertDone(await client.pull("public/app"));
    // What is there already need not be pushed, so some would not even try.
    assertRefused(await client.push("public/other"), UNAUTHORIZED);
    assertNoTrouble(registry.log());
  });

  if (EMPTY_LOGINS.has(name)) {
    test("sends an empty login if it has none, which pulls public images and locks out no other client", async () => {
      await using issuer = await OidcIssuer.start({ audience: "skerry" });
      await using registry = await startWith("basic", issuer);
      await using bench = await openWorkbench(registry.host);
      await using stack = new AsyncDisposableStack();
      const client = await open(bench, stack);
      // More often than passwords may fail.
      for (let i = 0; i < 7; i++) assertRefused(await client.push("public/app"), UNAUTHORIZED);
      assertDone(await client.login(ALICE));
      assertDone(await client.push("public/app"));
      assertDone(await client.logout());
      for (let i = 0; i < 7; i++) assertDone(await client.pull("public/app"));
      assertRefused(await client.pull("team/app"), UNAUTHORIZED);
      assertDone(await client.login(ALICE));
      assert(!registry.log().includes("Login failed"), registry.log());
    });
  }
}
