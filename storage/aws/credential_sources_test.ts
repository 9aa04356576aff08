import { assert, assertEquals, assertRejects } from "@std/assert";
import { credentialsFor } from "./credential_sources.ts";
import { CredentialsError } from "./credentials.ts";

const REGION = "eu-central-1";
const EXPIRATION = "2099-01-01T00:00:00Z";

/** A server that gives credentials, and the requests that it has seen. */
function startIssuer(answer: (request: Request, body: string) => Response) {
  const seen: { method: string; path: string; authorization: string | null; body: string }[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const body = await request.text();
    const { pathname, search } = new URL(request.url);
    const authorization = request.headers.get("authorization");
    seen.push({ method: request.method, path: pathname + search, authorization, body });
    return answer(request, body);
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return { url, seen, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** An environment with these variables and an empty home folder. */
async function environment(variables: Record<string, string> = {}) {
  const home = await Deno.makeTempDir({ prefix: "skerry-" });
  const all: Record<string, string> = { HOME: home, ...variables };
  const env = (name: string) => all[name];
  return { home, env, [Symbol.asyncDispose]: () => Deno.remove(home, { recursive: true }) };
}

function assumed(): Response {
  return new Response(
    `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>arn</Arn></AssumedRoleUser><Credentials>
        <SessionToken>t+/=</SessionToken><SecretAccessKey>secret/+</SecretAccessKey>
        <Expiration>${EXPIRATION}</Expiration><AccessKeyId>ASIA</AccessKeyId>
      </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
  );
}

const ISSUED = {
  accessKeyId: "ASIA",
  secretAccessKey: "secret/+",
  sessionToken: "t+/=",
  expiration: new Date(EXPIRATION),
};

Deno.test("credentialsFor() takes keys from the environment", async () => {
  const keys = { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "secret" };
  await using plain = await environment(keys);
  assertEquals(await credentialsFor(REGION, plain.env)(), { accessKeyId: "AKIA", secretAccessKey: "secret" });
  await using session = await environment({
    ...keys,
    AWS_SESSION_TOKEN: "t",
    AWS_CREDENTIAL_EXPIRATION: EXPIRATION,
  });
  assertEquals(await credentialsFor(REGION, session.env)(), {
    accessKeyId: "AKIA",
    secretAccessKey: "secret",
    sessionToken: "t",
    expiration: new Date(EXPIRATION),
  });
});

Deno.test("credentialsFor() exchanges the token in a file for those of a role, once for all requests", async () => {
  await using sts = startIssuer(assumed);
  await using made = await environment({
    AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/skerry",
    AWS_ROLE_SESSION_NAME: "session",
    AWS_ENDPOINT_URL_STS: sts.url,
  });
  await Deno.writeTextFile(`${made.home}/token`, "a.b.c\n");
  const env = (name: string) =>
    name === "AWS_WEB_IDENTITY_TOKEN_FILE" ? `${made.home}/token` : made.env(name);
  const credentials = credentialsFor(REGION, env);
  assertEquals(await Promise.all([credentials(), credentials()]), [ISSUED, ISSUED]);
  assertEquals(await credentials(), ISSUED);
  assertEquals(sts.seen.map(({ method, path }) => [method, path]), [["POST", "/"]]);
  assertEquals(Object.fromEntries(new URLSearchParams(sts.seen[0]?.body)), {
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: "arn:aws:iam::123456789012:role/skerry",
    RoleSessionName: "session",
    WebIdentityToken: "a.b.c",
  });
});

for (
  const [what, status, code, transient] of [
    ["an expired token", 400, "ExpiredTokenException", false],
    ["a role that the token may not assume", 403, "AccessDenied", false],
    ["an issuer that the service cannot reach", 400, "IDPCommunicationError", true],
    ["too many requests", 400, "ThrottlingException", true],
    ["a failure of the service", 500, "InternalFailure", true],
  ] as const
) {
  Deno.test(`credentialsFor() fails ${transient ? "for now" : "for good"} after ${what}`, async () => {
    await using sts = startIssuer(() =>
      new Response(
        `<ErrorResponse><Error><Code>${code}</Code><Message>The reason</Message></Error></ErrorResponse>`,
        { status },
      )
    );
    await using made = await environment({ AWS_ROLE_ARN: "arn", AWS_ENDPOINT_URL_STS: sts.url });
    await Deno.writeTextFile(`${made.home}/token`, "t");
    const env = (name: string) =>
      name === "AWS_WEB_IDENTITY_TOKEN_FILE" ? `${made.home}/token` : made.env(name);
    const error = await assertRejects(credentialsFor(REGION, env), CredentialsError, `${code} The reason`);
    assertEquals(error.transient, transient);
  });
}

Deno.test("credentialsFor() asks the container, with the token in a file", async () => {
  await using container = startIssuer(() =>
    Response.json({
      AccessKeyId: "ASIA",
      SecretAccessKey: "secret/+",
      Token: "t+/=",
      Expiration: EXPIRATION,
    })
  );
  await using made = await environment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${container.url}/get?a=1` });
  await Deno.writeTextFile(`${made.home}/token`, "bearer");
  const env = (name: string) =>
    name === "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" ? `${made.home}/token` : made.env(name);
  assertEquals(await credentialsFor(REGION, env)(), ISSUED);
  assertEquals(container.seen, [{ method: "GET", path: "/get?a=1", authorization: "bearer", body: "" }]);
});

Deno.test("credentialsFor() fails for now while the container gives none", async () => {
  for (
    const answer of [
      () => new Response("no", { status: 404 }),
      () => new Response("<html>"),
      () => Response.json({ AccessKeyId: "ASIA" }),
      () => Response.json({ AccessKeyId: "A", SecretAccessKey: "s", Token: "t", Expiration: "soon" }),
    ]
  ) {
    await using container = startIssuer(answer);
    await using made = await environment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: container.url });
    const error = await assertRejects(credentialsFor(REGION, made.env), CredentialsError);
    assert(error.transient);
  }
});

Deno.test("credentialsFor() shows the token of the container to no other host", async () => {
  for (
    const url of [
      "http://example.com/",
      "http://127.0.0.1.example.com/",
      "http://169.254.169.254/",
      "ftp://127.0.0.1/",
      "no url",
    ]
  ) {
    await using made = await environment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url });
    const error = await assertRejects(credentialsFor(REGION, made.env), CredentialsError, url);
    assert(!error.transient);
  }
});
