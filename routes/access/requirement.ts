import type { Action, RepositoryName } from "../../oci/mod.ts";
import type { Route, RouteKind } from "../route.ts";

/**
 * Required access of a request:
 *
 * - `login`: none; the handler checks the password;
 * - `credentials`: a valid password or token, even an anonymous one. Clients learn from this path how to log in;
 * - `account`: a user's own password, or unrestricted credentials of an administrator, because the request manages
 *   other credentials;
 * - `administrator`: unrestricted credentials of an administrator, because the request is about the whole registry;
 * - `catalog`: the same as `credentials`, with a token for this scope; the list depends on the caller;
 * - `right`: the right to an action in a repository.
 */
export type Demand =
  | { need: "login" | "credentials" | "account" | "administrator" | "catalog" }
  | { need: "right"; action: Action; repository: RepositoryName };

/** Required access, or `nothing` for a public path. */
export type Requirement = Demand | { need: "nothing" };

/** Requirement of every kind of route. A new kind does not compile without one. */
type Requirements = { [Kind in RouteKind]: (route: Route<Kind>) => Requirement };

const NOTHING: Requirement = { need: "nothing" };
const LOGIN: Requirement = { need: "login" };
const CREDENTIALS: Requirement = { need: "credentials" };
const ACCOUNT: Requirement = { need: "account" };
const ADMINISTRATOR: Requirement = { need: "administrator" };
const CATALOG: Requirement = { need: "catalog" };

const nothing = () => NOTHING;
const login = () => LOGIN;
const account = () => ACCOUNT;
const administrator = () => ADMINISTRATOR;
const credentials = () => CREDENTIALS;
const pull = rightTo("pull");
const push = rightTo("push");
const remove = rightTo("delete");

function rightTo(action: Action): (route: { repository: RepositoryName }) => Requirement {
  return ({ repository }) => ({ need: "right", action, repository });
}

/**
 * Starting, continuing and cancelling an upload all need the right to push: a client that cannot cancel leaves uploads
 * behind. The right to move an existing tag is checked where the tag is written, and the right to a mount's source
 * where the source is read.
 */
const REQUIREMENTS: Requirements = {
  home: nothing,
  live: nothing,
  ready: nothing,
  startup: nothing,
  base: credentials,
  getBlob: pull,
  deleteBlob: remove,
  getManifest: pull,
  putManifest: push,
  deleteManifest: remove,
  startUpload: push,
  mountBlob: push,
  putBlob: push,
  getUpload: push,
  appendUpload: push,
  commitUpload: push,
  cancelUpload: push,
  listTags: pull,
  getTagHistory: pull,
  deleteRepository: rightTo("administer"),
  listReferrers: pull,
  listRepositories: () => CATALOG,
  getToken: login,
  postToken: login,
  getJwks: nothing,
  listAccountTokens: account,
  createAccountToken: account,
  revokeAccountToken: account,
  getApiDescription: nothing,
  getMe: credentials,
  findRepositories: () => CATALOG,
  search: () => CATALOG,
  listAllTokens: administrator,
  listUploads: administrator,
  cancelAnyUpload: administrator,
  listEvents: administrator,
  listDeadLetters: administrator,
  retryDeadLetter: administrator,
  deleteDeadLetter: administrator,
  listQuotas: administrator,
  listStorage: administrator,
  previewCollection: administrator,
  previewRetention: administrator,
  explainPolicy: administrator,
  getStatus: administrator,
  getRepository: pull,
  findTags: pull,
  inspectManifest: pull,
  getMoves: pull,
  diffManifests: pull,
  findReferrers: pull,
  inspectReferrer: pull,
  getSignatures: pull,
  moveTag: push,
  removeTag: remove,
  removeManifest: remove,
  discover: ({ repository }) => repository === undefined ? CREDENTIALS : pull({ repository }),
};

/** Required access of a route. */
export function requirementOf<Kind extends RouteKind>(route: Route<Kind>): Requirement {
  const requirement: (route: Route<Kind>) => Requirement = REQUIREMENTS[route.kind];
  return requirement(route);
}
