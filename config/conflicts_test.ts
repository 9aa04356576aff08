import { assertEquals } from "@std/assert";
import { conflictsOf } from "./conflicts.ts";
import { readSettings } from "./environment.ts";

Deno.test("conflictsOf() wants the key for CloudFront complete", () => {
  const config = readSettings({})!;
  const complete = {
    redirectEndpoint: "https://d1.cloudfront.net",
    redirectKeyPairId: "K2",
    redirectKey: "/etc/skerry/cloudfront.pem",
  };
  const conflictsWith = (more: Partial<typeof complete>) =>
    conflictsOf({ ...config, ...complete, ...more }).map(({ key }) => key);
  assertEquals(conflictsWith({}), []);
  assertEquals(conflictsWith({ redirectKey: "", redirectKeyPairId: "" }), []);
  assertEquals(conflictsWith({ redirectKey: "" }), ["redirectKeyPairId"]);
  assertEquals(conflictsWith({ redirectKeyPairId: "" }), ["redirectKeyPairId"]);
  assertEquals(conflictsWith({ redirectEndpoint: "" }), ["redirectKeyPairId"]);
  assertEquals(conflictsWith({ redirectEndpoint: "http://d1.cloudfront.net" }), ["redirectKeyPairId"]);
});
