/** The uploaded files under the conditions of Deno Deploy: packages are installed first, and then there is no network. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readDeployConfig, upload, uploadedPaths } from "./upload.ts";

/** The version that Deno Deploy's documentation names, and the one of the tests. */
const VERSIONS = ["2.5.0", "2.9.6"];

/** Runs a command in a shell, and returns what it wrote; fails where it fails. */
async function run(command: string, cwd: string, env: Record<string, string>): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", command],
    cwd,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert(success, `${command}\n${output}`);
  return output;
}

/** Asks the registry once it is ready. */
const CLIENT = `
const get = (path) => fetch("http://127.0.0.1:8000" + path).catch(() => undefined);
for (let count = 0; count < 300 && !(await get("/readyz"))?.ok; count++) {
  await new Promise((resolve) => setTimeout(resolve, 100));
}
console.log((await get("/v2/"))?.status);
`;

/** Starts the registry, asks it and stops it: in a network of its own this is the only client. */
const SESSION = `
ip link set lo up
"$DENO" run --cached-only -A "$ENTRYPOINT" > log 2>&1 &
"$DENO" eval '${CLIENT}'
kill -INT $!
wait $!
echo "exit code $?"
cat log
`;

for (const version of VERSIONS) {
  Deno.test(`the upload starts on Deno ${version} from an empty folder without a network`, async () => {
    const config = await readDeployConfig();
    const paths = await uploadedPaths(config);
    assertEquals(paths.filter((path) => /_test\.ts$|^tests\//.test(path)), []);
    const folder = await Deno.makeTempDir({ prefix: "skerry-deploy-" });
    await upload(`${folder}/app`, paths);
    const fetchDeno = `npx --yes deno@${version} eval 'console.log(Deno.execPath())'`;
    const deno = (await run(fetchDeno, folder, {})).trim().split("\n").at(-1)!;
    const env = {
      DENO: deno,
      DENO_DIR: `${folder}/cache`,
      // Deno 2.5 knows no authorities of the machine by itself.
      DENO_TLS_CA_STORE: "system,mozilla",
      DENO_DEPLOY: "1",
      DENO_TIMELINE: "production",
      ENTRYPOINT: config.runtime.entrypoint,
      PORT: "8000",
    };
    await run(config.install.replace(/^deno /, '"$DENO" '), `${folder}/app`, env);
    const log = await run(`unshare --net sh -c '${SESSION.replaceAll("'", `'"'"'`)}'`, `${folder}/app`, env);
    assertEquals(log.split("\n").slice(0, 2), ["200", "exit code 0"], log);
    assertStringIncludes(log, `"deno":"${version}"`);
    assertStringIncludes(log, "Authentication is off");
    await Deno.remove(folder, { recursive: true });
  });
}
