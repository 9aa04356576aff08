import type { Audit, AuditEvent } from "../../registry/interface.ts";
import { LineWriter, type LineWriterOptions, type Output } from "./line_writer.ts";
import { RegistryError } from "../../oci/errors.ts";
import { plainField, plainJson, plainLines, plainText } from "./plain_text.ts";
import type { RequestLog } from "../../routes/mod.ts";

/** Severity of a line. */
type Level = "info" | "warn" | "error";

/** More of an event, by name. */
export type Fields = Record<string, string | number | boolean>;

/** Log of the process. Its methods do not wait or throw, and log no secrets. */
export interface Log {
  /** Writes one line for an answered request. */
  request(entry: RequestLog): void;
  /** A change that a principal has made, or a rule. Its line is never dropped for a slow reader. */
  audit: Audit;
  /** False while lines of the audit can't be written: changes are refused then. */
  auditReady(): boolean;
  /** Logs an event. */
  info(message: string, fields?: Fields): void;
  /** Logs a condition that the operator may want to change. */
  warn(message: string, fields?: Fields): void;
  /** Logs a failure of the registry or its storage. */
  error(message: string, error: unknown): void;
  /** Resolves when all lines are written. */
  flush(): Promise<void>;
}

/** Options of {@linkcode createLog}. */
export interface LogOptions extends LineWriterOptions {
  /** JSON lines, readable lines, or no lines. */
  format: "json" | "text" | "off";
  /** Standard output by default. */
  output?: Output;
  /** Called if the output itself fails; standard error by default. */
  trouble?: (message: string) => void;
  /** The present, in milliseconds since the epoch. */
  now?: () => number;
}

/** A log that costs a request next to nothing: its lines are collected and written together. */
export function createLog(
  { format, output = Deno.stdout, trouble = toStandardError, now = Date.now, ...options }: LogOptions,
): Log {
  if (format === "off") return SILENT;
  const { eventLine, requestLine } = format === "json" ? JSON_FORMAT : TEXT_FORMAT;
  const dropNote = (count: number) =>
    eventLine(now(), "warn", "Dropped log lines: the reader is too slow", { count });
  const lines = new LineWriter(output, dropNote, { ...options, trouble });
  return {
    request: (entry) => lines.write(requestLine(entry), entry.error !== undefined),
    audit: (event) => lines.keep(eventLine(now(), "info", "Change", auditFields(event))),
    auditReady: () => lines.isKeeping,
    info: (message, fields) => lines.write(eventLine(now(), "info", message, fields), true),
    warn: (message, fields) => lines.write(eventLine(now(), "warn", message, fields), true),
    error: (message, error) =>
      lines.write(eventLine(now(), "error", message, { error: describe(error) }), true),
    flush: () => lines.flush(),
  };
}

/** Members of a line of the audit log, with the names of OpenTelemetry for the principal and the address. */
function auditFields({ who, address, ...event }: AuditEvent): Fields {
  return {
    event: "audit",
    "enduser.id": who,
    ...event,
    ...(address !== undefined && { "client.address": address }),
  };
}

/** Does not wait: standard error may be the same pipe as the output, whose reader stands still. */
function toStandardError(message: string): void {
  Deno.stderr.write(new TextEncoder().encode(`${message}\n`)).catch(() => {});
}

const nothing = () => {};
const SILENT: Log = {
  request: nothing,
  audit: nothing,
  auditReady: () => true,
  info: nothing,
  warn: nothing,
  error: nothing,
  flush: async () => {},
};

/** Text format of events and requests. */
interface Format {
  eventLine(time: number, level: Level, message: string, fields?: Fields): string;
  requestLine(entry: RequestLog): string;
}

const JSON_FORMAT: Format = {
  eventLine: (time, level, message, fields) => {
    return plainJson({ time: new Date(time).toISOString(), level, message, ...fields });
  },
  // Names by https://opentelemetry.io/docs/specs/semconv/. Written out, since this is half the time of
  // `JSON.stringify`. What stands between quotes unescaped is ours.
  requestLine: (entry) => {
    const { time, method, route, path, status, bytes, duration, id, principal, address, userAgent, error } =
      entry;
    const who = principal === undefined ? "" : `,"enduser.id":${quote(principal)}`;
    const where = address === undefined ? "" : `,"client.address":${quote(address)}`;
    const agent = userAgent === undefined ? "" : `,"user_agent.original":${quote(userAgent)}`;
    const failed = error === undefined ? "" : `,"error":${plainJson(describe(error))}`;
    return `{"time":"${isoTime(time)}","level":"${levelOf(status)}","http.request.method":${quote(method)},` +
      `"route":"${route ?? "none"}","url.path":${quote(path)},"http.response.status_code":${status},` +
      `"http.response.body.size":${bytes},"duration":${hundredths(duration)},"id":"${id}"` +
      `${who}${where}${agent}${failed}}`;
  },
};

const TEXT_FORMAT: Format = {
  eventLine: (time, level, message, fields = {}) => {
    const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${plainField(value)}`).join("");
    return `${clock(time)} ${level === "info" ? "" : `${level}: `}${plainText(message)}${rest}`;
  },
  requestLine: ({ time, method, path, status, bytes, duration, id, principal, address, error }) => {
    const who = principal === undefined ? "" : ` by ${plainField(principal)}`;
    const where = address === undefined ? "" : ` from ${plainField(address)}`;
    // Indented, so that no line of an error looks like a line of the log.
    const failed = error === undefined ? "" : plainLines(`\n${describe(error)}`).replaceAll("\n", "\n  ");
    return `${clock(time)} ${status} ${plainText(`${method} ${path}`)} ${bytes} B ${
      duration.toFixed(1)
    } ms ${id}${who}${where}${failed}`;
  },
};

function levelOf(status: number): Level {
  return status >= 500 ? "error" : "info";
}

/** An error with its stack, unless it is an expected one, and what led to it. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof RegistryError && error.cause === undefined) return error.message;
  const cause = error.cause === undefined ? "" : `\nCaused by: ${describe(error.cause)}`;
  return (error.stack ?? String(error)) + cause;
}

let lastTime = NaN;
let lastIsoTime = "";

/** RFC 3339. Requests come faster than milliseconds pass, and this is the dearest part of a line. */
function isoTime(time: number): string {
  if (time !== lastTime) lastIsoTime = new Date(time).toISOString();
  lastTime = time;
  return lastIsoTime;
}

const TWO_DIGITS = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0"));

/** Text of `value.toFixed(2)`. Built from integers, whose texts are cached. */
function hundredths(value: number): string {
  const count = Math.round(value * 100);
  return `${Math.floor(count / 100)}.${TWO_DIGITS[count % 100]}`;
}

/** Time of day, for readable lines. */
function clock(time: number): string {
  return new Date(time).toISOString().slice(11, 19);
}

/** Characters that a JSON string holds unescaped. */
const ORDINARY = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** A JSON string of printable ASCII alone. Almost all are ordinary, and need no work. */
function quote(text: string): string {
  return ORDINARY.test(text) ? `"${text}"` : plainJson(text);
}
