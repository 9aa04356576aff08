import { assertEquals } from "@std/assert";
import { readSettings } from "../config/mod.ts";
import { startOptions } from "../process/start/mod.ts";
import { configPermissions } from "./config_permissions.ts";

const ROOT = decodeURIComponent(new URL(".", Deno.mainModule).pathname);

/** Printed lines for this environment. */
function permissionsFor(environment: Record<string, string>): string[] {
  const lines: string[] = [];
  const config = readSettings(environment)!;
  assertEquals(configPermissions(config, (line) => lines.push(line), environment), 0);
  return lines;
}

Deno.test("configPermissions() prints the permissions of startOptions(), one a line", () => {
  const environment = { SKERRY_DATA: "/srv/skerry data" };
  assertEquals(permissionsFor(environment), startOptions(readSettings(environment)!, ROOT));
});

Deno.test("configPermissions() adds those of workers and of a service manager", () => {
  const environment = {
    SKERRY_DATA: "/srv/data",
    SKERRY_WORKERS: "2",
    NOTIFY_SOCKET: "/run/systemd/notify",
    RUNTIME_DIRECTORY: "/run/skerry",
  };
  assertEquals(permissionsFor(environment).slice(-4), [
    `--allow-run=${Deno.execPath()}`,
    "--unstable-net",
    "--allow-read=/run/skerry/notify.sock,/run/systemd/notify",
    "--allow-write=/run/skerry/notify.sock,/run/systemd/notify",
  ]);
});
