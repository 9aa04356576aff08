import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { HELP, parseOptions } from "./options.ts";

Deno.test("parseOptions() starts three replicas on fixed ports without a data folder by default", () => {
  assertEquals(parseOptions([]), { replicas: 3, port: 8100, data: undefined, restart: false });
});

Deno.test("parseOptions() reads every option that --help lists", () => {
  assertEquals(parseOptions(["--replicas=5", "--port=0", "--data=/srv/x", "--restart"]), {
    replicas: 5,
    port: 0,
    data: "/srv/x",
    restart: true,
  });
  assertEquals(parseOptions(["--help"]), undefined);
  assertEquals(HELP.match(/--[a-z]+/g), ["--replicas", "--port", "--data", "--restart"]);
});

Deno.test("parseOptions() refuses unknown options and numbers out of range", () => {
  assertThrows(() => parseOptions(["--replica=2"]), TypeError, "--replica");
  for (const option of ["--replicas=0", "--replicas=21", "--replicas=two", "--port=65534", "--port=-1"]) {
    const error = assertThrows(() => parseOptions([option]), Error);
    assertMatch((error as Error).message, /replicas|port/);
  }
});
