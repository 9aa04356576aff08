// The sources of credentials, held against those of the AWS SDK in a process with the same environment.
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("testing/print_credentials.ts", import.meta.url));
const EXPIRATION = "2099-01-01T00:00:00.000Z";

/** Credentials that a process with these variables finds, and the requests that it makes for them. */
async function found(by: "ours" | "sdk", variables: Record<string, string>): Promise<unknown> {
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !/^(AWS|SKERRY)_/.test(name));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", SCRIPT, by],
    clearEnv: true,
    env: { ...Object.fromEntries(inherited), AWS_EC2_METADATA_DISABLED: "true", ...variables },
  }).output();
  const [printed, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return success ? JSON.parse(printed!) : said;
}

/** A token service and a container's credentials at the same address. */
function startIssuer() {
  const seen: unknown[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { method, url, headers } = request;
    const form = Object.fromEntries(new URLSearchParams(await request.text()));
    if (form.RoleSessionName) form.RoleSessionName = "any";
    seen.push([method, new URL(url).pathname, headers.get("authorization"), form]);
    if (method === "GET") {
      return Response.json({
        AccessKeyId: "ASIA",
        SecretAccessKey: "s/+",
        Token: "t+/=",
        Expiration: EXPIRATION,
      });
    }
    return new Response(
      `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
        <AssumeRoleWithWebIdentityResult>
          <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/a/b</Arn></AssumedRoleUser>
          <Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s/+</SecretAccessKey>
          <SessionToken>t+/=</SessionToken><Expiration>${EXPIRATION}</Expiration></Credentials>
        </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
      { headers: { "content-type": "text/xml" } },
    );
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return { url, seen, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("credentialsFor() obtains the credentials of the AWS SDK by the same requests", async () => {
  await using issuer = startIssuer();
  const folder = await Deno.makeTempDir({ prefix: "skerry-" });
  await Deno.writeTextFile(`${folder}/token`, "a.b.c");
  await Deno.writeTextFile(
    `${folder}/credentials`,
    "[other]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = p\n",
  );
  const keys = { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "secret" };
  const role = {
    AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/skerry",
    AWS_WEB_IDENTITY_TOKEN_FILE: `${folder}/token`,
  };
  const container = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${issuer.url}/get`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "bearer",
  };
  const profile = { AWS_PROFILE: "other", AWS_SHARED_CREDENTIALS_FILE: `${folder}/credentials` };
  for (
    const [expected, variables] of [
      ["AKIA", keys],
      ["AKIA", { ...keys, AWS_SESSION_TOKEN: "t", AWS_CREDENTIAL_EXPIRATION: EXPIRATION }],
      ["AKIA", { ...keys, ...role, ...container, AWS_ENDPOINT_URL_STS: issuer.url }],
      ["ASIA", { ...role, AWS_ENDPOINT_URL_STS: issuer.url }],
      ["ASIA", { ...role, ...container, AWS_ENDPOINT_URL: issuer.url }],
      ["ASIA", container],
      ["AKIAPROFILE", profile],
      ["AKIAPROFILE", { ...profile, ...keys, ...role, ...container }],
    ] as [string, Record<string, string>][]
  ) {
    const both = [];
    for (const by of ["ours", "sdk"] as const) {
      both.push([await found(by, variables), issuer.seen.splice(0)]);
    }
    assertEquals(both[0], both[1], JSON.stringify(variables));
    assertEquals((both[0]![0] as { accessKeyId: string }).accessKeyId, expected, JSON.stringify(variables));
  }
  await Deno.remove(folder, { recursive: true });
});
