import { assertEquals } from "@std/assert";
import { parseRepositoryName } from "../../oci/mod.ts";
import { createChallenge } from "./challenge.ts";
import type { Demand } from "./requirement.ts";

const BEARER = { challenge: "bearer", url: "https://registry.example", service: "registry.example" } as const;

function right(action: "pull" | "push" | "delete" | "administer"): Demand {
  return { need: "right", action, repository: parseRepositoryName("team/app") };
}

Deno.test("createChallenge() requests a token for the required scope, from the configured realm", () => {
  const challenge = createChallenge(BEARER);
  const start = 'Bearer realm="https://registry.example/token",service="registry.example"';
  assertEquals(challenge({ need: "credentials" }), start);
  assertEquals(challenge({ need: "catalog" }), `${start},scope="registry:catalog:*"`);
  assertEquals(challenge(right("pull")), `${start},scope="repository:team/app:pull"`);
  assertEquals(challenge(right("push")), `${start},scope="repository:team/app:pull,push"`);
  assertEquals(challenge(right("delete")), `${start},scope="repository:team/app:delete"`);
  assertEquals(challenge(right("administer")), `${start},scope="repository:team/app:*"`);
});

Deno.test("createChallenge() names the error of a token", () => {
  const challenge = createChallenge(BEARER);
  assertEquals(
    challenge(right("pull"), "insufficient_scope"),
    'Bearer realm="https://registry.example/token",service="registry.example",' +
      'scope="repository:team/app:pull",error="insufficient_scope"',
  );
});

Deno.test("createChallenge() sends clients to the external token server if one is configured", () => {
  const external = {
    realm: "https://auth.example/token",
    issuer: "auth.example",
    service: "images",
    keys: "keys.json",
  };
  assertEquals(
    createChallenge({ ...BEARER, external })({ need: "credentials" }),
    'Bearer realm="https://auth.example/token",service="images"',
  );
});

Deno.test("createChallenge() asks for a password when that is configured", () => {
  const challenge = createChallenge({ ...BEARER, challenge: "basic" });
  assertEquals(challenge(right("push"), "invalid_token"), 'Basic realm="registry.example", charset="UTF-8"');
});
