import type { OpenUpload, QuotaList, Status } from "../../api/mod.ts";
import { counted } from "../counted.ts";
import { factsOf, tableOf } from "../table.ts";
import { formatAge, formatBytes, formatCount } from "../units.ts";
import type { Output } from "./output.ts";
import { after, pagesOf } from "./pages.ts";
import type { Backlog, BoundApi, Source } from "./source.ts";

/** Uploads that the table shows: those that end next. */
const MAX_UPLOADS = 20;

/**
 * `skerry status`: prints what the registry is doing now. About a running registry it also prints the state of the
 * process that answers.
 *
 * @returns The exit code: 1 if the process is not ready.
 */
export async function status(source: Source, output: Output): Promise<number> {
  const { api, isRunning } = source;
  const { print, json } = output;
  const [state, uploads, { quotas }, events] = await Promise.all([
    api.status(),
    uploadsOf(api),
    api.listQuotas(),
    source.backlog?.(),
  ]);
  const { version, startedAt, ready, warnings, ...registry } = state;
  if (json) {
    const process = isRunning ? { version, startedAt, ready, warnings } : {};
    print(JSON.stringify({ ...process, ...registry, uploads, quotas, ...(events && { events }) }));
  } else print(textOf(state, { uploads, quotas, isRunning, events }, output));
  return isRunning && !ready ? 1 : 0;
}

async function uploadsOf(api: BoundApi): Promise<OpenUpload[]> {
  const uploads: OpenUpload[] = [];
  for await (const page of pagesOf((last) => api.listUploads({ n: 100, ...after(last) }))) {
    uploads.push(...page.uploads);
  }
  return uploads.toSorted((a, b) => a.expiresAt < b.expiresAt ? -1 : 1);
}

function textOf(
  { version, startedAt, ready, warnings, readOnly, work }: Status,
  { uploads, quotas, isRunning, events }:
    & { uploads: OpenUpload[]; isRunning: boolean; events: Backlog | undefined }
    & QuotaList,
  output: Output,
): string {
  const bytes = uploads.reduce((sum, upload) => sum + upload.bytes, 0);
  const facts = factsOf([
    ["Version", isRunning ? version : undefined],
    ["Running for", isRunning ? formatAge(startedAt, output.now) : undefined],
    ["Ready", isRunning ? ready ? "yes" : "no" : undefined],
    ["Read-only", readOnly ? "yes" : "no"],
    ["Events", events && backlogText(events, output)],
    ["Open uploads", `${uploads.length}, ${formatBytes(bytes)}`],
  ]);
  return [
    facts,
    isRunning && warnings.length > 0 ? warnings.map((text) => `Warning: ${text}`).join("\n") : undefined,
    work.length === 0 ? undefined : workTable(work, output),
    uploads.length === 0 ? undefined : uploadsTable(uploads, output),
    quotas.length === 0 ? undefined : quotasTable(quotas, output),
  ].filter((part) => part !== undefined).join("\n\n");
}

function backlogText({ waiting, oldest, dead }: Backlog, { now }: Output): string {
  const age = oldest === undefined ? "" : `, the oldest for ${formatAge(oldest, now)}`;
  return `${formatCount(waiting)} waiting for webhooks${age}; ${formatCount(dead)} dead letters`;
}

/** Leases of one kind of work, such as those of the segments of a full pass: `segment#0`, `segment#1` and so on. */
function workTable(work: Status["work"], output: Output): string {
  const columns = [
    { title: "BACKGROUND WORK" },
    { title: "STATE" },
    { title: "DONE", align: "right" as const },
    { title: "LEASE UNTIL" },
  ];
  const groups = Map.groupBy(work, ({ name }) => name.split("#", 1)[0]!);
  const rows = [...groups].map(([name, leases]) => {
    const running = leases.filter(({ state }) => state !== "idle");
    const progress = leases.flatMap((lease) => lease.progress ?? []);
    const done = progress.reduce((sum, each) => sum + each, 0) / progress.length;
    return [
      name,
      leases.length === 1 || running.length === 0
        ? running[0]?.state ?? "idle"
        : `${running.length} of ${leases.length} running`,
      progress.length === 0 ? "" : `${Math.floor(done * 100)} %`,
      running.map(({ until = "" }) => until).sort().at(-1) ?? "",
    ];
  });
  return tableOf(columns, rows, output);
}

function uploadsTable(uploads: readonly OpenUpload[], output: Output): string {
  const columns = [{ title: "UPLOAD TO" }, { title: "BY" }, { title: "STATE" }, {
    title: "BYTES",
    align: "right" as const,
  }, { title: "EXPIRES" }];
  const rows = uploads.slice(0, MAX_UPLOADS).map(({ repository, principal, state, bytes, expiresAt }) => [
    repository,
    principal,
    state,
    formatBytes(bytes),
    expiresAt,
  ]);
  const rest = uploads.length - rows.length;
  return tableOf(columns, rows, output) + (rest > 0 ? `\nand ${counted(rest, "upload")} more` : "");
}

function quotasTable(quotas: QuotaList["quotas"], output: Output): string {
  const columns = [{ title: "QUOTA" }, { title: "USED", align: "right" as const }, {
    title: "LIMIT",
    align: "right" as const,
  }, { title: "", align: "right" as const }];
  const rows = quotas.map(({ repositories, used, limit, complete }) => [
    repositories,
    `${formatBytes(used)}${complete ? "" : "+"}`,
    formatBytes(limit),
    limit === 0 ? "" : `${Math.floor(used / limit * 100)} %`,
  ]);
  return tableOf(columns, rows, output);
}
