import { type Action, ACTIONS } from "../../oci/mod.ts";
import type { Grant } from "../principal.ts";

/** Maximum grants of one account token. */
const MAX_GRANTS = 32;

/** Maximum characters of a pattern: no repository name is longer. */
const MAX_PATTERN_CHARACTERS = 255;

/** Whatever its owner may do. */
export const EVERYTHING: readonly Grant[] = [{ repositories: "**", actions: ACTIONS }];

/**
 * True if `text` is a valid pattern for the bounds of an account token: characters of names, `*` at most twice in a
 * segment, and `**` as a whole segment at most twice. Users choose these patterns, so the cost of matching is limited.
 */
export function isGrantPattern(text: string): boolean {
  if (text.length > MAX_PATTERN_CHARACTERS) return false;
  const segments = text.split("/");
  return segments.every((segment) => segment === "**" || SEGMENT.test(segment)) &&
    segments.filter((segment) => segment === "**").length <= 2;
}

const SEGMENT = /^(?=.)(?!.*\*\*)[a-z0-9._-]*(?:\*[a-z0-9._-]*){0,2}$/;

/** True if the value is a valid list of grants that bound an account token. */
export function areGrants(value: unknown): value is readonly Grant[] {
  return Array.isArray(value) && value.length > 0 && value.length <= MAX_GRANTS && value.every(isGrant);
}

function isGrant(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { repositories, actions, ...more } = value as Partial<Record<keyof Grant, unknown>>;
  return typeof repositories === "string" && isGrantPattern(repositories) &&
    Array.isArray(actions) && actions.length > 0 && actions.length <= ACTIONS.length &&
    actions.every(isAction) && Object.keys(more).length === 0;
}

function isAction(value: unknown): value is Action {
  return ACTIONS.some((action) => action === value);
}

/** Grant of a text such as `pull,push:team/**`; `undefined` for an invalid one. */
export function readGrant(text: string): Grant | undefined {
  const colon = text.indexOf(":");
  const grant = {
    repositories: text.slice(colon + 1),
    actions: text.slice(0, Math.max(colon, 0)).split(","),
  };
  const grants: unknown = [grant];
  return areGrants(grants) ? grants[0] : undefined;
}

/** Text of a grant, which `readGrant` reads. */
export function formatGrant({ repositories, actions }: Grant): string {
  return `${actions.join(",")}:${repositories}`;
}
