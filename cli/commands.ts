import { FILE_VARIABLE, readConfig } from "../config/mod.ts";
import { type Command, MisuseError, type Option } from "./command.ts";

/** Options of several commands. */
const JSON_LINES: Option = { help: "Print one JSON object a line" };
const CHANGE_NOTHING: Option = { help: "Change nothing; print what would be done" };
const OF_ROBOT: Option = { value: "NAME", help: "Name of a robot account" };
const OF_USER: Option = { value: "NAME", help: "Name of a user" };

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const rooms = {
  accounts: (): Promise<typeof import("./accounts/mod.ts")> =>
    import(new URL("accounts/mod.ts", import.meta.url).href),
  configCheck: (): Promise<typeof import("./config_check.ts")> =>
    import(new URL("config_check.ts", import.meta.url).href),
  configPermissions: (): Promise<typeof import("./config_permissions.ts")> =>
    import(new URL("config_permissions.ts", import.meta.url).href),
  cost: (): Promise<typeof import("./cost/mod.ts")> => import(new URL("cost/mod.ts", import.meta.url).href),
  doctor: (): Promise<typeof import("./doctor/mod.ts")> =>
    import(new URL("doctor/mod.ts", import.meta.url).href),
  import: (): Promise<typeof import("./import/mod.ts")> =>
    import(new URL("import/mod.ts", import.meta.url).href),
  oci: (): Promise<typeof import("../oci/mod.ts")> => import(new URL("../oci/mod.ts", import.meta.url).href),
  provision: (): Promise<typeof import("./provision/mod.ts")> =>
    import(new URL("provision/mod.ts", import.meta.url).href),
  ready: (): Promise<typeof import("./ready.ts")> => import(new URL("ready.ts", import.meta.url).href),
  transfer: (): Promise<typeof import("./transfer/mod.ts")> =>
    import(new URL("transfer/mod.ts", import.meta.url).href),
  upkeep: (): Promise<typeof import("./upkeep/mod.ts")> =>
    import(new URL("upkeep/mod.ts", import.meta.url).href),
  version: (): Promise<typeof import("./version.ts")> => import(new URL("version.ts", import.meta.url).href),
};

