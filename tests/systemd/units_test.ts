import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../harness/ports.ts";
import { tool } from "../tools/tool.ts";
import { installSkerry, UNIT_NAMES, UNITS } from "./installed.ts";
import { outcomeOf } from "./machine.ts";

/** Highest exposure that `systemd-analyze security` may find, from 0 to 10. */
const MAX_EXPOSURE = 2;

const analyze = await tool("systemd-analyze");

/** A copy of the units whose program exists on this machine, since `verify` looks for it. */
async function withUnits(test: (folder: string) => Promise<void>, change = (text: string) => text) {
  const folder = await Deno.makeTempDir({ prefix: "skerry-units-" });
  try {
    for (const name of UNIT_NAMES) {
      const text = await Deno.readTextFile(`${UNITS}/${name}`);
      assertStringIncludes(text, "ExecStart=/opt/skerry/skerry\n");
      const path = `${folder}/${name.replace("@", "@1")}`;
      await Deno.writeTextFile(path, change(text.replace("/opt/skerry/skerry", "/bin/true")));
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const name of UNIT_NAMES.map((name) => name.replace("@", "@1"))) {
  Deno.test(`systemd-analyze verify finds no fault in ${name}`, async () => {
    await withUnits(async (folder) => {
      assertEquals(await outcomeOf(analyze, ["verify", "--man=no", `${folder}/${name}`]), {
        code: 0,
        output: "",
      });
    });
    const misspelt = (text: string) => text.replace("ProtectHome=", "ProtectHoem=");
    await withUnits(async (folder) => {
      const { output } = await outcomeOf(analyze, ["verify", "--man=no", `${folder}/${name}`]);
      assertStringIncludes(output, "ProtectHoem");
    }, misspelt);
  });

  Deno.test(`systemd-analyze security finds an exposure of at most ${MAX_EXPOSURE} in ${name}`, async () => {
    await withUnits(async (folder) => {
      const args = ["security", "--offline=true", `--threshold=${MAX_EXPOSURE * 10}`, `${folder}/${name}`];
      const { code, output } = await outcomeOf(analyze, args);
      const exposure = Number(/Overall exposure level for .*: ([\d.]+)/.exec(output)?.[1]);
      assert(exposure > 0 && exposure <= MAX_EXPOSURE, output);
      assertEquals(code, 0);
    });
  });
}

Deno.test("skerry.service starts with a configuration that only root can read, and stops in order", async () => {
  const port = freePort();
  await using machine = await installSkerry({
    config: "grace: 12h\n",
    dropIns: { "skerry.service": `Environment=PORT=${port}` },
  });
  await machine.run("systemctl", "start", "skerry.service");
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  assertEquals([ready.status, await ready.text()], [200, "ok\n"], "start returns when the registry is ready");

  const pushed = await fetch(
    `http://127.0.0.1:${port}/v2/a/blobs/uploads/?digest=sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a`,
    { method: "POST", body: "{}" },
  );
  assertEquals([pushed.status, await pushed.text()], [201, ""]);

  const show = async (property: string) =>
    (await machine.run("systemctl", "show", "--value", `--property=${property}`, "skerry.service")).trim();
  const pid = await show("MainPID");
  const command = (await machine.run("cat", `/proc/${pid}/cmdline`)).split("\0");
  assert(command.includes("--allow-write=/var/lib/skerry"), command.join(" "));
  assert(!command.includes("--allow-all") && !command.includes("--allow-run"), command.join(" "));
  assertMatch(await machine.run("cat", `/proc/${pid}/status`), /^Uid:\t(?!0\t)\d+\t/m);

  await machine.run("systemctl", "stop", "skerry.service");
  assertEquals([await show("Result"), await show("ExecMainStatus")], ["success", "0"]);
  const journal = await machine.run("journalctl", "--unit=skerry.service", "--output=cat", "--no-pager");
  assertStringIncludes(journal, '"message":"Shutting down","signal":"SIGTERM"');
  assert(!journal.includes("Permission denied") && !journal.includes("NotCapable"), journal);
});

Deno.test("skerry.service with workers is started when all of them serve", async () => {
  const port = freePort();
  await using machine = await installSkerry({
    config: "log: json\nlogProbes: on\nworkers: 3\n",
    dropIns: { "skerry.service": `Environment=PORT=${port}` },
  });
  await machine.run("systemctl", "start", "skerry.service");
  const processes = await machine.run("systemctl", "status", "--no-pager", "skerry.service");
  assertEquals(processes.match(/deno run .*worker\.js/g)?.length, 3, processes);
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  assertEquals([ready.status, await ready.text()], [200, "ok\n"]);
  await machine.run("systemctl", "stop", "skerry.service");
  const result = await machine.run("systemctl", "show", "--value", "--property=Result", "skerry.service");
  assertEquals(result, "success\n");
});

Deno.test("systemctl reload makes skerry.service read a configuration in place again", async () => {
  const port = freePort();
  const lines = `Environment=PORT=${port} SKERRY_CONFIG=/etc/skerry/public.yaml`;
  await using machine = await installSkerry({
    config: "{}\n",
    files: { "public.yaml": "retention: []\n" },
    dropIns: { "skerry.service": lines },
  });
  await machine.run("systemctl", "start", "skerry.service");
  await machine.write("public.yaml", 'retention: [{ repositories: ["**"], untaggedFor: 1h }]\n');
  await machine.run("systemctl", "reload", "skerry.service");
  const journal = () => machine.run("journalctl", "--unit=skerry.service", "--output=cat", "--no-pager");
  for (let tries = 0; tries < 100 && !(await journal()).includes("Configuration reloaded"); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assertStringIncludes(await journal(), '"message":"Configuration reloaded","changed":"retention"');
  const active = await machine.run("systemctl", "is-active", "skerry.service");
  assertEquals(active, "active\n");
});

Deno.test("skerry.service fails to start with the reason while its configuration is invalid", async () => {
  await using machine = await installSkerry({
    config: "grace: soon\n",
    dropIns: { "skerry.service": "Restart=no" },
  });
  const { code } = await machine.outcome("systemctl", "start", "skerry.service");
  assertEquals(code, 1);
  const journal = await machine.run("journalctl", "--unit=skerry.service", "--output=cat", "--no-pager");
  assertStringIncludes(
    journal,
    'Expected a duration from 1s to 3650d, such as "90s", "15m" or "24h", got "soon"',
  );
});
