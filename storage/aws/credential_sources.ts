import {
  cachedCredentials,
  type Credentials,
  CredentialsError,
  type CredentialSource,
} from "./credentials.ts";
import { type Environment, isPlain, processEnvironment, regionalUrl } from "./environment.ts";
import type { Reply } from "./transport.ts";

/** Timeout of a request for credentials, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** Host that gives credentials to containers of ECS. */
const CONTAINER_HOST = "http://169.254.170.2";

/** Hosts that may give credentials over plain HTTP. */
const CONTAINER_HOSTS =
  /^(169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\]|\[::1\]|localhost|127(\.\d+){3})$/;

/**
 * Credentials for a region, from the same sources in the same order as in the AWS SDK. The SDK is loaded only for
 * profiles, for the roles of machines and for rare settings.
 */
export function credentialsFor(region: string, env = processEnvironment): CredentialSource {
  let source: Promise<CredentialSource> | undefined;
  return async function credentials() {
    source ??= sourceFor(region, env).catch((error) => {
      source = undefined;
      throw error;
    });
    return await (await source)();
  };
}

async function sourceFor(region: string, env: Environment): Promise<CredentialSource> {
  const keys = fromEnvironment(env);
  if (keys !== undefined) return () => Promise.resolve(keys);
  if (await isPlain(env)) {
    const [tokenFile, role] = [env("AWS_WEB_IDENTITY_TOKEN_FILE"), env("AWS_ROLE_ARN")];
    const sts = env("AWS_ENDPOINT_URL_STS") ?? env("AWS_ENDPOINT_URL") ?? regionalUrl("sts", region);
    if (tokenFile && role && sts !== undefined) {
      const session = env("AWS_ROLE_SESSION_NAME");
      return cachedCredentials(() => fromWebIdentity({ tokenFile, role, session, sts }));
    }
    const url = containerUrl(env);
    if (!tokenFile && url !== undefined) {
      const token = env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
      const file = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
      return cachedCredentials(() => fromContainer({ url, file, token }));
    }
  }
  return (await importSdk()).sdkCredentials(region);
}

// By a computed name: Deno loads the modules of literal imports before the first line runs.
const importSdk = (): Promise<typeof import("./sdk_credentials.ts")> =>
  import(new URL("./sdk_credentials.ts", import.meta.url).href);

/** Credentials in environment variables. A profile takes precedence over them. */
function fromEnvironment(env: Environment): Credentials | undefined {
  const [accessKeyId, secretAccessKey] = [env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY")];
  if (!accessKeyId || !secretAccessKey || env("AWS_PROFILE")) return undefined;
  const [sessionToken, expiration] = [env("AWS_SESSION_TOKEN"), env("AWS_CREDENTIAL_EXPIRATION")];
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken && { sessionToken }),
    ...(expiration && { expiration: new Date(expiration) }),
  };
}

/** Role that a token in a file may assume. */
interface WebIdentity {
  tokenFile: string;
  role: string;
  session: string | undefined;
  /** URL of the token service. */
  sts: URL | string;
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html. */
async function fromWebIdentity({ tokenFile, role, session, sts }: WebIdentity): Promise<Credentials> {
  const source = "the token service";
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: role,
    RoleSessionName: session ?? `skerry-${Date.now()}`,
    WebIdentityToken: await readToken(source, tokenFile),
  });
  const { status, text } = await ask(source, sts, { method: "POST", body });
  const element = (name: string) => new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(text)?.[1] ?? "";
  if (status !== 200) {
    const code = element("Code");
    // The token service could not reach the issuer of the token, or it limits requests.
    const transient = status >= 500 || status === 429 || /^(IDPCommunicationError|Throttling)/.test(code);
    throw new CredentialsError(source, `status ${status} ${code} ${element("Message")}`.trim(), {
      transient,
    });
  }
  return checked(source, {
    accessKeyId: element("AccessKeyId"),
    secretAccessKey: element("SecretAccessKey"),
    sessionToken: element("SessionToken"),
    expiration: new Date(element("Expiration")),
  });
}

/** @throws {CredentialsError} for a host that must not see the token of the container. */
function containerUrl(env: Environment): URL | undefined {
  const relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const full = relative === undefined
    ? env("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    : `${CONTAINER_HOST}${relative}`;
  if (full === undefined) return undefined;
  const url = URL.parse(full);
  const isLocal = url?.protocol === "http:" && CONTAINER_HOSTS.test(url.hostname);
  if (url === null || !isLocal && url.protocol !== "https:") {
    throw new CredentialsError("the container", `"${full}" is neither HTTPS nor a local address`, {
      transient: false,
    });
  }
  return url;
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html. */
async function fromContainer(
  { url, file, token }: { url: URL; file: string | undefined; token: string | undefined },
): Promise<Credentials> {
  const source = "the container";
  const authorization = file === undefined ? token : await readToken(source, file);
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  const { status, text } = await ask(source, url, { headers });
  if (status !== 200) throw new CredentialsError(source, `status ${status}`, { transient: true });
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = parseJson(source, text);
  return checked(source, {
    accessKeyId: AccessKeyId ?? "",
    secretAccessKey: SecretAccessKey ?? "",
    sessionToken: Token ?? "",
    expiration: new Date(Expiration ?? ""),
  });
}

/** Reads the token anew each time: its issuer replaces it. */
async function readToken(source: string, path: string): Promise<string> {
  try {
    return (await Deno.readTextFile(path)).trim();
  } catch (cause) {
    throw new CredentialsError(source, `no token in "${path}"`, { transient: true, cause });
  }
}

function parseJson(source: string, text: string): Record<string, string | undefined> {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CredentialsError(source, "the response is not JSON", { transient: true, cause });
  }
}

async function ask(source: string, url: URL | string, init: RequestInit): Promise<Omit<Reply, "headers">> {
  try {
    const response = await fetch(url, {
      ...init,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    throw new CredentialsError(source, "no response", { transient: true, cause });
  }
}

/** @throws {CredentialsError} for a response without one of the fields. */
function checked(source: string, credentials: Required<Credentials>): Credentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials;
  if (!accessKeyId || !secretAccessKey || !sessionToken || Number.isNaN(expiration.getTime())) {
    throw new CredentialsError(source, "the response lacks a field", { transient: true });
  }
  return credentials;
}
