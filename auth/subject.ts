import type { Subject } from "./auth_config.ts";

/** The kinds of subjects that have a name. */
const NAMED = ["user", "robot", "certificate", "external", "workload", "group"] as const;

/** A {@linkcode Subject} in its parts. */
export type SubjectParts =
  | { kind: "anonymous" | "authenticated" }
  | { kind: typeof NAMED[number]; name: string };

/** Names of issuers and groups, which stand for themselves alone. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Whether an issuer or a group may be called this. */
export function isPlainName(name: string): boolean {
  return PLAIN_NAME.test(name);
}

/** The parts of a subject; `undefined` where the text is none. */
export function parseSubject(subject: Subject): SubjectParts | undefined {
  if (subject === "anonymous" || subject === "authenticated") return { kind: subject };
  const colon = subject.indexOf(":");
  const kind = NAMED.find((kind) => kind === subject.slice(0, Math.max(colon, 0)));
  if (kind === undefined) return undefined;
  const name = subject.slice(colon + 1);
  const isPlain = kind === "workload" || kind === "group";
  const isName = isPlain ? isPlainName(name) : /^[^\p{C}]{1,256}$/u.test(name) && name.trim() === name;
  return isName ? { kind, name } : undefined;
}
