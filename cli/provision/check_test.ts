import { assertEquals, assertMatch } from "@std/assert";
import { readSettings } from "../../config/mod.ts";
import { startS3 } from "../../tests/s3/mod.ts";
import { createTable, CREDENTIALS_ENV, startDynalite } from "../../tests/services/mod.ts";
import { check, findingsTable } from "./check.ts";

Deno.test("findingsTable() prints capability, requirement, result and note in columns", () => {
  assertEquals(
    findingsTable([
      { capability: "walk", needed: true, works: true, note: "" },
      { capability: "fly", needed: false, works: false, note: "It walks" },
      { capability: "breathe", needed: true, works: false, note: "It is under water" },
      { capability: "sing", needed: true, works: undefined, note: "" },
    ]),
    [
      "  capability  required  result",
      "  walk        yes       works",
      "  fly         no        no          It walks",
      "  breathe     yes       FAILS       It is under water",
      "  sing        yes       not tested",
    ].join("\n"),
  );
});

Deno.test("check() tries the bucket and the table, and leaves nothing in them", async () => {
  await using s3 = await startS3({ quirks: { ignoresContentHash: true } });
  await using dynalite = await startDynalite();
  await createTable(dynalite.endpoint, "registry");
  for (const [name, value] of Object.entries(CREDENTIALS_ENV)) Deno.env.set(name, value);
  const checked = async (SKERRY_DYNAMODB_TABLE: string) => {
    let printed = "";
    const config = readSettings({
      AWS_REGION: s3.region,
      AWS_ENDPOINT_URL: dynalite.endpoint,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      SKERRY_STORAGE: "aws",
      SKERRY_S3_BUCKET: s3.bucket,
      SKERRY_S3_PREFIX: "registry",
      SKERRY_S3_PATH_STYLE: "on",
      SKERRY_DYNAMODB_TABLE,
    })!;
    const code = await check(config, (text) => printed += `${text}\n`);
    return { code, printed };
  };

  const { code, printed } = await checked("registry");
  assertEquals(code, 0, printed);
  assertMatch(
    printed,
    /^ {2}reject content with a wrong hash +no +no +The store accepted .* hashes every push itself/m,
  );
  assertMatch(printed, /^ {2}clean up +no +works$/m);
  assertEquals(s3.log.filter(({ key }) => key !== "" && !key.startsWith("registry/probe/")), []);

  const absent = await checked("absent");
  assertEquals(absent.code, 1);
  assertMatch(absent.printed, /^ {2}write an item and read it consistently +yes +FAILS +Requested resource/m);
  assertMatch(absent.printed, /^A required capability does not work\.$/m);
});
