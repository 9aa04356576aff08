import { FILE_VARIABLE } from "../settings.ts";
import { type Command, MisuseError } from "./command.ts";

/** An option that takes no value, and one that does. */
const [FLAG, TEXT] = [{ type: "boolean" }, { type: "string" }] as const;

/** One that may be given several times. */
const TEXTS = { type: "string", multiple: true } as const;

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const modules = {
  backup: (): Promise<typeof import("./backup.ts")> => import(own("backup.ts")),
  check: (): Promise<typeof import("./check.ts")> => import(own("check.ts")),
  collect: (): Promise<typeof import("./collect.ts")> => import(own("collect.ts")),
  config: (): Promise<typeof import("../config.ts")> => import(own("../config.ts")),
  copy: (): Promise<typeof import("./copy.ts")> => import(own("copy.ts")),
  deleteRepository: (): Promise<typeof import("./delete_repository.ts")> =>
    import(own("delete_repository.ts")),
  htpasswd: (): Promise<typeof import("./htpasswd.ts")> => import(own("htpasswd.ts")),
  keys: (): Promise<typeof import("./keys.ts")> => import(own("keys.ts")),
  logins: (): Promise<typeof import("./logins.ts")> => import(own("logins.ts")),
  oci: (): Promise<typeof import("../oci/mod.ts")> => import(own("../oci/mod.ts")),
  policy: (): Promise<typeof import("./policy.ts")> => import(own("policy.ts")),
  provision: (): Promise<typeof import("./provision.ts")> => import(own("provision.ts")),
  restore: (): Promise<typeof import("./restore.ts")> => import(own("restore.ts")),
  retain: (): Promise<typeof import("./retain.ts")> => import(own("retain.ts")),
  scrub: (): Promise<typeof import("./scrub.ts")> => import(own("scrub.ts")),
  tokens: (): Promise<typeof import("./tokens.ts")> => import(own("tokens.ts")),
};

function own(file: string): string {
  return new URL(file, import.meta.url).href;
}

