/** Deno Deploy may run the registry on another release of Deno: signatures must be verified on each. */
import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

for (const version of ["2.5.0", "2.9.6"]) {
  Deno.test(`Deno ${version} verifies a bundle of the public Sigstore instance, and rejects a changed one`, async () => {
    const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
    // The configuration of tests has members that earlier releases do not know.
    const config = await Deno.makeTempFile({ suffix: ".json" });
    try {
      const packages = Object.entries(imports).filter(([, target]) => String(target).startsWith("npm:"));
      await Deno.writeTextFile(config, JSON.stringify({ imports: Object.fromEntries(packages) }));
      const script = new URL("trust/testing/verify_chain.ts", ROOT).pathname;
      const run = ["run", "--no-lock", `--config=${config}`, "--allow-read", "--allow-env", script];
      const { stdout, stderr } = await new Deno.Command("npx", {
        args: ["--yes", `deno@${version}`, ...run],
        cwd: "/",
        stdin: "null",
        signal: AbortSignal.timeout(300_000),
      }).output();
      const decoder = new TextDecoder();
      assertEquals(decoder.decode(stdout), "good\nbad\n", decoder.decode(stderr));
    } finally {
      await Deno.remove(config);
    }
  });
}
