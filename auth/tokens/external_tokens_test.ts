import { assert, assertEquals, assertRejects } from "@std/assert";
import { SignJWT, UnsecuredJWT } from "jose";
import { type Action, ACTIONS } from "../../oci/mod.ts";
import { openExternalTokens } from "./external_tokens.ts";
import { FileError } from "../watched_file.ts";
import {
  bytes,
  CONFIG,
  EC,
  isBelieved,
  repo,
  RSA,
  setOf,
  signer,
  STRANGER,
  withKeys,
} from "../testing/external_tokens.ts";

Deno.test("openExternalTokens() fails for a file that is not there, or holds no usable key", async () => {
  const failed = () => {};
  const open = (keys: string) => openExternalTokens({ ...CONFIG, keys }, { failed });
  await assertRejects(() => open("/nowhere/keys"), FileError);
  const path = await Deno.makeTempFile();
  try {
    for (const text of ["", "{}", '{"kty":"oct","k":"c2VjcmV0"}']) {
      await Deno.writeTextFile(path, text);
      await assertRejects(() => open(path), TypeError, "Cannot use");
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("verify() returns the principal and the expiry of a valid token", async () => {
  await withKeys(EC.pem, async ({ tokens, mint, now }) => {
    const { principal, expiresAt, catalog } = await tokens.verify(await mint());
    assertEquals(expiresAt, (now() + 300) * 1000);
    assertEquals(principal, { kind: "external", name: "external:alice", expiresAt });
    assertEquals(catalog, false);
    assertEquals((await tokens.verify(await mint({ sub: "" }))).principal.name, "external:");
    assertEquals((await tokens.verify(await mint({ sub: undefined }))).principal.name, "external:");
  });
});

Deno.test("verify() takes tokens of every kind of key", async () => {
  const signers = await Promise.all(["PS256", "RS512", "ES384", "ES512", "EdDSA"].map(signer));
  await withKeys([RSA, EC, ...signers].map(({ pem }) => pem).join("\n"), async ({ isTaken }) => {
    for (const by of [RSA, EC, ...signers]) assert(await isTaken({}, by), by.alg);
    assert(!await isTaken({}, STRANGER));
  });
});

Deno.test("verify() tries each matching key, and none with another id", async () => {
  const keys = setOf({ ...STRANGER.jwk, kid: "old" }, { ...EC.jwk, kid: "new" }, RSA.jwk);
  await withKeys(keys, async ({ isTaken }) => {
    assert(await isTaken({}, EC) && await isTaken({}, EC, { kid: "new" }));
    assert(!await isTaken({}, EC, { kid: "old" }) && !await isTaken({}, EC, { kid: "other" }));
    assert(await isTaken({}, RSA, { kid: "whatever its server calls it" }));
  });
});

Deno.test("verify() uses a key only for its own algorithm", async () => {
  const ps = {
    ...RSA,
    alg: "PS256",
    privateKey: await crypto.subtle.importKey(
      "pkcs8",
      await crypto.subtle.exportKey("pkcs8", RSA.privateKey),
      { name: "RSA-PSS", hash: "SHA-256" },
      true,
      ["sign"],
    ),
  };
  await withKeys(setOf({ ...RSA.jwk, alg: "RS256" }), async ({ isTaken }) => {
    assertEquals([await isTaken({}, RSA), await isTaken({}, ps)], [true, false]);
  });
  await withKeys(setOf(RSA.jwk), async ({ isTaken }) => {
    assertEquals([await isTaken({}, RSA), await isTaken({}, ps)], [true, true]);
  });
});

Deno.test("verify() looks at no key that the token brings along (CVE-2025-24976)", async () => {
  await withKeys(setOf({ ...EC.jwk, kid: "a" }), async ({ isTaken }) => {
    const jwk = STRANGER.jwk;
    const brought = [
      { jwk },
      { jwk: { ...jwk, kid: "a" }, kid: "a" },
      { jwk: { ...jwk, alg: "ES256", use: "sig" } },
      { x5c: ["MIIB"], jwk },
      { jku: "http://127.0.0.1:1/keys" },
      { x5u: "http://127.0.0.1:1/keys" },
    ];
    for (const header of brought) {
      assert(!await isTaken({}, STRANGER, header), JSON.stringify(header));
      assert(await isTaken({}, EC, header), "a good token is good all the same");
    }
  });
});

Deno.test("verify() refuses tokens without a signature", async () => {
  await withKeys(RSA.pem + EC.pem, async ({ tokens, mint, now }) => {
    const claims = { iss: CONFIG.issuer, aud: CONFIG.service, sub: "alice", exp: now() + 300 };
    assert(!await isBelieved(tokens, new UnsecuredJWT(claims).encode()));
    const [header, payload, signature] = (await mint()).split(".");
    const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
    for (const alg of ["none", "None", "NONE", "", null, undefined, 1, ["ES256"]]) {
      for (const end of ["", signature]) {
        assert(!await isBelieved(tokens, `${part({ alg })}.${payload}.${end}`), `${alg}`);
      }
    }
    for (const end of ["", "AAAA", "A".repeat(86)]) {
      assert(!await isBelieved(tokens, `${header}.${payload}.${end}`));
    }
    const other = part({ ...claims, sub: "root" });
    assert(!await isBelieved(tokens, `${header}.${other}.${signature}`));
  });
});

Deno.test("verify() refuses HS256 with the public key for a secret", async () => {
  await withKeys(RSA.pem + EC.pem, async ({ tokens, path, now }) => {
    const file = await Deno.readTextFile(path);
    const secrets = [RSA, EC].flatMap(({ pem, jwk }) => [pem, pem.trim(), `${pem}\n`, JSON.stringify(jwk)]);
    for (const secret of [...secrets, file]) {
      const token = await new SignJWT({ sub: "alice", exp: now() + 300 }).setIssuer(CONFIG.issuer)
        .setAudience(CONFIG.service).setProtectedHeader({ alg: "HS256" }).sign(bytes(secret));
      assert(!await isBelieved(tokens, token));
    }
  });
});

Deno.test("verify() refuses extensions that must be understood", async () => {
  await withKeys(EC.pem, async ({ tokens, mint }) => {
    const [, payload, signature] = (await mint()).split(".");
    for (const header of [{ alg: "ES256", crit: ["exp"] }, { alg: "ES256", crit: ["b64"], b64: false }]) {
      assert(!await isBelieved(tokens, `${btoa(JSON.stringify(header))}.${payload}.${signature}`));
    }
  });
});

Deno.test("verify() accepts only tokens of its issuer for its service", async () => {
  await withKeys(EC.pem, async ({ isTaken }) => {
    for (const aud of [CONFIG.service, [CONFIG.service], ["other", CONFIG.service]]) {
      assert(await isTaken({ aud }), JSON.stringify(aud));
    }
    const services = [
      "other",
      "registry.example.evil",
      "REGISTRY.example",
      "",
      [],
      ["other"],
      undefined,
      null,
    ];
    for (const aud of services) assert(!await isTaken({ aud }), JSON.stringify(aud));
    for (const iss of ["other", "tokens.example/", "", undefined, null, [CONFIG.issuer]]) {
      assert(!await isTaken({ iss }), JSON.stringify(iss));
    }
  });
});

Deno.test("verify() rejects expired, premature and unlimited tokens, with a leeway of 30 seconds", async () => {
  await withKeys(EC.pem, async ({ isTaken, now }) => {
    for (
      const [taken, claims] of [
        [true, { exp: now() - 29 }],
        [false, { exp: now() - 31 }],
        [false, { exp: undefined }],
        [false, { exp: null }],
        [false, { exp: String(now() + 300) }],
        [false, { exp: 0 }],
        [true, { nbf: now() + 29 }],
        [false, { nbf: now() + 31 }],
        [true, { nbf: undefined }],
        [false, { nbf: "0" }],
      ] as const
    ) {
      assertEquals(await isTaken(claims), taken, JSON.stringify(claims));
    }
  });
});

Deno.test("verify() refuses a token once the clock says that it is over", async () => {
  await withKeys(EC.pem, async ({ tokens, mint, pass }) => {
    const token = await mint();
    pass(329_000);
    assert(await isBelieved(tokens, token));
    pass(2000);
    assert(!await isBelieved(tokens, token));
  });
});

Deno.test("verify() rejects malformed tokens, long tokens, and names that a log cannot contain", async () => {
  await withKeys(EC.pem, async ({ tokens, mint, isTaken }) => {
    for (
      const text of ["", ".", "..", "a.b.c", "e30.e30.e30", "e30.bnVsbA.e30", "hunter2", "\u0000", "💥.💥.💥"]
    ) {
      assert(!await isBelieved(tokens, text), text);
    }
    assert(await isTaken({ text: "x".repeat(8000) }));
    const long = await mint({ text: "x".repeat(13_000) });
    assert(long.length > 16 * 1024 && !await isBelieved(tokens, long));
    for (const sub of ["a\nb", "a\u202eb", "\u0000", "\u0085", "x".repeat(257), 7, null, {}, ["alice"]]) {
      assert(!await isTaken({ sub }), JSON.stringify(sub));
    }
    for (const sub of ["x".repeat(256), "a b", "äöü", "user:alice"]) assert(await isTaken({ sub }), sub);
  });
});

/** Rights of a token with this access: actions by repository. */
async function grantsOf(access: unknown, ...names: string[]): Promise<Action[][]> {
  let granted: Action[][] = [];
  await withKeys(EC.pem, async ({ tokens, mint }) => {
    const { grants } = await tokens.verify(await mint({ access }));
    granted = names.map((name) => ACTIONS.filter((action) => grants(action, repo(name))));
  });
  return granted;
}

Deno.test("grants() maps each action of a scope to rights in that repository only", async () => {
  const access = [
    { type: "repository", name: "a", actions: ["pull"] },
    { type: "repository", name: "b", actions: ["push"] },
    { type: "repository", name: "c", actions: ["delete"] },
    { type: "repository", name: "d", actions: ["*"] },
    { type: "repository(plugin)", name: "e", actions: ["pull", "push"] },
    { type: "repository", name: "f/a", actions: ["pull"] },
    { type: "repository", name: "f/a", actions: ["delete"] },
  ];
  assertEquals(await grantsOf(access, "a", "b", "c", "d", "e", "f/a", "f", "g", "a/b"), [
    ["pull"],
    ["push", "overwrite"],
    ["delete"],
    [...ACTIONS],
    ["pull", "push", "overwrite"],
    ["pull", "delete"],
    [],
    [],
    [],
  ]);
});

Deno.test("grants() gives nothing for malformed scopes, and treats no scope as a pattern", async () => {
  const odd = [
    { type: "repository", name: "**", actions: ["*"] },
    { type: "repository", name: "*", actions: ["*"] },
    { type: "registry", name: "a", actions: ["*"] },
    { type: "Repository", name: "a", actions: ["*"] },
    { type: "repository(other)", name: "a", actions: ["*"] },
    { type: "repository", name: "a", actions: "*" },
    { type: "repository", name: "a", actions: { 0: "*" } },
    {
      type: "repository",
      name: "a",
      actions: [["*"], null, 1, {}, "PULL", "administer", "overwrite", "toString"],
    },
    { type: "repository", name: "a", actions: ["__proto__", "constructor", "", "pull,push"] },
    { type: "repository", name: ["a"], actions: ["*"] },
    { type: "repository", name: "a" },
    { name: "a", actions: ["*"] },
    null,
    "repository:a:*",
    7,
    [],
  ];
  assertEquals(await grantsOf(odd, "a"), [[]]);
  for (const access of [undefined, null, "repository:a:*", { 0: odd[0] }, [], 1, true]) {
    assertEquals(await grantsOf(access, "a"), [[]], JSON.stringify(access));
  }
});

Deno.test("verify() grants the catalog only for the scope registry:catalog:*", async () => {
  await withKeys(EC.pem, async ({ tokens, mint }) => {
    const catalogOf = async (...access: unknown[]) => (await tokens.verify(await mint({ access }))).catalog;
    const good = { type: "registry", name: "catalog", actions: ["*"] };
    assert(await catalogOf(good) && await catalogOf(null, { ...good, actions: ["pull", "*"] }));
    const wrong = [
      { ...good, actions: ["pull"] },
      { ...good, actions: "*" },
      { ...good, actions: [] },
      { ...good, name: "catalogs" },
      { ...good, type: "repository" },
      { type: "repository", name: "a", actions: ["*"] },
    ];
    for (const access of [...wrong, "registry:catalog:*"]) {
      assert(!await catalogOf(access), JSON.stringify(access));
    }
    const { grants } = await tokens.verify(await mint({ access: [good] }));
    assertEquals(ACTIONS.filter((action) => grants(action, repo("catalog"))), []);
  });
});

Deno.test("verify() uses the present keys of the file", async () => {
  await withKeys(EC.pem, async ({ path, pass, isTaken, complaints }) => {
    assertEquals([await isTaken({}, EC), await isTaken({}, STRANGER)], [true, false]);
    await Deno.writeTextFile(path, setOf(STRANGER.jwk));
    assertEquals([await isTaken({}, EC), await isTaken({}, STRANGER)], [true, false]);
    pass(1000);
    assertEquals([await isTaken({}, EC), await isTaken({}, STRANGER)], [false, true]);
    assertEquals(complaints, []);
  });
});

Deno.test("verify() keeps the keys that it had where the file can't be used, and says so once", async () => {
  await withKeys(EC.pem, async ({ path, pass, isTaken, complaints }) => {
    for (const text of ["", "", setOf(), setOf({ kty: "oct", k: "c2VjcmV0" }), '{"keys":[{"kty":"RSA"}]}']) {
      await Deno.writeTextFile(path, text);
      pass(1000);
      assert(await isTaken({}, EC), text);
    }
    assertEquals(complaints.map((error) => (error as Error).message), [
      "Cannot use the keys: the file has none",
      "Cannot use key 1: it is not a public key for signatures",
    ]);
    await Deno.remove(path);
    pass(1000);
    assert(await isTaken({}, EC));
    assert(complaints.at(-1) instanceof FileError);
  });
});
