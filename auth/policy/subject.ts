import type { Subject } from "../auth_config.ts";
import type { Principal } from "../principal.ts";
import { textMatcher } from "./text_pattern.ts";

/** The kinds of subjects that have a name. */
const NAMED: readonly NamedKind[] = [
  "user",
  "robot",
  "certificate",
  "external",
  "oidc",
  "workload",
  "group",
];

/** A kind of subject that has a name. */
export type NamedKind = "user" | "robot" | "certificate" | "external" | "oidc" | "workload" | "group";

/** A {@linkcode Subject} in its parts. */
export type SubjectParts =
  | { kind: "anonymous" | "authenticated" }
  | { kind: NamedKind; name: string };

/** Names of issuers and groups, without wildcards. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** True if `text` is a valid name of an issuer or a group. */
export function isPlainName(name: string): boolean {
  return PLAIN_NAME.test(name);
}

/** Parts of a subject; `undefined` if it is invalid. */
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

/** Test whether a principal matches any of these subjects, with the members of groups. */
export function subjectMatcher(
  subjects: readonly Subject[],
  groups: Readonly<Record<string, Subject[]>>,
): (principal: Principal) => boolean {
  const all = subjects.flatMap((subject) => {
    const parts = parseSubject(subject);
    return parts?.kind === "group"
      ? (Object.hasOwn(groups, parts.name) ? groups[parts.name]! : [])
      : [subject];
  });
  if (all.includes("anonymous")) return () => true; // a right of anonymous clients is everyone's
  const isAuthenticated = all.includes("authenticated");
  const names = new Set(all.filter((subject) => !subject.includes("*")));
  const patterns = all.filter((subject) => subject.includes("*")).map(textMatcher);
  return (principal) => {
    if (!isNamed(principal)) return false;
    // A workload matches by its issuer only: the issuer chooses the workload's name, and may have every workload of the
    // world as a client.
    const { kind, issuer } = principal;
    if (kind === "workload") return issuer !== undefined && names.has(`workload:${issuer}`);
    // The provider of logins, too, may let every person of the world log in.
    if (isAuthenticated && kind !== "oidc") return true;
    return names.has(principal.name) || patterns.some((matches) => matches(principal.name));
  };
}

/** True if the principal is authenticated and its name has the prefix of its kind, so that kinds cannot share names. */
function isNamed({ kind, name }: Principal): boolean {
  return kind !== "anonymous" && name.startsWith(`${kind}:`);
}
