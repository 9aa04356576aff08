import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Output } from "./line_writer.ts";
import { createLog } from "./log.ts";
import { unavailable } from "../../oci/mod.ts";
import type { RequestLog } from "../../routes/mod.ts";

/** An output that remembers what it was given. */
function memory(): Output & { text(): string } {
  const chunks: string[] = [];
  return {
    write(bytes) {
      chunks.push(new TextDecoder().decode(bytes));
      return Promise.resolve(bytes.length);
    },
    text: () => chunks.join(""),
  };
}

const ENTRY: RequestLog = {
  time: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  method: "GET",
  route: "getManifest",
  path: "/v2/library/debian/manifests/latest",
  status: 200,
  bytes: 1024,
  duration: 1.23456,
  id: "0a1b2c3d-1",
};

/** Output of a log of this format for one entry. */
async function lineOf(format: "json" | "text", entry: RequestLog): Promise<string> {
  const output = memory();
  const log = createLog({ format, output });
  log.request(entry);
  await log.flush();
  return output.text();
}

Deno.test("request() writes one JSON object a line", async () => {
  const line = await lineOf("json", ENTRY);
  assertEquals(line.indexOf("\n"), line.length - 1);
  assertEquals(JSON.parse(line), {
    time: "2026-01-02T03:04:05.006Z",
    level: "info",
    "http.request.method": "GET",
    route: "getManifest",
    "url.path": "/v2/library/debian/manifests/latest",
    "http.response.status_code": 200,
    "http.response.body.size": 1024,
    duration: 1.23,
    id: "0a1b2c3d-1",
  });
});

Deno.test("request() writes a readable line for a terminal", async () => {
  const line = await lineOf("text", ENTRY);
  assertEquals(line, "03:04:05 200 GET /v2/library/debian/manifests/latest 1024 B 1.2 ms 0a1b2c3d-1\n");
});

Deno.test("request() logs a failure of the registry with its cause", async () => {
  const error = new Error("Cannot read", { cause: new Error("disk gone") });
  const json = JSON.parse(await lineOf("json", { ...ENTRY, status: 500, error }));
  assertEquals(json.level, "error");
  assertStringIncludes(json.error, "Error: Cannot read\n    at ");
  assertStringIncludes(json.error, "Caused by: Error: disk gone");
  assertStringIncludes(await lineOf("text", { ...ENTRY, status: 500, error }), "\n  Error: Cannot read\n");
});

Deno.test("request() tells an expected error without a stack", async () => {
  const busy = unavailable("Cannot read the request body");
  const outage = unavailable("Storage is slow", { cause: new Error("disk gone") });
  const errorOf = async (error: Error) =>
    JSON.parse(await lineOf("json", { ...ENTRY, status: 503, error })).error;
  assertEquals(await errorOf(busy), "Cannot read the request body");
  assertStringIncludes(await errorOf(outage), "Caused by: Error: disk gone\n    at ");
});

Deno.test("request() escapes line breaks and control characters in paths", async () => {
  const path = '/v2/\n{"level":"error"}\r\x1b[2J\x7f\x9b2J\u2028\u202e"\\';
  const json = await lineOf("json", { ...ENTRY, path });
  assert(/^[\x20-\x7e]+\n$/.test(json), json);
  assertEquals(JSON.parse(json)["url.path"], path);
  assert(/^[\x20-\x7e]+\n$/.test(await lineOf("text", { ...ENTRY, path })));
});

Deno.test("request() escapes methods and errors too", async () => {
  const entry = { ...ENTRY, status: 500, method: "G\u2028T", error: "\x1b[2J\r" };
  const json = await lineOf("json", entry);
  assert(/^[\x20-\x7e]+\n$/.test(json), json);
  assertEquals(JSON.parse(json).error, "\x1b[2J\r");
  assert(/^[\x20-\x7e\n]+$/.test(await lineOf("text", entry)));
});

Deno.test("createLog() writes nothing when it is off", async () => {
  const output = memory();
  const log = createLog({ format: "off", output });
  log.request(ENTRY);
  log.error("Cannot sweep", new Error("no"));
  await log.flush();
  assertEquals(output.text(), "");
});

