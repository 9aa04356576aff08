import { assertEquals, assertRejects } from "@std/assert";
import { StartError } from "../../../config/mod.ts";
import { storedCredentials } from "./credentials.ts";

const HOST = "registry.test:5000";

/** Runs a test with a home folder, in which `write` writes a file as JSON or as it is. */
async function withHome(
  test: (home: string, write: (path: string, content: unknown) => Promise<void>) => Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "skerry-home-" });
  const write = async (path: string, content: unknown) => {
    await Deno.mkdir(`${home}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(
      `${home}/${path}`,
      typeof content === "string" ? content : JSON.stringify(content),
    );
  };
  try {
    await test(home, write);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

function login(user: string, password: string): { auth: string } {
  return { auth: new TextEncoder().encode(`${user}:${password}`).toBase64() };
}

Deno.test("storedCredentials() reads the logins of docker and podman", async () => {
  await withHome(async (home, write) => {
    const at = (env: Record<string, string>, host = HOST) => storedCredentials(host, env);
    assertEquals(await at({ HOME: home }), undefined);
    assertEquals(await at({}), undefined);
    await write(".docker/config.json", {
      auths: {
        [HOST]: login("alice", "pass:word"),
        "https://old.test": login("bob", "p"),
        "token.test": { identitytoken: "skrr_x", ...login("00000000-0000-0000-0000-000000000000", "") },
        "empty.test": {},
        "broken.test": { auth: "%%" },
      },
    });
    assertEquals(await at({ HOME: home }), { user: "alice", password: "pass:word" });
    assertEquals(await at({ USERPROFILE: home }), { user: "alice", password: "pass:word" });
    assertEquals(await at({ HOME: home }, "registry.test"), undefined);
    assertEquals(await at({ HOME: home }, "old.test"), { user: "bob", password: "p" });
    assertEquals(await at({ HOME: home }, "token.test"), { refreshToken: "skrr_x" });
    for (const host of ["empty.test", "broken.test"]) assertEquals(await at({ HOME: home }, host), undefined);

    await write("run/containers/auth.json", {
      auths: { [HOST]: login("carol", "p"), "pod.test": login("carol", "q") },
    });
    const both = { HOME: home, XDG_RUNTIME_DIR: `${home}/run` };
    assertEquals(await at(both), { user: "alice", password: "pass:word" });
    assertEquals(await at(both, "pod.test"), { user: "carol", password: "q" });
    assertEquals(await at({ ...both, DOCKER_CONFIG: `${home}/other` }), { user: "carol", password: "p" });
    await write("own.json", { auths: { [HOST]: login("dave", "p") } });
    assertEquals(await at({ ...both, REGISTRY_AUTH_FILE: `${home}/own.json` }), {
      user: "dave",
      password: "p",
    });
  });
});

Deno.test("storedCredentials() refuses a file that is no configuration of docker", async () => {
  await withHome(async (home, write) => {
    for (const content of ["{", "[]", { auths: { [HOST]: "secret" } }]) {
      await write(".docker/config.json", content);
      const error = await assertRejects(
        () => storedCredentials(HOST, { HOME: home }),
        StartError,
        "Cannot read the logins",
      );
      assertEquals(error.message.includes("secret"), false);
    }
  });
});

Deno.test("storedCredentials() asks the credential helper of docker", async () => {
  await withHome(async (home, write) => {
    const env = { HOME: home };
    const { PATH } = Deno.env.toObject();
    Deno.env.set("PATH", `${home}/bin:${PATH}`);
    try {
      // Answers for one host only, in the way of docker-credential-helpers.
      await write(
        "bin/docker-credential-test",
        `#!/bin/sh
read -r host
[ "$1" = get ] || exit 3
case $host in
  ${HOST}) echo '{"ServerURL":"${HOST}","Username":"alice","Secret":"from helper"}' ;;
  token.test) echo '{"ServerURL":"token.test","Username":"<token>","Secret":"skrr_y"}' ;;
  broken.test) echo secret; exit 1 ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
`,
      );
      await Deno.chmod(`${home}/bin/docker-credential-test`, 0o755);
      await write(".docker/config.json", { credsStore: "test", auths: { "plain.test": login("bob", "p") } });
      assertEquals(await storedCredentials(HOST, env), { user: "alice", password: "from helper" });
      assertEquals(await storedCredentials("token.test", env), { refreshToken: "skrr_y" });
      assertEquals(await storedCredentials("plain.test", env), { user: "bob", password: "p" });
      const error = await assertRejects(
        () => storedCredentials("broken.test", env),
        StartError,
        "docker-credential-test",
      );
      assertEquals(error.message.includes("secret"), false);

      await write(".docker/config.json", {
        credHelpers: { [HOST]: "test", "other.test": "missing" },
        credsStore: "../x",
      });
      assertEquals(await storedCredentials(HOST, env), { user: "alice", password: "from helper" });
      await assertRejects(
        () => storedCredentials("other.test", env),
        StartError,
        "docker-credential-missing",
      );
      await assertRejects(
        () => storedCredentials("z.test", env),
        StartError,
        "it is not the name of a program",
      );
    } finally {
      Deno.env.set("PATH", PATH!);
    }
  });
});
