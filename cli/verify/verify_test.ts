import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Config } from "../../config/mod.ts";
import { StartError } from "../../config/mod.ts";
import { CONFIG, LAYER } from "../../tests/harness/images.ts";
import {
  digest,
  imageOf,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  utf8,
} from "../../tests/harness/stores.ts";
import { attachBundle, KeySigner, statementAbout } from "../../trust/testing/signed_images.ts";
import { MisuseError } from "../command.ts";
import { folderConfig, printed, withFolder, withStorage } from "../testing/mod.ts";
import { readImage, verifyCommand } from "./verify.ts";

Deno.test("readImage() reads a repository with a tag or a digest", () => {
  const hash = digest(utf8("a"));
  assertEquals(readImage("library/test:v1"), { repository: REPOSITORY, reference: { tag: tag("v1") } });
  assertEquals(readImage(`library/test@${hash}`), { repository: REPOSITORY, reference: { digest: hash } });
  for (const text of ["", "library/test", ":v1", "Library:v1", "a@v1", `a:v1@${hash}`, "a:", "a@sha256:1"]) {
    assertThrows(() => readImage(text), MisuseError, "REPOSITORY:TAG", text);
  }
});

Deno.test("verify prints rules and signatures, and tells by its exit code if all rules are met", async () => {
  await withFolder(async (folder) => {
    const signer = new KeySigner();
    const image = imageOf(CONFIG, [LAYER]);
    const base = folderConfig(`${folder}/data`);
    const verify = [{
      name: "production",
      repositories: ["library/**"],
      mode: "enforce" as const,
      enforce: ["pull" as const],
      exempt: [],
      predicateTypes: [],
      keys: { release: signer.pem },
      identities: [],
      notation: [],
    }];
    const run = (config: Config, options: { json?: boolean } = {}) =>
      printed((print) =>
        verifyCommand(config, print, {
          repository: REPOSITORY,
          reference: { tag: tag("v1") },
          json: false,
          ...options,
        })
      );
    await withStorage(base, async ({ registry }) => {
      for (const bytes of [CONFIG, LAYER, utf8("{}")]) await pushBlob(registry, bytes);
      await pushManifest(registry, image, "v1");
    });
    const name = `library/test@${digest(image)}`;
    assertEquals(await run({ ...base, verify }), {
      code: 1,
      lines: [
        `${name}: unsigned`,
        "",
        "RULE        MODE     MET  REASON",
        "production  enforce  no   No signature found",
      ],
    });
    const signature = await withStorage(
      base,
      ({ registry }) => attachBundle(registry, image, signer.bundle(statementAbout(digest(image)))),
    );
    assertEquals(await run({ ...base, verify }), {
      code: 0,
      lines: [
        `${name}: verified`,
        "",
        "RULE        MODE     MET  REASON",
        'production  enforce  yes  Signed with key "release"',
        "",
        "STATE     FORMAT           SIGNED  PREDICATE                            MANIFEST             REASON",
        "verified  sigstore-bundle  -       https://sigstore.dev/cosign/sign/v1  " +
        `${signature.slice(0, 19)}  Signed with key "release"`,
      ],
    });
    const json = await run({ ...base, verify }, { json: true });
    const report = JSON.parse(json.lines.join(""));
    assertEquals([json.code, report.repository, report.state, report.signatures[0].key], [
      0,
      REPOSITORY,
      "verified",
      "release",
    ]);
    const without = await run(base);
    assertEquals([without.code, without.lines[0], without.lines[1]], [
      1,
      `${name}: unverified`,
      "No rule of `verify` is for this repository",
    ]);
    await assertRejects(
      () =>
        verifyCommand({ ...base, verify }, () => {}, {
          repository: REPOSITORY,
          reference: { tag: tag("v2") },
          json: false,
        }),
      StartError,
      "Cannot verify the manifest",
    );
  });
});
