import { ACTIONS, isRepositoryName, type RepositoryName } from "../../oci/mod.ts";
import {
  fields,
  isMap,
  knownFields,
  list,
  mismatch,
  optional,
  type Schema,
  text,
  word,
} from "../../oci/schema.ts";
import type { Grant, Principal } from "../principal.ts";
import { MAX_SCOPES, type ResourceAccess, SCOPE_ACTIONS } from "./scope.ts";

const KINDS = ["anonymous", "user", "robot", "workload", "certificate", "external"] as const;

/** Claims of an access token beside the registered ones. */
export interface AccessClaims extends Pick<Principal, "kind" | "issuer" | "claims" | "bounds"> {
  /** Name of the principal. */
  sub: string;
  /** Granted scopes. */
  access: ResourceAccess[];
}

const anyText = text("text", () => true);

const textMap: Schema<Record<string, string>> = (input, place) =>
  isMap(input) && Object.values(input).every((value) => typeof value === "string")
    ? input as Record<string, string>
    : place.refuse(mismatch("a map of texts", input));

const bound = fields<Grant>("bounds", {
  repositories: anyText,
  actions: list(word(ACTIONS, "an action"), { what: "a list of actions" }),
});

const repositoryName = text("the name of a repository", isRepositoryName) as Schema<RepositoryName>;

const repositoryAccess = fields<ResourceAccess & { type: "repository" }>("a scope", {
  type: word(["repository"], "the type of a scope"),
  name: repositoryName,
  actions: list(word(SCOPE_ACTIONS, "an action"), { what: "a list of actions" }),
});

const catalogAccess = fields<ResourceAccess & { type: "registry" }>("a scope", {
  type: word(["registry"], "the type of a scope"),
  name: word(["catalog"], '"catalog"'),
  actions: list(word(["*"], '"*"'), { what: '["*"]', min: [1], max: [1] }) as Schema<["*"]>,
});

const resourceAccess: Schema<ResourceAccess> = (input, place) =>
  isMap(input) && input["type"] === "registry" ? catalogAccess(input, place) : repositoryAccess(input, place);

/** Schema of the claims. Tokens of other releases may have other claims. */
export const accessClaims: Schema<AccessClaims> = knownFields<AccessClaims>("claims", {
  sub: text("a name", (name) => name !== ""),
  kind: word(KINDS, "the kind of a principal"),
  issuer: optional(anyText),
  claims: optional(textMap),
  bounds: optional(list(bound, { what: "a list of bounds" })),
  access: list(resourceAccess, { what: "a list of scopes", max: [MAX_SCOPES] }),
});
