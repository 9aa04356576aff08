/** A supervisor that kills the registry before it has ended its requests would make `SKERRY_SHUTDOWN_TIMEOUT` void. */
import { assert, assertMatch } from "@std/assert";
import { readConfig } from "../../config/mod.ts";

/** Milliseconds that the process may take after its last request, for its storage and its log. */
const EXIT_MS = 2000;

for (const name of ["skerry.service", "skerry@.service"]) {
  Deno.test(`${name}: systemd waits longer than the drain and the shutdown together`, async () => {
    const unit = await Deno.readTextFile(new URL(`../../infra/systemd/${name}`, import.meta.url));
    const settings = unit.matchAll(/^Environment=(.*)$/gm).flatMap(([, line]) => line!.split(" "))
      .map((setting) => setting.split("=") as [string, string])
      .filter(([variable]) => /^SKERRY_(DRAIN|SHUTDOWN_TIMEOUT)$/.test(variable));
    const { drain, shutdownTimeout } = await readConfig(Object.fromEntries(settings));
    const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? [];
    assertMatch(String(seconds), /^\d+$/);
    assert(Number(seconds) * 1000 >= drain + shutdownTimeout + EXIT_MS);
  });
}
