import * as z from "zod/mini";
import type { VerifyRule } from "../trust/interface.ts";
import { expected, jsonOf, patterns } from "./schema_parts.ts";

/** Maximum entries of a list. */
const MAX_ENTRIES = 100;

function list<T>(entry: z.ZodMiniType<T, unknown>, what: string) {
  const error = expected(`a list of ${what}, ${MAX_ENTRIES} at most`);
  return z.array(entry, error).check(z.maxLength(MAX_ENTRIES, error));
}

function text(what: string) {
  return z.string(expected(what)).check(z.minLength(1, expected(what)));
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const name = z.string(expected("a name")).check(
  z.regex(NAME, expected('a name such as "production"')),
);

const keys = z.record(
  name,
  // No message shows the value: it could be a private key by mistake.
  z.string("Expected the path of a public key, or the key in PEM").check(
    z.minLength(1, "Expected the path of a public key, or the key in PEM"),
  ),
  expected("a map of names, each with a public key"),
);

const identity = z.strictObject({
  issuer: text("the issuer of the identity"),
  subject: text("the subject of the identity"),
  trustedRoot: text("the path of a trusted root, or its JSON"),
}, expected("a map with issuer, subject and trustedRoot"));

const notation = z.strictObject({
  certificates: text("the path of certificates in PEM, or their text"),
  subjects: z._default(list(text("a distinguished name"), "distinguished names"), []),
}, expected("a map with certificates and subjects"));

const actions = expected("a list of pull and tag");

const rule = z.strictObject({
  name,
  repositories: patterns,
  mode: z._default(z.enum(["audit", "enforce"], expected('"audit" or "enforce"')), "audit"),
  enforce: z._default(
    z.array(z.enum(["pull", "tag"], expected('"pull" or "tag"')), actions).check(z.minLength(1, actions)),
    ["pull", "tag"],
  ),
  exempt: z._default(list(text('an account such as "robot:ci"'), "accounts"), []),
  predicateTypes: z._default(list(text("a predicate type"), "predicate types"), []),
  keys: z._default(keys, {}),
  identities: z._default(list(identity, "identities"), []),
  notation: z._default(list(notation, "trust stores"), []),
}, expected("a map with name, repositories and any of keys, identities and notation")).check(
  z.superRefine(({ keys, identities, notation }, context) => {
    if (Object.keys(keys).length + identities.length + notation.length > 0) return;
    context.addIssue({ code: "custom", message: "Expected at least one of keys, identities and notation" });
  }),
);

/** Schema of `verify`: a list, or a JSON list from the environment. */
export const verifySchema: z.ZodMiniType<VerifyRule[], unknown> = jsonOf(
  "rules",
  list(rule, "rules").check(z.superRefine((rules, context) => {
    for (const [index, { name }] of rules.entries()) {
      if (rules.findIndex((rule) => rule.name === name) === index) continue;
      context.addIssue({
        code: "custom",
        path: [index, "name"],
        message: `Two rules have the name "${name}"`,
      });
    }
  })),
  [],
);

/** The rules with each path changed by `change`; texts stay. */
export async function withPaths(
  rules: readonly VerifyRule[],
  change: (path: string) => Promise<string>,
): Promise<VerifyRule[]> {
  const changed = async (source: string) => isInline(source) ? source : await change(source);
  return await Promise.all(rules.map(async (rule) => ({
    ...rule,
    keys: Object.fromEntries(
      await Promise.all(Object.entries(rule.keys).map(async ([name, key]) => [name, await changed(key)])),
    ),
    identities: await Promise.all(rule.identities.map(async (identity) => ({
      ...identity,
      trustedRoot: await changed(identity.trustedRoot),
    }))),
    notation: await Promise.all(rule.notation.map(async (store) => ({
      ...store,
      certificates: await changed(store.certificates),
    }))),
  })));
}

/** Paths of the files of the rules. */
export function verifyFiles(rules: readonly VerifyRule[]): string[] {
  const sources = rules.flatMap(({ keys, identities, notation }) => [
    ...Object.values(keys),
    ...identities.map(({ trustedRoot }) => trustedRoot),
    ...notation.map(({ certificates }) => certificates),
  ]);
  return [...new Set(sources.filter((source) => !isInline(source)))];
}

/** True for a text in PEM or JSON, which is no path. */
function isInline(source: string): boolean {
  return /^\s*(-----|\{)/.test(source);
}