Deno.test("createLog() writes events with their fields", async () => {
  const output = memory();
  const log = createLog({ format: "json", output, now: () => ENTRY.time });
  log.info("Listening", { url: "http://127.0.0.1:8000" });
  log.error("Cannot sweep", "why");
  await log.flush();
  assertEquals(output.text().trim().split("\n").map((line) => JSON.parse(line)), [
    { time: "2026-01-02T03:04:05.006Z", level: "info", message: "Listening", url: "http://127.0.0.1:8000" },
    { time: "2026-01-02T03:04:05.006Z", level: "error", message: "Cannot sweep", error: "why" },
  ]);
});

Deno.test("request() names the principal, the address and the user agent, as fields that can't be faked", async () => {
  const userAgent = 'docker/29 "quoted"\n{"level":"error"}';
  const principal = "workload:ci:a from 192.0.2.9\n12:00:00 200";
  const entry = { ...ENTRY, principal, address: "192.0.2.1", userAgent };
  const json = JSON.parse(await lineOf("json", entry));
  assertEquals([json["enduser.id"], json["client.address"]], [principal, "192.0.2.1"]);
  assertEquals(json["user_agent.original"], userAgent);
  assertEquals((await lineOf("json", entry)).trimEnd().split("\n").length, 1);
  const text = await lineOf("text", entry);
  assertEquals(text.indexOf("\n"), text.length - 1);
  assertStringIncludes(text, ' by "workload:ci:a from 192.0.2.9\\n12:00:00 200" from 192.0.2.1\n');
  assertStringIncludes(
    await lineOf("text", { ...ENTRY, principal: "user:alice", address: "2001:db8::1" }),
    "0a1b2c3d-1 by user:alice from 2001:db8::1\n",
  );
});

Deno.test("no field of an event and no line of an error looks like another one", async () => {
  const output = memory();
  const log = createLog({ format: "text", output, now: () => ENTRY.time });
  log.audit({
    who: "workload:ci:x action=tag.delete\nenduser.id=user:root",
    action: "tag.create",
    tag: "v1",
  });
  log.request({ ...ENTRY, status: 500, error: "Bad\n03:04:05 200 GET /fake" });
  await log.flush();
  const lines = output.text().trimEnd().split("\n");
  assertEquals(
    lines[0],
    '03:04:05 Change event=audit enduser.id="workload:ci:x action=tag.delete\\nenduser.id=user:root" action=tag.create tag=v1',
  );
  assertEquals(lines.slice(2), ["  Bad", "  03:04:05 200 GET /fake"]);
});

/** An output that fails while it is broken, and remembers what it was given. */
function breakable() {
  const state = { isBroken: false, text: "" };
  const output: Output = {
    write(bytes) {
      if (state.isBroken) return Promise.reject(new Error("Broken pipe"));
      state.text += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.length);
    },
  };
  return { state, output };
}

Deno.test("audit() loses no line to an output that fails, and asks for no changes until it is written", async () => {
  const { state, output } = breakable();
  const troubles: string[] = [];
  const trouble = (message: string) => void troubles.push(message);
  const log = createLog({ format: "json", output, trouble, retry: 1 });
  state.isBroken = true;
  for (let i = 0; i < 3; i++) log.audit({ who: "user:alice", action: "tag.create", tag: `v${i}` });
  await log.flush();
  assertEquals(log.auditReady(), false);
  log.request(ENTRY);
  state.isBroken = false;
  while (!log.auditReady()) await new Promise((resolve) => setTimeout(resolve, 1));
  await log.flush();
  const tags = state.text.trim().split("\n").map((line) => JSON.parse(line).tag);
  assertEquals(tags.filter((tag) => tag !== undefined), ["v0", "v1", "v2"]);
  assertEquals(troubles, [
    "Cannot write the audit log: Broken pipe. Changes are refused until it is written",
    "The audit log works again: changes are accepted",
  ]);
});
