import { type Command, type Option } from "../command.ts";
import { JSON_LINES } from "../options.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importRoom = (): Promise<typeof import("./mod.ts")> => import(new URL("mod.ts", import.meta.url).href);

/** Options of several commands. */
const OF_ROBOT: Option = { value: "NAME", help: "Name of a robot account" };
const OF_USER: Option = { value: "NAME", help: "Name of a user" };

/** Commands for users, robot accounts, their tokens, signing keys and policies. */
export const ACCOUNTS_COMMANDS: Record<string, Command> = {
  htpasswd: {
    summary: "Print a line for an htpasswd file",
    details: "Asks for the password, or reads it from standard input.",
    operands: [{ name: "NAME", help: "Name of the user" }],
    run: async ({ print }, { operands: [name = ""] }) => await (await importRoom()).htpasswd(name, print),
  },
  "policy test": {
    summary: "Explain why a policy allows or denies an action",
    details:
      "The exit code is 0 if it is allowed, 1 if it is denied, 3 without `auth` in the configuration, and 4 for " +
      "an unknown user.",
    operands: [
      { name: "WHO", help: "anonymous, user:NAME, robot:NAME, certificate:NAME or workload:ISSUER" },
      { name: "ACTION", help: "pull, push, overwrite, delete or administer" },
      { name: "REPOSITORY", help: "Name of a repository" },
    ],
    options: {
      claim: {
        value: "NAME=VALUE",
        repeatable: true,
        help: "Claim of a workload or an account of a provider; can be repeated",
      },
      json: JSON_LINES,
    },
    run: async ({ config, print }, { has, texts, operands: [who = "", action = "", repository = ""] }) => {
      const { policyTest } = await importRoom();
      const question = { who, action, repository, claims: texts("claim") };
      return await policyTest(await config(), print, question, { json: has("json") });
    },
  },
  "token create": {
    summary: "Create a robot token or a personal access token",
    options: {
      robot: OF_ROBOT,
      user: OF_USER,
      grant: {
        value: "ACTIONS:PATTERN",
        repeatable: true,
        help: "Limit the token, as pull,push:team/**; can be repeated",
      },
      expires: { value: "TIME", help: "Lifetime, as 90d" },
      description: { value: "TEXT", help: "Purpose of the token" },
    },
    run: async ({ config, print }, { text, texts }) => {
      const { createToken } = await importRoom();
      return await createToken(await config(), print, {
        robot: text("robot"),
        user: text("user"),
        grants: texts("grant"),
        expires: text("expires"),
        description: text("description"),
      });
    },
  },
  "token list": {
    summary: "List robot tokens and personal access tokens",
    options: { robot: OF_ROBOT, user: OF_USER, json: JSON_LINES },
    run: async ({ config, print }, { has, text }) => {
      const { listTokens } = await importRoom();
      const owner = { robot: text("robot"), user: text("user") };
      return await listTokens(await config(), print, { ...owner, json: has("json") });
    },
  },
  "token keep": {
    summary: "Keep a user's personal access tokens after a password change",
    options: { user: OF_USER },
    run: async ({ config, print }, { text }) =>
      await (await importRoom()).keepTokens(await config(), print, text("user")),
  },
  "token revoke": {
    summary: "Revoke a robot token or a personal access token",
    operands: [{ name: "ID", help: "Id of the token, from token list" }],
    run: async ({ config, print }, { operands: [id = ""] }) =>
      await (await importRoom()).revokeToken(await config(), print, id),
  },
  "logins list": {
    summary: "List the refresh tokens of a user or robot account",
    operands: [{ name: "PRINCIPAL", help: "user:NAME, robot:NAME or oidc:NAME" }],
    options: { json: JSON_LINES },
    run: async ({ config, print }, { has, operands: [principal = ""] }) =>
      await (await importRoom()).listRefreshTokensCommand(await config(), print, principal, {
        json: has("json"),
      }),
  },
  "logins revoke": {
    summary: "Revoke refresh tokens of a user or robot account",
    operands: [
      { name: "PRINCIPAL", help: "user:NAME, robot:NAME or oidc:NAME" },
      { name: "ID", help: "Id of one refresh token, from logins list; all if absent", optional: true },
    ],
    run: async ({ config, print }, { operands: [principal = "", id] }) =>
      await (await importRoom()).revokeRefreshTokensCommand(await config(), print, principal, id),
  },
  "keys list": {
    summary: "List the signing keys",
    run: async ({ config, print }) => await (await importRoom()).listKeys(await config(), print),
  },
  "keys rotate": {
    summary: "Rotate the signing key",
    details: "The new key signs once every replica knows it.",
    options: {
      "at-once": {
        help: "Sign with the new key now and remove all others; revokes every existing access token",
      },
    },
    run: async ({ config, print }, { has }) => {
      const { rotate } = await importRoom();
      return await rotate(await config(), print, { atOnce: has("at-once") });
    },
  },
};
