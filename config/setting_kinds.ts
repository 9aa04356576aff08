import type {
  AccessConfig,
  DeliveryRule,
  PublicConfig,
  ReadReplica,
  WebhookConfig,
} from "./configuration.ts";
import type { RetentionRule } from "../registry/mod.ts";
import type { VerifyRule } from "../trust/interface.ts";

/** Kind of a setting: the format of its text, and its parser. */
export interface Kind<T> {
  /** For docs/configuration.md. */
  type: string;
  /** Completes "Expected ...". */
  expected: string;
  /** Parses the text; returns `undefined` for invalid text. */
  read: (text: string) => T | undefined;
}

/** Non-empty text. */
export const text: Kind<string> = {
  type: "text",
  expected: "text",
  read: (text) => text === "" ? undefined : text,
};

/** Kind that also accepts empty text, which means no value. */
export function optional(kind: Kind<string>): Kind<string> {
  return { ...kind, read: (text) => text === "" ? "" : kind.read(text) };
}

/** The address of a service, without a slash at its end. */
export const endpoint: Kind<string> = {
  type: "URL with `http:` or `https:`",
  expected: 'a URL such as "https://s3.example.com"',
  read: (text) => {
    const url = URL.parse(text);
    const plain = url !== null && /^https?:$/.test(url.protocol) &&
      url.search + url.hash + url.username === "";
    return plain ? url.href.replace(/\/+$/, "") : undefined;
  },
};

/** Prefix of every key in a bucket: a folder, with or without its final slash. */
export const keyPrefix: Kind<string> = {
  type: "path such as `registry` or `team/registry`",
  expected: 'a path such as "registry" or "team/registry", 512 characters at most',
  read: (text) => {
    const path = text.replace(/\/$/, "");
    const isPath = text.length <= 512 && /^[\w.-]+(\/[\w.-]+)*$/.test(path);
    // Clients of S3 resolve such segments like those of a URL.
    return isPath && !path.split("/").some((name) => /^\.+$/.test(name)) ? `${path}/` : undefined;
  },
};

const SWITCH: Record<string, boolean> = { on: true, true: true, 1: true, off: false, false: false, 0: false };

/**
 * List of rules. This parser reads only empty text. The schema of the configuration parses rules, so a process without
 * them does not load it.
 */
function rules<R>(page: string, entries = "rules"): Kind<R[]> {
  return {
    type: `list of ${entries}, as in ${page}`,
    expected: `a list of ${entries}`,
    read: (text) => text === "" ? [] : undefined,
  };
}

/** Retention rules. */
export const retentionRules: Kind<RetentionRule[]> = rules("[retention](retention.md)");

/** Rules of signatures. */
export const verifyRules: Kind<VerifyRule[]> = rules("[signatures](signatures.md)");

/** Delivery of blobs by repository. */
export const deliveryRules: Kind<DeliveryRule[]> = rules("[delivery](delivery.md#rules)");

/** Replicas for reads. */
export const readReplicas: Kind<ReadReplica[]> = rules("[consistency](consistency.md#replicas)", "replicas");

/** Receivers of events. */
export const webhookList: Kind<WebhookConfig[]> = rules("[webhooks](webhooks.md)", "webhooks");

/** Access control, which `access_config.ts` parses, as the schema parses {@linkcode retentionRules}. */
export const accessMap: Kind<AccessConfig> = {
  type: "map, as in [access](access.md)",
  expected: "a map",
  read: () => undefined,
};

/** The public endpoint, which `public_config.ts` parses, as `retention_config.ts` parses {@linkcode retentionRules}. */
export const publicMap: Kind<PublicConfig> = {
  type: "map, as in [public endpoint](public.md)",
  expected: "a map",
  read: () => undefined,
};

/** Origins of web pages (RFC 6454), or `*`. */
export const origins: Kind<string[]> = {
  type: "list of origins, separated by spaces; or `*`",
  expected: 'origins such as "https://app.example.com", separated by spaces, or "*"',
  read: (text) => {
    const origins = text.split(" ").filter((origin) => origin !== "");
    const isOrigin = (origin: string) => /^https?:/.test(origin) && URL.parse(origin)?.origin === origin;
    return text === "*" || origins.every(isOrigin) ? origins : undefined;
  },
};

/** On or off. */
export const toggle: Kind<boolean> = {
  type: "`on` or `off`",
  expected: '"on" or "off"',
  read: (text) => Object.hasOwn(SWITCH, text) ? SWITCH[text] : undefined,
};

/** A TCP port. */
export const port: Kind<number> = {
  type: "port",
  expected: "a port from 0 to 65535",
  read: (text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined,
};

/** A TCP port, or none. */
export const optionalPort: Kind<number | "off"> = {
  type: "`off` or a port",
  expected: '"off" or a port from 0 to 65535',
  read: (text) => text === "off" ? text : port.read(text),
};

/** Maximum number of workers: more than any machine can use. */
const MAX_WORKERS = 256;

/** Number of processes; `auto` is one for each CPU core. */
export const workerCount: Kind<number> = {
  type: `\`auto\` or a number from 1 to ${MAX_WORKERS}`,
  expected: `"auto" or a number from 1 to ${MAX_WORKERS}`,
  read: (text) => {
    if (text === "auto") return Math.min(MAX_WORKERS, navigator.hardwareConcurrency);
    return /^\d{1,3}$/.test(text) ? bounded(Number(text), 1, MAX_WORKERS) : undefined;
  },
};

/** Kind of a setting with fixed words as values. */
export function oneOf<const W extends string>(...words: W[]): Kind<W> {
  const list = (quote: string) => words.map((word) => quote + word + quote).join(", ");
  return {
    type: list("`"),
    expected: `one of ${list('"')}`,
    read: (text) => words.find((word) => word === text),
  };
}

const DURATION_UNIT = new Map([["ms", 1], ["s", 1000], ["m", 60_000], ["h", 3_600_000], ["d", 86_400_000]]);

/** A duration in milliseconds. A timer of 2^31 ms or more fires at once, so durations for timers are at most 20 days. */
export function duration(
  min: "0" | "1ms" | "1s" | "1m" | "1h",
  max: "1m" | "12h" | "1d" | "20d" | "3650d" = "3650d",
): Kind<number> {
  const range = `from ${min} to ${max}`;
  return {
    type: `duration ${range}`,
    expected: `a duration ${range}, such as "90s", "15m" or "24h"`,
    read: (text) => bounded(readDuration(text), readDuration(min)!, readDuration(max)!),
  };
}

function readDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const [, count, unit] = /^(\d{1,15})(ms|s|m|h|d)$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * DURATION_UNIT.get(unit!)!;
}

const SIZE_UNIT = new Map([["", 1], ["B", 1], ["KiB", 2 ** 10], ["MiB", 2 ** 20], ["GiB", 2 ** 30], [
  "TiB",
  2 ** 40,
]]);

/** A size in bytes, from `min` to `max`. */
export function size(min: string, max: string): Kind<number> {
  return {
    type: `size from ${min} to ${max}`,
    expected: `a size from ${min} to ${max}, such as "512KiB", "4MiB" or a number of bytes`,
    read: (text) => bounded(readSize(text), readSize(min)!, readSize(max)!),
  };
}

function readSize(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,15})(B|KiB|MiB|GiB|TiB)?$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * SIZE_UNIT.get(unit ?? "")!;
}

function bounded(value: number | undefined, min: number, max: number): number | undefined {
  return value === undefined || value < min || value > max ? undefined : value;
}
