import { badDigest } from "./documents.ts";
import type { Dice } from "./dice.ts";
import type { Field, FuzzRequest } from "./fuzz_request.ts";
import { VALUE_TOKENS } from "./tokens.ts";
import type { World } from "./world.ts";

/** Parameters of pages and of the JSON API. */
const PARAMETERS = [
  "q",
  "n",
  "last",
  "sort",
  "from",
  "to",
  "tag",
  "place",
  "artifactType",
  "dryRun",
  "repository",
  "return_to",
  "__proto__",
  "",
];

/** Values that would become elements or attributes of a page that does not escape them. */
const MARKUP = [
  "%3Cfuzz%20onload=x%3E",
  "<fuzz>",
  "%22%3E%3Cfuzz%3E",
  "x%27%20onfocus=x%20autofocus%20",
  "javascript:x",
];

/** Path of a page or of an answer of the JSON API, and of a form without the origin that a form requires. */
export function pageRequest(dice: Dice, { kept }: World): FuzzRequest {
  const { name, tags, manifests } = dice.pick(kept);
  const digest = () => dice.pick([dice.pick(manifests).digest, badDigest(dice)]);
  const reference = () => dice.pick([dice.pick(tags), digest()]);
  const path = dice.pick([
    () => dice.pick(["/", "/search", "/login", "/account", "/assets/style.css", "/admin"]),
    () => `/admin/${dice.pick(["storage", "quotas", "uploads", "collection", "retention", "policy"])}`,
    () => `/r/${name}`,
    () => `/r/${name}/-/at/${reference()}`,
    () => `/r/${name}/-/${dice.pick(["diff", "history", "move", "delete"])}`,
    () => `/r/${name}/-/referrers/${digest()}`,
    () =>
      `/v2/_skerry/${
        dice.pick(["me", "openapi.json", "repositories", "search", "admin/uploads", "admin/status"])
      }`,
    () => `/v2/${name}/_skerry/${dice.pick(["repository", "tags", "diff"])}`,
    () => `/v2/${name}/_skerry/manifests/${reference()}`,
    () => `/v2/${name}/_skerry/history/${dice.pick(tags)}`,
    () => `/v2/${name}/_skerry/${dice.pick(["referrers", "contents", "signatures"])}/${digest()}`,
  ])();
  const value = () =>
    dice.pick([
      () => dice.pick(VALUE_TOKENS),
      () => dice.pick(MARKUP),
      () => `${dice.below(20)}`,
      reference,
    ])();
  const query = Array.from({ length: dice.below(4) }, (): Field => [dice.pick(PARAMETERS), value()]);
  const isForm = path.startsWith("/r/") && dice.chance(10);
  return {
    method: isForm ? "POST" : dice.pick(["GET", "GET", "GET", "HEAD"]),
    path,
    query,
    fields: isForm ? [["Content-Type", "application/x-www-form-urlencoded"]] : [],
    framing: "length",
    ...(isForm &&
      { body: new TextEncoder().encode(`tag=${dice.pick(tags)}&digest=${digest()}`), refused: true }),
  };
}