/** Every command except `help`. */
export const COMMANDS: Record<string, Command> = {
  serve: {
    summary: "Serve the registry; the default without a command",
    run: async ({ serve }) => {
      if (serve === undefined) {
        throw new MisuseError("Cannot serve: this program has only the other commands");
      }
      await serve();
      return undefined;
    },
  },
  "config check": {
    summary: "Check the configuration and print the effective settings",
    details:
      "Secrets are not printed. The exit code is 1 if the registry would not start with this configuration.",
    run: async ({ print }) => await (await rooms.configCheck()).configCheck(print),
  },
  "config permissions": {
    summary: "Print the permissions of Deno that serving needs, one a line",
    details: "The service and the container image start the registry with them.",
    run: async ({ config, print }) =>
      (await rooms.configPermissions()).configPermissions(await config(), print),
  },
  check: {
    summary: "Test the capabilities of the bucket and the table",
    run: async ({ config, print }) => await (await rooms.provision()).check(await config(), print),
  },
  provision: {
    summary: "Create the bucket and the table, or verify them",
    options: { "dry-run": CHANGE_NOTHING },
    run: async ({ config, print }, { has }) => {
      const { provision } = await rooms.provision();
      return await provision(await config(), print, { dryRun: has("dry-run") });
    },
  },
  collect: {
    summary: "Run garbage collection",
    options: { "dry-run": CHANGE_NOTHING, json: JSON_LINES },
    run: async ({ config, print }, { has }) => {
      const { collect } = await rooms.upkeep();
      return await collect(await config(), print, { dryRun: has("dry-run"), json: has("json") });
    },
  },
  retain: {
    summary: "Apply the retention rules: delete tags and manifests that no rule keeps",
    options: {
      "dry-run": CHANGE_NOTHING,
      repository: { value: "PATTERN", help: "Only repositories that match the glob pattern" },
      json: JSON_LINES,
    },
    run: async ({ config, print }, { has, text }) => {
      const { retainCommand } = await rooms.upkeep();
      const repository = text("repository");
      return await retainCommand(await config(), print, {
        dryRun: has("dry-run"),
        json: has("json"),
        ...(repository !== undefined && { repository }),
      });
    },
  },
  scrub: {
    summary: "Verify all stored content and report damage",
    details: "The exit code is 1 if there is damage, repaired or not.",
    options: {
      repair: { help: "Repair damage where nothing can be lost" },
      rate: { value: "SIZE", help: "Maximum bytes to read per second; 32MiB by default" },
      json: JSON_LINES,
    },
    run: async ({ config, print }, { has, text }) => {
      const { readRate, scrub } = await rooms.upkeep();
      const rate = readRate(text("rate"));
      if (rate === undefined) {
        throw new MisuseError(`Expected a size such as "8MiB" for --rate, got "${text("rate")}"`);
      }
      return await scrub(await config(), print, { repair: has("repair"), json: has("json"), rate });
    },
  },
  backup: {
    summary: "Write a backup of the table while the registry runs",
    details: "The backup does not contain objects: see docs/backup.md.",
    options: { to: { value: "FILE", help: "Write to a new file instead of the object store" } },
    run: async ({ config, print }, { text }) => {
      const { backup } = await rooms.transfer();
      return await backup(await config(), print, { to: text("to") });
    },
  },
  restore: {
    summary: "Rebuild an empty table from a backup",
    operands: [{
      name: "BACKUP",
      help: "A file, or the name of a backup in the object store",
      optional: true,
    }],
    options: {
      list: { help: "List the backups in the object store" },
      "dry-run": CHANGE_NOTHING,
      "from-objects": { help: "Also restore blobs that were pushed after the backup" },
    },
    run: async ({ config, print }, { has, operands: [from] }) => {
      const { printBackups, restore } = await rooms.transfer();
      if (has("list")) return await printBackups(await config(), print);
      if (from === undefined) throw new MisuseError("Missing BACKUP: --list prints the names of all backups");
      const [fromObjects, dryRun] = [has("from-objects"), has("dry-run")];
      return await restore(await config(), print, { from, fromObjects, dryRun });
    },
  },
  copy: {
    summary: "Copy the registry to another storage",
    options: {
      to: { value: "FILE", help: "Configuration file of the target storage; required" },
      "objects-only": { help: "Copy only the objects, before the copy of everything" },
    },
    run: async ({ config, print }, { has, text }) => {
      const path = text("to");
      if (path === undefined) throw new MisuseError("Missing --to FILE");
      const to = await readConfig({ [FILE_VARIABLE]: path });
      const { copy } = await rooms.transfer();
      return await copy(await config(), print, { to, objectsOnly: has("objects-only") });
    },
  },
  import: {
    summary: "Copy the storage of zot or CNCF distribution into the registry",
    details:
      "The format is detected. Can be repeated: only what is missing is copied. Both registries can run meanwhile. " +
      "Credentials for the source alone are read from SOURCE_AWS_ACCESS_KEY_ID and SOURCE_AWS_SECRET_ACCESS_KEY. " +
      "The exit code is 1 if something could not be copied. Reference: docs/migration.md.",
    operands: [{ name: "SOURCE", help: "Folder with the storage, or s3://BUCKET/PREFIX" }],
    options: {
      endpoint: { value: "URL", help: "S3 endpoint of the source; AWS by default" },
      region: { value: "REGION", help: "Region of the source's bucket; us-east-1 by default" },
      "path-style": { help: "Use URLs with the bucket in their path" },
      json: JSON_LINES,
    },
    run: async ({ config, print }, { has, text, operands: [source = ""] }) => {
      const { importCommand, readSourcePlace } = await rooms.import();
      const place = readSourcePlace({
        source,
        endpoint: text("endpoint"),
        region: text("region"),
        pathStyle: has("path-style"),
      });
      return await importCommand(await config(), print, { place, json: has("json") });
    },
  },
  "delete-repository": {
    summary: "Delete a repository with all its tags, manifests and blobs",
    operands: [{ name: "REPOSITORY", help: "Name of the repository" }],
    options: { "dry-run": CHANGE_NOTHING },
    run: async ({ config, print }, { has, operands: [name = ""] }) => {
      const { isRepositoryName } = await rooms.oci();
      if (!isRepositoryName(name)) throw new MisuseError(`Expected the name of a repository, got "${name}"`);
      const { deleteRepository } = await rooms.upkeep();
      return await deleteRepository(await config(), print, name, { dryRun: has("dry-run") });
    },
  },
  htpasswd: {
    summary: "Print a line for an htpasswd file",
    details: "Asks for the password, or reads it from standard input.",
    operands: [{ name: "NAME", help: "Name of the user" }],
    run: async ({ print }, { operands: [name = ""] }) => await (await rooms.accounts()).htpasswd(name, print),
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
      claim: { value: "NAME=VALUE", repeatable: true, help: "Claim of a workload; can be repeated" },
      json: JSON_LINES,
    },
    run: async ({ config, print }, { has, texts, operands: [who = "", action = "", repository = ""] }) => {
      const { policyTest } = await rooms.accounts();
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
      const { createToken } = await rooms.accounts();
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
      const { listTokens } = await rooms.accounts();
      const owner = { robot: text("robot"), user: text("user") };
      return await listTokens(await config(), print, { ...owner, json: has("json") });
    },
  },
  "token keep": {
    summary: "Keep a user's personal access tokens after a password change",
    options: { user: OF_USER },
    run: async ({ config, print }, { text }) =>
      await (await rooms.accounts()).keepTokens(await config(), print, text("user")),
  },
  "token revoke": {
    summary: "Revoke a robot token or a personal access token",
    operands: [{ name: "ID", help: "Id of the token, from token list" }],
    run: async ({ config, print }, { operands: [id = ""] }) =>
      await (await rooms.accounts()).revokeToken(await config(), print, id),
  },
  "logins list": {
    summary: "List the refresh tokens of a user or robot account",
    operands: [{ name: "PRINCIPAL", help: "user:NAME or robot:NAME" }],
    options: { json: JSON_LINES },
    run: async ({ config, print }, { has, operands: [principal = ""] }) =>
      await (await rooms.accounts()).listRefreshTokensCommand(await config(), print, principal, {
        json: has("json"),
      }),
  },
  "logins revoke": {
    summary: "Revoke refresh tokens of a user or robot account",
    operands: [
      { name: "PRINCIPAL", help: "user:NAME or robot:NAME" },
      { name: "ID", help: "Id of one refresh token, from logins list; all if absent", optional: true },
    ],
    run: async ({ config, print }, { operands: [principal = "", id] }) =>
      await (await rooms.accounts()).revokeRefreshTokensCommand(await config(), print, principal, id),
  },
  "keys list": {
    summary: "List the signing keys",
    run: async ({ config, print }) => await (await rooms.accounts()).listKeys(await config(), print),
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
      const { rotate } = await rooms.accounts();
      return await rotate(await config(), print, { atOnce: has("at-once") });
    },
  },
  cost: {
    summary: "Estimate the costs of a load at AWS and Deno Deploy",
    details: "Needs no configuration. Reference: docs/costs.md.",
    options: {
      pushes: { value: "N", help: "New images that are pushed; required" },
      pulls: { value: "N", help: "Images that are pulled; required" },
      bytes: { value: "SIZE", help: "Size of an image, as 200MiB; required" },
      stored: { value: "SIZE", help: "Bytes in the bucket; those of the pushed images by default" },
      layers: { value: "N", help: "Layers of an image; 5 by default" },
      days: { value: "N", help: "Days of the load; 30 by default" },
      redirect: { help: "Clients are redirected to the bucket for layers (docs/delivery.md)" },
      prices: { value: "FILE", help: "JSON file with other prices: the object prices of --json" },
      json: { help: "Print one JSON object" },
    },
    run: async ({ print }, { has, text }) =>
      await (await rooms.cost()).cost(print, {
        pushes: text("pushes"),
        pulls: text("pulls"),
        bytes: text("bytes"),
        stored: text("stored"),
        layers: text("layers"),
        days: text("days"),
        redirect: has("redirect"),
        prices: text("prices"),
        json: has("json"),
      }),
  },
  doctor: {
    summary: "Check a registry at its address, with proxies, CDN and platform in front of it",
    details:
      "Needs no configuration. The password of --user is read from SKERRY_DOCTOR_PASSWORD. The exit code is 1 " +
      "if there is a fault. Reference: docs/doctor.md.",
    options: {
      url: { value: "URL", help: "Address of the registry; required" },
      user: { value: "NAME", help: "Name of a user or robot; anonymous by default" },
      image: { value: "REPOSITORY:TAG", help: "Pull an image, and check caches and ranges with it" },
      push: { value: "REPOSITORY", help: "Push, pull and delete a small image, and check limits of uploads" },
      public: {
        value: "URL",
        help: "Public endpoint: check with --push that its cache forgets a deleted image",
      },
      "max-body": { value: "SIZE", help: "Largest body to try with --push; 16MiB by default" },
      slow: { value: "SECONDS", help: "Time of the slowest body to try with --push; 5 by default" },
      json: JSON_LINES,
    },
    run: async ({ print }, { has, text }) => {
      const { doctor, PASSWORD_VARIABLE, readDoctorOptions } = await rooms.doctor();
      const options = readDoctorOptions({
        url: text("url"),
        user: text("user"),
        password: Deno.env.get(PASSWORD_VARIABLE),
        image: text("image"),
        push: text("push"),
        publicUrl: text("public"),
        maxBody: text("max-body"),
        slow: text("slow"),
        json: has("json"),
      });
      return await doctor(print, options);
    },
  },
  ready: {
    summary: "Check the readiness of a running registry",
    details: "The exit code is 1 unless /readyz answers 200.",
    options: { url: { value: "URL", help: "Address of the registry; by default that of the configuration" } },
    run: async ({ config, print }, { text }) => {
      const { ownUrl, ready } = await rooms.ready();
      const url = text("url");
      if (url !== undefined) return await ready(url, print);
      return await ready(ownUrl(await config()), print, { verifiesName: false });
    },
  },
  version: {
    summary: "Print the version",
    run: async ({ print }) => (await rooms.version()).printVersion(print),
  },
};
