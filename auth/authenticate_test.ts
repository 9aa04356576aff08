import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../oci/mod.ts";
import { createAuthenticator, type Identity, readBasic } from "./authenticate.ts";
import { InvalidTokenError, type VerifiedToken } from "./bearer.ts";
import type { Principal } from "./principal.ts";

const ORIGIN = { peer: "192.0.2.1", address: "198.51.100.1" };
const ALICE: Principal = { kind: "user", name: "user:alice" };
const BUILD: Principal = { kind: "certificate", name: "certificate:build" };
const TOKEN: VerifiedToken = { principal: ALICE, expiresAt: 0, catalog: false, grants: () => false };

/** Authenticator that accepts one token, one password and one certificate. */
function make() {
  const asked: unknown[] = [];
  const authenticator = createAuthenticator({
    tokens: {
      verify: (token) =>
        token === "good" ? Promise.resolve(TOKEN) : Promise.reject(new InvalidTokenError("Forged")),
    },
    logins: {
      login: (...login) => {
        asked.push(login);
        return Promise.resolve(ALICE);
      },
    },
    certificate: (headers, peer) => headers.has("X-Client") && peer === ORIGIN.peer ? BUILD : undefined,
  });
  const identify = async (headers: Record<string, string>): Promise<Identity> =>
    await authenticator.identify(new Headers(headers), ORIGIN);
  return { asked, identify };
}

const basic = (pair: string) => `Basic ${new TextEncoder().encode(pair).toBase64()}`;

Deno.test("identify() identifies the caller by a token, a password, a certificate or nothing", async () => {
  const { asked, identify } = make();
  assertEquals(await identify({ Authorization: "Bearer good" }), { principal: ALICE, token: TOKEN });
  assertEquals(await identify({ Authorization: "bEARER  good" }), { principal: ALICE, token: TOKEN });
  assertEquals(await identify({ Authorization: basic("alice:p:ä") }), { principal: ALICE });
  assertEquals(asked, [["alice", "p:ä", ORIGIN.address]]);
  assertEquals(await identify({ "X-Client": "build" }), { principal: BUILD });
  assertEquals((await identify({})).principal.name, "anonymous");
});

Deno.test("identify() does not fall back to a certificate after an invalid token", async () => {
  const { identify } = make();
  await assertRejects(
    () => identify({ "X-Client": "build", Authorization: "Bearer bad" }),
    InvalidTokenError,
  );
});

Deno.test("identify() rejects every scheme except Basic and Bearer", async () => {
  const { identify } = make();
  for (const authorization of ["x", "Bearer", "Digest good", "Negotiate good", "Bearer: good", "Basic"]) {
    const error = await assertRejects(() => identify({ Authorization: authorization }), RegistryError);
    assertEquals([error.status, error.code], [401, "UNAUTHORIZED"], authorization);
  }
});

Deno.test("readBasic() rejects malformed credentials", () => {
  const encoded = (pair: string | Uint8Array<ArrayBuffer>) =>
    (typeof pair === "string" ? new TextEncoder().encode(pair) : pair).toBase64();
  const wrong = [
    "",
    "!",
    encoded("nocolon"),
    encoded(new Uint8Array([0xff, 0x3a, 0x61])),
    `${encoded("a:b")}, ${encoded("c:d")}`,
    encoded(`a:${"b".repeat(16 * 1024)}`) + "AAAA",
  ];
  for (const text of wrong) {
    const error = assertThrows(() => readBasic(text), RegistryError);
    assertEquals(error.status, 401, text.slice(0, 40));
  }
  assertEquals(readBasic(encoded(":")), { username: "", password: "" });
  assertEquals(readBasic(encoded("a:b:c")), { username: "a", password: "b:c" });
});
