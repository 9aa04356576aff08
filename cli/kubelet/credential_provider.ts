import { z } from "zod";
import { StartError } from "../../config/mod.ts";
import { MisuseError } from "../command.ts";
import { exchange } from "./token_exchange.ts";

/** The only version of the protocol with tokens of service accounts. */
const API_VERSION = "credentialprovider.kubelet.k8s.io/v1";

/** User name beside a workload password. The registry accepts any. */
const USER_NAME = "workload";

/** Request of kubelet, as far as this command reads it. */
const REQUEST = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("CredentialProviderRequest"),
  image: z.string(),
  serviceAccountToken: z.string().optional(),
});

/** Options of {@linkcode credentialProvider}. */
export interface CredentialProviderOptions {
  /** Address of the registry; by default HTTPS at the host of the image. */
  url?: string | undefined;
}

/**
 * `skerry credential-provider`: answers a `CredentialProviderRequest` of kubelet (KEP-4412). It exchanges the service
 * account token of the pod for a workload password, so a node pulls without a stored secret. For a pod without a token
 * the answer has no credentials, and kubelet pulls anonymously.
 *
 * @returns The exit code.
 * @throws {MisuseError} if the URL would show the token to others.
 * @throws {StartError} if the request is invalid or the registry issues no password. Kubelet logs the message.
 */
export async function credentialProvider(
  input: string,
  print: (text: string) => void,
  { url }: CredentialProviderOptions = {},
): Promise<number> {
  const { image, serviceAccountToken = "" } = readRequest(input);
  const host = hostOf(image);
  const registry = registryUrl(url ?? `https://${host}`);
  if (serviceAccountToken === "") {
    print(answer({}, 0));
    return 0;
  }
  const { password, expiresIn } = await exchange(registry, serviceAccountToken);
  // Half of the lifetime remains for a pull that begins at the end of the other half.
  print(answer({ [host]: { username: USER_NAME, password } }, Math.floor(expiresIn / 2)));
  return 0;
}

function readRequest(input: string): z.infer<typeof REQUEST> {
  const request = REQUEST.safeParse(parseJson(input));
  if (request.success) return request.data;
  // Without the values, because one of them is a secret.
  const [issue] = request.error.issues;
  const place = issue!.path.join(".") || "standard input";
  throw new StartError(`Cannot read the request of kubelet: ${place} is not as in ${API_VERSION}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Host of an image, with its port: a name before the first slash that has a dot or a port, or is `localhost`. */
function hostOf(image: string): string {
  const [host = "", ...path] = image.split("/");
  if (path.length > 0 && /^([\w-]+(\.[\w-]+)+|localhost|\[[\da-f:]+\]|[\w-]+(?=:))(:\d{1,5})?$/i.test(host)) {
    return host;
  }
  throw new StartError(`Cannot find the registry of image "${image}": it does not begin with a host`);
}

function registryUrl(text: string): URL {
  const url = URL.parse(text);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (url !== null && isSafe && url.username === "" && url.password === "" && url.search === "") return url;
  throw new MisuseError(`Expected an https URL for --url, got "${text}"`);
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

/** Text of a `CredentialProviderResponse`. Kubelet refuses fields that it does not know. */
function answer(auth: Record<string, { username: string; password: string }>, cacheSeconds: number): string {
  return JSON.stringify({
    apiVersion: API_VERSION,
    kind: "CredentialProviderResponse",
    cacheKeyType: "Registry", // the password is valid for every image of the registry
    cacheDuration: `${cacheSeconds}s`,
    auth,
  });
}
