/**
 * A registry with a team, for tests of what others may do there.
 *
 * @module
 */
import { EMPTY, imageOf, pushBlob, pushManifest } from "../harness/content.ts";
import { usersOf } from "../harness/secured.ts";
import {
  openSecuredApp,
  passwordOf,
  ROOT,
  type SecuredApp,
  type SecuredOptions,
} from "../harness/secured_app.ts";

export const ALICE = passwordOf("alice");

/**
 * A registry in which alice may do everything in `team/**`, bob may pull there, and every client may pull `public/**`.
 */
export async function openTeamApp(
  more: Record<string, unknown> = {},
  options: SecuredOptions = {},
): Promise<SecuredApp> {
  const app = await openSecuredApp({
    users: await usersOf("alice", "bob"),
    policies: [
      {
        repositories: ["team/**"],
        allow: [
          { to: ["user:alice"], actions: ["pull", "push", "overwrite", "delete"] },
          { to: ["user:bob"], actions: ["pull"] },
        ],
      },
      { repositories: ["public/**"], allow: [{ to: ["anonymous"], actions: ["pull"] }] },
    ],
    ...more,
  }, options);
  const root = app.as(ROOT);
  for (const repository of ["team/app", "team/other", "public/app"]) {
    await pushBlob(root, repository, EMPTY);
    await pushManifest(root, repository, imageOf(repository), "latest");
  }
  return app;
}

export const LIST = "/v2/team/app/tags/list";