/** Every command but the one that lists them. */
export const COMMANDS: Record<string, Command> = {
  serve: {
    summary: "Serve the registry; so does no command at all",
    run: async ({ serve }) => (await serve(), undefined),
  },
  check: {
    summary: "Try out whether the bucket and the table can do what the registry needs",
    run: async ({ config, print }) => await (await modules.check()).check(await config(), print),
  },
  provision: {
    summary: "Make the bucket and the table, or verify them; --dry-run only says what it would do",
    options: { "dry-run": FLAG },
    run: async ({ config, print }, { has }) => {
      const { provision } = await modules.provision();
      return await provision(await config(), print, { dryRun: has("dry-run") });
    },
  },
  collect: {
    summary: "Remove what nothing refers to any more; --dry-run only says what, --json",
    options: { "dry-run": FLAG, json: FLAG },
    run: async ({ config, print }, { has }) => {
      const { collect } = await modules.collect();
      return await collect(await config(), print, { dryRun: has("dry-run"), json: has("json") });
    },
  },
  retain: {
    summary: "Remove what no rule of retention keeps; --dry-run, --repository PATTERN, --json",
    options: { "dry-run": FLAG, json: FLAG, repository: TEXT },
    run: async ({ config, print }, { has, text }) => {
      const { retainCommand } = await modules.retain();
      const repository = text("repository");
      return await retainCommand(await config(), print, {
        dryRun: has("dry-run"),
        json: has("json"),
        ...(repository !== undefined && { repository }),
      });
    },
  },
  scrub: {
    summary: "Read everything again and report what is damaged; --repair, --rate=<size per second>, --json",
    options: { repair: FLAG, rate: TEXT, json: FLAG },
    run: async ({ config, print }, { has, text }) => {
      const { readRate, scrub } = await modules.scrub();
      const rate = readRate(text("rate"));
      if (rate === undefined) throw new MisuseError(`No such rate: "${text("rate")}"`);
      return await scrub(await config(), print, { repair: has("repair"), json: has("json"), rate });
    },
  },
  backup: {
    summary: "Write all items of the table into the object store, or --to a file, while the registry runs",
    options: { to: TEXT },
    run: async ({ config, print }, { text }) => {
      const { backup } = await modules.backup();
      return await backup(await config(), print, { to: text("to") });
    },
  },
  restore: {
    summary: "Rebuild an empty table from a backup, by its name or file: --list, --dry-run, --from-objects",
    options: { list: FLAG, "dry-run": FLAG, "from-objects": FLAG },
    operands: ["the backup"],
    run: async ({ config, print }, { has, operands: [from] }) => {
      const { list, restore } = await modules.restore();
      if (has("list")) return await list(await config(), print);
      if (from === undefined) throw new MisuseError("Which backup? skerry restore --list names them");
      const [fromObjects, dryRun] = [has("from-objects"), has("dry-run")];
      return await restore(await config(), print, { from, fromObjects, dryRun });
    },
  },
  copy: {
    summary: "Copy the registry to the storage that a configuration file names: --to FILE, --objects-only",
    options: { to: TEXT, "objects-only": FLAG },
    run: async ({ config, print }, { has, text }) => {
      const path = text("to");
      if (path === undefined) {
        throw new MisuseError("Copy where? --to names the configuration file of the other storage");
      }
      const to = await (await modules.config()).loadConfig({ [FILE_VARIABLE]: path });
      const { copy } = await modules.copy();
      return await copy(await config(), print, { to, objectsOnly: has("objects-only") });
    },
  },
  "delete-repository": {
    summary: "Delete all that a repository has; --dry-run only counts it",
    options: { "dry-run": FLAG },
    operands: ["the repository"],
    run: async ({ config, print }, { has, operands: [name = ""] }) => {
      const { isRepositoryName } = await modules.oci();
      if (!isRepositoryName(name)) throw new MisuseError(`No such repository can be: "${name}"`);
      const { deleteRepository } = await modules.deleteRepository();
      return await deleteRepository(await config(), print, name, { dryRun: has("dry-run") });
    },
  },
  htpasswd: {
    summary: "Print a line for an htpasswd file; the password comes from standard input",
    operands: ["the name"],
    run: async ({ print }, { operands: [name = ""] }) =>
      await (await modules.htpasswd()).htpasswd(name, print),
  },
  "policy test": {
    summary: "Say who may do what, and why: WHO ACTION REPOSITORY, --claim NAME=VALUE, --json",
    options: { claim: TEXTS, json: FLAG },
    operands: ["who", "the action", "the repository"],
    run: async ({ config, print }, { has, texts, operands: [who = "", action = "", repository = ""] }) => {
      const { policyTest } = await modules.policy();
      const question = { who, action, repository, claims: texts("claim") };
      return policyTest(await config(), print, question, { json: has("json") });
    },
  },
  "token create": {
    summary:
      "Make a token of --robot NAME or --user NAME: --grant ACTIONS:PATTERN, --expires TIME, --description",
    options: { robot: TEXT, user: TEXT, grant: TEXTS, expires: TEXT, description: TEXT },
    run: async ({ config, print }, { text, texts }) => {
      const { createToken } = await modules.tokens();
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
    summary: "List tokens: --robot NAME, --user NAME, --json",
    options: { robot: TEXT, user: TEXT, json: FLAG },
    run: async ({ config, print }, { has, text }) => {
      const { listTokens } = await modules.tokens();
      const owner = { robot: text("robot"), user: text("user") };
      return await listTokens(await config(), print, { ...owner, json: has("json") });
    },
  },
  "token revoke": {
    summary: "End a token, by its id",
    operands: ["the id"],
    run: async ({ config, print }, { operands: [id = ""] }) =>
      await (await modules.tokens()).revokeToken(await config(), print, id),
  },
  "logins list": {
    summary: 'List where a principal such as "user:alice" is logged in; --json',
    options: { json: FLAG },
    operands: ["the principal"],
    run: async ({ config, print }, { has, operands: [principal = ""] }) =>
      await (await modules.logins()).listCommand(await config(), print, principal, { json: has("json") }),
  },
  "logins revoke": {
    summary: "Log a principal out: everywhere, or where an id says",
    operands: ["the principal", "the id"],
    run: async ({ config, print }, { operands: [principal = "", id] }) =>
      await (await modules.logins()).revokeCommand(await config(), print, principal, id),
  },
  "keys list": {
    summary: "List the keys that sign tokens",
    run: async ({ config, print }) => await (await modules.keys()).listKeys(await config(), print),
  },
  "keys rotate": {
    summary: "Make a new key, which signs in a while; --at-once where one is stolen: all tokens end",
    options: { "at-once": FLAG },
    run: async ({ config, print }, { has }) => {
      const { rotate } = await modules.keys();
      return await rotate(await config(), print, { atOnce: has("at-once") });
    },
  },
};
