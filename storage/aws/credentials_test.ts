import { assertEquals, assertRejects } from "@std/assert";
import { cachedCredentials, type Credentials, CredentialsError } from "./credentials.ts";

const MINUTE_MS = 60_000;

/** Credentials that end an hour after they were obtained, from a source that the test controls. */
function source() {
  const state = { now: 0, loads: 0, fails: false };
  const pending: (() => void)[] = [];
  const credentials = cachedCredentials(async (): Promise<Credentials> => {
    const accessKeyId = `${++state.loads}`;
    await new Promise<void>((resolve) => pending.push(resolve));
    if (state.fails) throw new CredentialsError("the test", "it fails", { transient: true });
    return { accessKeyId, secretAccessKey: "s", expiration: new Date(state.now + 60 * MINUTE_MS) };
  }, () => state.now);
  async function settle(): Promise<void> {
    pending.splice(0).forEach((resolve) => resolve());
    await new Promise((resolve) => setTimeout(resolve));
  }
  async function current(): Promise<string> {
    const [{ accessKeyId }] = await Promise.all([credentials(), settle()]);
    return accessKeyId;
  }
  return { state, credentials, settle, current };
}

Deno.test("cachedCredentials() loads once for concurrent calls", async () => {
  const { state, credentials, settle } = source();
  const asked = [credentials(), credentials(), credentials()];
  await settle();
  assertEquals((await Promise.all(asked)).map(({ accessKeyId }) => accessKeyId), ["1", "1", "1"]);
  assertEquals(state.loads, 1);
});

Deno.test("cachedCredentials() replaces credentials in the background before they expire", async () => {
  const { state, credentials, settle, current } = source();
  await current();
  state.now = 54 * MINUTE_MS;
  assertEquals([await current(), state.loads], ["1", 1]);
  state.now = 56 * MINUTE_MS;
  // No call waits for the new ones while the old ones are valid.
  assertEquals([(await credentials()).accessKeyId, (await credentials()).accessKeyId], ["1", "1"]);
  assertEquals(state.loads, 2);
  await settle();
  assertEquals([await current(), state.loads], ["2", 2]);
});

Deno.test("cachedCredentials() waits for new credentials after the old ones have expired", async () => {
  const { state, current } = source();
  await current();
  state.now = 60 * MINUTE_MS;
  assertEquals(await current(), "2");
});

Deno.test("cachedCredentials() keeps valid credentials after a failed refresh, and pauses", async () => {
  const { state, current } = source();
  await current();
  state.now = 56 * MINUTE_MS;
  state.fails = true;
  assertEquals([await current(), await current(), state.loads], ["1", "1", 2]);
  state.now += 11_000;
  assertEquals([await current(), state.loads], ["1", 3]);
  state.now = 61 * MINUTE_MS;
  await assertRejects(current, CredentialsError, "it fails");
  state.fails = false;
  assertEquals(await current(), "5");
});
