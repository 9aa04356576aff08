import { assertEquals } from "@std/assert";
import type { OpenUpload, Status } from "../../api/mod.ts";
import { status } from "./status.ts";
import type { BoundApi, Source } from "./source.ts";

const NOW = Date.parse("2026-01-02T03:04:05.000Z");

/** State of a registry that does something of everything. */
const STATE: Status = {
  version: "1.2.3",
  startedAt: "2026-01-02T01:04:05.000Z",
  ready: false,
  warnings: ["Garbage collection is too slow"],
  readOnly: false,
  work: [
    { name: "pass", state: "idle" },
    { name: "segment#0", state: "running", progress: 0.5, until: "2026-01-02T03:05:00.000Z" },
    { name: "segment#1", state: "running", progress: 0, until: "2026-01-02T03:06:00.000Z" },
    { name: "segment#2", state: "idle", progress: 1, until: "2026-01-02T03:07:00.000Z" },
    { name: "webhook ci", state: "running", until: "2026-01-02T03:05:30.000Z" },
  ],
};

function upload(i: number): OpenUpload {
  const expiresAt = new Date(NOW + i * 1000).toISOString();
  return {
    id: `u${i}`,
    repository: `team/app${i}`,
    principal: "robot:ci",
    state: "open",
    bytes: 1024,
    expiresAt,
  };
}

/** A source with this state, whose uploads come in two pages. */
function sourceOf(more: Partial<Source> = {}): Source {
  const uploads = Array.from({ length: 22 }, (_, i) => upload(21 - i));
  const api = {
    status: () => Promise.resolve(STATE),
    listUploads: ({ last }: { last?: string }) =>
      Promise.resolve(
        last === "x" ? { uploads: uploads.slice(10) } : { uploads: uploads.slice(0, 10), next: "x" },
      ),
    listQuotas: () =>
      Promise.resolve({
        quotas: [{ repositories: "team/**", used: 3 * 2 ** 20, limit: 4 * 2 ** 20, complete: false }],
      }),
  } as unknown as BoundApi;
  return { api, isRunning: true, [Symbol.asyncDispose]: () => Promise.resolve(), ...more };
}

async function textOf(source: Source): Promise<{ code: number; text: string[] }> {
  const lines: string[] = [];
  const code = await status(source, { print: (text) => lines.push(text), json: false, now: NOW });
  return { code, text: lines.join("\n").split("\n") };
}

Deno.test("status() shows the process, the background work by kind, uploads and quotas", async () => {
  const { code, text } = await textOf(sourceOf());
  assertEquals(code, 1); // it is not ready
  assertEquals(text.slice(0, 13), [
    "Version:      1.2.3",
    "Running for:  2h",
    "Ready:        no",
    "Read-only:    no",
    "Open uploads: 22, 22 KiB",
    "",
    "Warning: Garbage collection is too slow",
    "",
    "BACKGROUND WORK  STATE           DONE  LEASE UNTIL",
    "pass             idle",
    "segment          2 of 3 running  50 %  2026-01-02T03:06:00.000Z",
    "webhook ci       running               2026-01-02T03:05:30.000Z",
    "",
  ]);
  // Those that end next come first, and only the first 20.
  assertEquals(text[14], "team/app0   robot:ci  open   1 KiB  2026-01-02T03:04:05.000Z");
  assertEquals(text.slice(34, 35), ["and 2 uploads more"]);
  assertEquals(text.slice(36), ["QUOTA      USED  LIMIT", "team/**  3 MiB+  4 MiB  75 %"]);
});

Deno.test("status() shows events that wait where the source has them, and no process of a storage", async () => {
  const backlog = () =>
    Promise.resolve({
      waiting: { count: 1000, more: true },
      oldest: "2026-01-02T03:00:05.000Z",
      dead: { count: 2, more: false },
    });
  const { code, text } = await textOf(sourceOf({ isRunning: false, backlog }));
  assertEquals(code, 0);
  assertEquals(text.slice(0, 3), [
    "Read-only:    no",
    "Events:       1000+ waiting for webhooks, the oldest for 4m; 2 dead letters",
    "Open uploads: 22, 22 KiB",
  ]);
});
