import * as z from "zod/mini";
import { EVENT_TYPES, type EventType } from "../registry/interface.ts";
import type { WebhookConfig } from "./configuration.ts";
import { expected, jsonOf, mismatch, ofKind, patterns } from "./schema_parts.ts";
import { duration, toggle } from "./setting_kinds.ts";

/** Maximum number of receivers: each event is stored once for each of them. */
const MAX_WEBHOOKS = 50;

/** Maximum number of secrets that sign one request. */
const MAX_SECRETS = 5;

/** Maximum number of repeated attempts. */
const MAX_RETRIES = 50;

/** Bytes of a secret, https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. */
const SECRET_BYTES = { least: 24, most: 64 };

/** Types that have to be asked for by their names: pulls are many. */
const ON_REQUEST: readonly EventType[] = ["manifest.pull"];

/** Pauses before the second attempt, the third one, and so on: nine attempts in a day. */
const DEFAULT_RETRY = ["5s", "30s", "5m", "30m", "2h", "5h", "8h", "8h"];

/** A name in keys of items, log lines and ids of dead letters. */
const name = z.string(expected("a name")).check(
  z.regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, expected('a name such as "ci", up to 32 characters')),
);

const secret = z.string(expected("a secret")).check(
  z.refine(isSecret, {
    // Not the value, which is almost right and may be in use.
    error: `Expected "whsec_" and ${SECRET_BYTES.least} to ${SECRET_BYTES.most} bytes in base64`,
  }),
);

function isSecret(text: string): boolean {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (encoded === undefined || encoded.length % 4 !== 0) return false;
  const { length } = atob(encoded);
  return length >= SECRET_BYTES.least && length <= SECRET_BYTES.most;
}

const url = z.string(expected("a URL")).check(
  z.refine(
    (text) => {
      const url = URL.parse(text);
      return url !== null && /^https?:$/.test(url.protocol) && url.hash + url.username + url.password === "";
    },
    { error: 'Expected a URL such as "https://ci.example.com/hooks", without a user' },
  ),
);

/** Types of events, or patterns of them such as `tag.*`. */
const events = z.pipe(
  patterns,
  z.transform((patterns, context): EventType[] => {
    const types = new Set<EventType>();
    for (const pattern of patterns) {
      const named = typesOf(pattern);
      if (named.length === 0) {
        const message = mismatch('a type of events such as "tag.move" or "tag.*"', pattern);
        context.issues.push({ code: "custom", message, input: pattern });
      }
      for (const type of named) types.add(type);
    }
    return EVENT_TYPES.filter((type) => types.has(type));
  }),
);

function typesOf(pattern: string): EventType[] {
  const group = pattern === "*" ? "" : pattern.endsWith(".*") ? pattern.slice(0, -1) : undefined;
  if (group === undefined) return EVENT_TYPES.filter((type) => type === pattern);
  return EVENT_TYPES.filter((type) => type.startsWith(group) && !ON_REQUEST.includes(type));
}

const webhook = z.strictObject({
  name,
  url,
  secrets: z.array(secret, expected("a list of secrets")).check(
    z.minLength(1, "Expected at least one secret"),
    z.maxLength(MAX_SECRETS, `Expected at most ${MAX_SECRETS} secrets`),
  ),
  events: z.prefault(events, ["*"]),
  repositories: z.prefault(patterns, ["**"]),
  allowPrivate: z.prefault(ofKind(toggle), "off"),
  retry: z.prefault(
    z.array(ofKind(duration("1ms", "20d")), expected("a list of durations")).check(
      z.maxLength(MAX_RETRIES, `Expected at most ${MAX_RETRIES} durations`),
    ),
    DEFAULT_RETRY,
  ),
  pullSample: z.prefault(
    z.int(expected("a whole number")).check(z.gte(1, expected("a number from 1 on"))),
    100,
  ),
}, expected("a map with name, url and secrets")).check(z.superRefine(({ url, allowPrivate }, context) => {
  if (allowPrivate || !url.startsWith("http:")) return;
  context.addIssue({ code: "custom", path: ["url"], message: 'Requires "https:", or "allowPrivate"' });
}));

/** Schema of the receivers of events. */
export const webhooksSchema: z.ZodMiniType<WebhookConfig[], unknown> = jsonOf(
  "webhooks",
  z.array(webhook, expected("a list of webhooks")).check(
    z.maxLength(MAX_WEBHOOKS, `Expected at most ${MAX_WEBHOOKS} webhooks`),
    z.superRefine((webhooks, context) => {
      for (const [index, { name }] of webhooks.entries()) {
        if (webhooks.findIndex((other) => other.name === name) === index) continue;
        context.addIssue({ code: "custom", path: [index, "name"], message: `"${name}" is used twice` });
      }
    }),
  ),
  [],
);
