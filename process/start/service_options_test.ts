import { assertEquals } from "@std/assert";
import { notifySockets, serviceOptions } from "./service_options.ts";

const SYSTEMD = { NOTIFY_SOCKET: "/run/systemd/notify", RUNTIME_DIRECTORY: "/run/skerry-1:/run/other" };

Deno.test("notifySockets() needs the socket of the manager and a folder for its own", () => {
  assertEquals(notifySockets(SYSTEMD), { manager: "/run/systemd/notify", own: "/run/skerry-1/notify.sock" });
  assertEquals(notifySockets({ NOTIFY_SOCKET: "/run/systemd/notify" }), undefined);
  assertEquals(notifySockets({ RUNTIME_DIRECTORY: "/run/skerry" }), undefined);
  assertEquals(notifySockets({ ...SYSTEMD, NOTIFY_SOCKET: "@abstract" }), undefined);
});

Deno.test("serviceOptions() adds nothing for one process without a service manager", () => {
  assertEquals(serviceOptions({}, { options: ["--allow-read"], workers: 1, deno: "/usr/bin/deno" }), []);
});

Deno.test("serviceOptions() lets only a supervisor run Deno", () => {
  const options = serviceOptions({}, { options: [], workers: 2, deno: "/usr/bin/deno" });
  assertEquals(options, ["--allow-run=/usr/bin/deno"]);
});

Deno.test("serviceOptions() permits the sockets of the notification, and never narrows a permission", () => {
  const paths = "/run/skerry-1/notify.sock,/run/systemd/notify";
  const given = { workers: 1, deno: "/usr/bin/deno" };
  assertEquals(serviceOptions(SYSTEMD, { ...given, options: ["--allow-read=/data"] }), [
    "--unstable-net",
    `--allow-read=${paths}`,
    `--allow-write=${paths}`,
  ]);
  assertEquals(serviceOptions(SYSTEMD, { ...given, options: ["--allow-read", "--allow-write"] }), [
    "--unstable-net",
  ]);
});
