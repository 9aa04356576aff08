import { assertEquals, assertThrows } from "@std/assert";
import { ACTIONS, parseRepositoryName, RegistryError } from "../../oci/mod.ts";
import { CATALOG, formatScope, MAX_SCOPES, meaningOf, parseScopes } from "./scope.ts";

/** The scopes in text, as they are understood. */
const understood = (...texts: string[]) => parseScopes(texts).map(formatScope);

Deno.test("parseScopes() reads the scopes of the token specification", () => {
  for (
    const scope of [
      "repository:samalba/my-app:pull",
      "repository:samalba/my-app:pull,push",
      "repository:a:delete",
      "repository:a/b/c/d:*",
      "repository:a.b/c_d/e__f/g--h:pull",
      "registry:catalog:*",
    ]
  ) {
    assertEquals(understood(scope), [scope]);
  }
  assertEquals(parseScopes(["repository:a/b:pull,push"]), [
    { type: "repository", name: parseRepositoryName("a/b"), actions: ["pull", "push"] },
  ]);
  assertEquals(parseScopes(["registry:catalog:*"]), [CATALOG]);
});

Deno.test("parseScopes() reads several in one text, in several texts, and in both", () => {
  const scopes = ["repository:a:pull", "repository:b:push", "registry:catalog:*", "repository:c:delete"];
  assertEquals(understood(scopes.join(" ")), scopes);
  assertEquals(understood(...scopes), scopes);
  assertEquals(understood(scopes.slice(0, 3).join(" "), scopes[3]!), scopes);
  assertEquals(understood("  repository:a:pull   repository:b:push ", ""), scopes.slice(0, 2));
});

Deno.test("parseScopes() asks for each resource once, with all that is asked for it", () => {
  assertEquals(understood("repository:a:push", "repository:b:pull", "repository:a:pull,push"), [
    "repository:a:pull,push",
    "repository:b:pull",
  ]);
  assertEquals(understood("registry:catalog:* registry:catalog:*"), ["registry:catalog:*"]);
  assertEquals(understood("repository:a:push,pull,push,pull"), ["repository:a:pull,push"]);
  assertEquals(understood("repository:a:pull", "repository(plugin):a:*"), ["repository:a:pull,*"]);
});

Deno.test("parseScopes() takes a class for no part of the type", () => {
  assertEquals(understood("repository(plugin):a/b:pull"), ["repository:a/b:pull"]);
  assertEquals(understood("registry(x):catalog:*"), ["registry:catalog:*"]);
  for (
    const type of ["repository()", "repository(Plugin)", "repository(a", "repository(a)(b)", "(a)repository"]
  ) {
    assertEquals(understood(`${type}:a/b:pull`), [], type);
  }
});

Deno.test("parseScopes() leaves out the actions that are not known", () => {
  assertEquals(understood("repository:a:pull,overwrite,administer,Push,,PULL"), ["repository:a:pull"]);
  for (const actions of ["", ",", "admin", "Pull", "pull;push", "**", "pull*"]) {
    assertEquals(understood(`repository:a:${actions}`), [], actions);
  }
});

Deno.test("parseScopes() drops scopes that name no repository here, such as a host with a port", () => {
  for (
    const name of [
      "localhost:5000/a",
      "registry.test:443/team/app",
      "a:b",
      ":a",
      "a:",
      "",
      "A",
      "a/",
      "/a",
      "a//b",
      "a/../b",
      "*",
      "a/*",
      "**",
      "a%2Fb",
      "a\u0000",
      "\u00e4",
      "a".repeat(256),
    ]
  ) {
    assertEquals(understood(`repository:${name}:pull`), [], name);
  }
});

Deno.test("parseScopes() does not read a part of a name with colons as an action", () => {
  for (const name of ["a:b", "a:pull", "localhost:5000/a", "a:b,c", "a:pull,b"]) {
    assertEquals(understood(`repository:${name}:pull,push`, `repository:${name}:pull,push,*`), [], name);
  }
  assertEquals(understood("registry:catalog:x:*,*"), []);
});

Deno.test("parseScopes() drops malformed scopes and keeps the others", () => {
  for (
    const text of [
      "repository",
      "repository:",
      "repository:a",
      "repository:pull",
      "::",
      "Repository:a:pull",
      "repositories:a:pull",
      "registry:catalog:pull",
      "registry:catalog:",
      "registry:other:*",
      "registry::*",
      "aws:a:pull",
      "__proto__:a:pull",
      "repository:a:pull\n",
      "repository\t:a:pull",
    ]
  ) {
    assertEquals(understood(`repository:b:pull ${text}`, "repository:c:push"), [
      "repository:b:pull",
      "repository:c:push",
    ], text);
  }
  assertEquals(parseScopes([]), []);
});

Deno.test("parseScopes() takes a tab or a line break for no space", () => {
  assertEquals(understood("repository:a:pull\trepository:b:pull"), []);
  assertEquals(understood("repository:a:pull\nrepository:b:pull"), []);
});

Deno.test("parseScopes() rejects too many resources, in one scope or in several", () => {
  const scopes = Array.from({ length: MAX_SCOPES }, (_, i) => `repository:a${i}:pull`);
  assertEquals(understood(...scopes).length, MAX_SCOPES);
  assertEquals(understood(...scopes, "repository:a0:push", "nonsense").length, MAX_SCOPES);
  const tooMany = [...scopes, "registry:catalog:*"];
  for (const texts of [tooMany, [tooMany.join(" ")]]) {
    const error = assertThrows(() => parseScopes(texts), RegistryError, "more than 50 scopes");
    assertEquals(error.status, 400);
  }
});

Deno.test("parseScopes() refuses too much text before it looks at it", () => {
  const half = " ".repeat(8192);
  assertEquals(understood(half, half), []);
  for (const texts of [[half, half, " "], ["x".repeat(20_000)]]) {
    const error = assertThrows(() => parseScopes(texts), RegistryError, "more than 16384 characters");
    assertEquals(error.status, 400);
  }
});

Deno.test("meaningOf() permits push to move tags, and only the star to administer", () => {
  assertEquals([...meaningOf(["pull"])], ["pull"]);
  assertEquals([...meaningOf(["push"])], ["push", "overwrite"]);
  assertEquals([...meaningOf(["delete"])], ["delete"]);
  assertEquals([...meaningOf(["pull", "*"])], [...ACTIONS]);
  assertEquals([...meaningOf([])], []);
});
