import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { EXPIRED, VALID } from "../../../cli/doctor/testing/certificates.ts";
import { StartError } from "../../../config/mod.ts";
import { OTHER, OTHER_AUTHORITY } from "../testing/other_certificate.ts";
import { readKeyPair } from "./key_pair.ts";

/** Reads these files, or none where the text is undefined. */
async function read(cert: string | undefined, key: string | undefined, now?: number) {
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  const [tlsCert, tlsKey] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  try {
    if (cert !== undefined) await Deno.writeTextFile(tlsCert, cert);
    if (key !== undefined) await Deno.writeTextFile(tlsKey, key);
    return await readKeyPair({ tlsCert, tlsKey }, now);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readKeyPair() reads a certificate, the certificates of its issuers, and its key", async () => {
  const chain = OTHER.cert + OTHER_AUTHORITY;
  const { cert, key, validUntil } = await read(chain, OTHER.key);
  assertEquals({ cert, key }, { cert: chain, key: OTHER.key });
  assert(validUntil > Date.now());
});

Deno.test("readKeyPair() refuses files that it cannot use, and shows no part of a key", async () => {
  const cases: [string | undefined, string | undefined, string][] = [
    [undefined, VALID.key, "tlsCert: Cannot read"],
    [VALID.cert, undefined, "tlsKey: Cannot read"],
    ["", VALID.key, "has no certificate in PEM"],
    [VALID.key, VALID.key, "has no certificate in PEM"],
    [VALID.cert.slice(0, 200), VALID.key, "has no certificate in PEM"],
    [VALID.cert, VALID.cert, "has no private key in PEM"],
    [VALID.cert, VALID.key.slice(0, 100), "has no private key in PEM"],
    [VALID.cert, OTHER.key, "is not the key of the certificate"],
    [EXPIRED.cert, EXPIRED.key, "has expired (2020-02-01T00:00:00.000Z)"],
  ];
  for (const [cert, key, expected] of cases) {
    const { message } = await assertRejects(() => read(cert, key), StartError);
    assertStringIncludes(message, expected);
    for (const line of VALID.key.split("\n").slice(1, 4)) assert(!message.includes(line), message);
  }
  const { message } = await assertRejects(() => read(VALID.cert, VALID.key, Date.UTC(2020, 1)), StartError);
  assertStringIncludes(message, "is not valid before 2026-");
});
