import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../config/config.ts";
import { StartError } from "../config/mod.ts";
import { usersOf } from "../tests/harness/secured.ts";
import { startS3 } from "../tests/s3/mod.ts";
import { createTable, CREDENTIALS_ENV, startDynalite } from "../tests/services/mod.ts";
import { runCommand } from "./mod.ts";
import { backup } from "./transfer/mod.ts";
import { folderConfig, printed, withFolder, withStorage } from "./testing/mod.ts";

/** Every command that works on an existing registry. */
const COMMANDS = [
  ["backup"],
  ["scrub"],
  ["collect"],
  ["collect", "--dry-run"],
  ["retain"],
  ["delete-repository", "a"],
  ["restore", "--list"],
  ["restore", "--dry-run", "BACKUP"],
  ["restore", "BACKUP"],
  ["copy", "--to", "COPY"],
  ["keys", "list"],
  ["keys", "rotate"],
  ["token", "create", "--robot", "ci"],
  ["token", "list"],
  ["logins", "list", "user:alice"],
];

/** Settings that every command takes. */
async function everything(): Promise<Record<string, string>> {
  return {
    SKERRY_AUTH: JSON.stringify({ url: "https://registry.test", users: await usersOf("alice") }),
    SKERRY_RETENTION: '[{"repositories": ["**"], "untaggedFor": "1h"}]',
  };
}

/** The message of the `StartError` that a command ends with. */
async function refusal(environment: Record<string, string>, args: string[]): Promise<string> {
  const config = await loadConfig({ ...await everything(), ...environment });
  const context = { serve: async () => {}, config: () => Promise.resolve(config), print() {} };
  return (await assertRejects(() => runCommand(args, context), StartError, undefined, args.join(" ")))
    .message;
}

Deno.test("commands say that no registry is there when the data folder is mistyped, and make none", async () => {
  await withFolder(async (folder) => {
    const real = folderConfig(`${folder}/data`);
    await withStorage(real, () => Promise.resolve());
    await backup(real, () => {}, { to: `${folder}/items` });
    await Deno.writeTextFile(`${folder}/copy.yaml`, `storage: folder\ndata: ${folder}/copy\n`);
    await Deno.mkdir(`${folder}/empty`);
    for (const data of [`${folder}/dta`, `${folder}/empty`]) {
      for (const command of COMMANDS) {
        const args = command.map((word) =>
          word.replace("BACKUP", `${folder}/items`).replace("COPY", `${folder}/copy.yaml`)
        );
        assertMatch(
          await refusal({ SKERRY_DATA: data }, args),
          /^Cannot find a registry in ".*": no (table|objects)/,
        );
      }
    }
    const left = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).toSorted();
    assertEquals(left, ["copy.yaml", "data", "empty", "items"]);
    assertEquals(await Array.fromAsync(Deno.readDir(`${folder}/empty`)), []);
  });
});

Deno.test("restore --dry-run and --list leave a data folder without a table as it is", async () => {
  await withFolder(async (folder) => {
    const real = folderConfig(`${folder}/data`);
    await withStorage(real, () => Promise.resolve());
    await printed((print) => backup(real, print));
    const [name] = await Array.fromAsync(Deno.readDir(`${folder}/data/objects/backups`), ({ name }) => name);
    for (const suffix of ["", "-wal", "-shm"]) {
      await Deno.remove(`${folder}/data/table.sqlite${suffix}`).catch(() => {});
    }
    for (const args of [["restore", "--list"], ["restore", "--dry-run", name!.replace(".object", "")]]) {
      const context = { serve: async () => {}, config: () => Promise.resolve(real), print() {} };
      assertEquals(await runCommand(args, context), 0);
      assertEquals(await Array.fromAsync(Deno.readDir(`${folder}/data`), ({ name }) => name), ["objects"]);
    }
  });
});

Deno.test("commands say in one line which bucket, table or credentials are missing", async () => {
  await using s3 = await startS3();
  await using dynalite = await startDynalite();
  await createTable(dynalite.endpoint, "registry");
  for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);
  const aws = {
    SKERRY_STORAGE: "aws",
    SKERRY_S3_BUCKET: s3.bucket,
    SKERRY_S3_PATH_STYLE: "on",
    SKERRY_DYNAMODB_TABLE: "registry",
    AWS_REGION: s3.region,
    AWS_ENDPOINT_URL: dynalite.endpoint,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
  };
  for (const command of [["backup"], ["collect"], ["scrub"], ["restore", "--list"], ["token", "list"]]) {
    assertEquals(
      await refusal({ ...aws, SKERRY_DYNAMODB_TABLE: "absent" }, command),
      'Cannot use the table "absent": Requested resource not found (ResourceNotFoundException)',
    );
    const noBucket = await refusal({ ...aws, SKERRY_S3_BUCKET: "absent" }, command);
    assertMatch(noBucket, /^Cannot use the bucket "absent": .*\(NoSuchBucket\)$/);
  }
});

Deno.test("commands end at once with one line when there are no AWS credentials", async () => {
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !/^(SKERRY|AWS)_/.test(name));
  const env = {
    ...Object.fromEntries(inherited),
    NO_COLOR: "1",
    SKERRY_STORAGE: "aws",
    SKERRY_S3_BUCKET: "registry",
    SKERRY_DYNAMODB_TABLE: "registry",
    AWS_REGION: "us-east-1",
    // A request would be tried for seconds.
    AWS_ENDPOINT_URL: "http://127.0.0.1:9",
    // No credentials of this machine count.
    AWS_PROFILE: "absent",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  for (const command of [["backup"], ["check"], ["provision", "--dry-run"]]) {
    const main = fileURLToPath(new URL("../main.ts", import.meta.url));
    const args = ["run", "--allow-all", "--quiet", main, ...command];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, clearEnv: true, env })
      .output();
    const [said, printed] = [stderr, stdout].map((bytes) => new TextDecoder().decode(bytes));
    assertEquals([code, printed], [1, ""]);
    assertMatch(said!, /^Cannot find AWS credentials: [^\n]*AWS_ACCESS_KEY_ID[^\n]*\n$/);
  }
});
