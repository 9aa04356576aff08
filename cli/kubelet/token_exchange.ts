import { z } from "zod";
import { StartError } from "../../config/mod.ts";

/** Milliseconds until the registry must have answered. Kubelet ends a provider after a minute. */
const TIMEOUT_MS = 30_000;

/** Answer of `POST /token` (RFC 8693 §2.2.1), as far as this command reads it. */
const ANSWER = z.object({ access_token: z.string().min(1), expires_in: z.int().positive() });

/** Error of `POST /token` (RFC 6749 §5.2). */
const ERROR = z.object({ error: z.string(), error_description: z.string().optional() });

/** A workload password. */
export interface WorkloadPassword {
  /** The password; secret. */
  password: string;
  /** Lifetime in seconds. */
  expiresIn: number;
}

/**
 * Exchanges an ID token for a workload password (RFC 8693; docs/tokens.md). Follows no redirect, which could lead the
 * token to another host.
 *
 * @throws {StartError} if the registry cannot be reached or refuses the token. The message contains no secret.
 */
export async function exchange(registry: URL, idToken: string): Promise<WorkloadPassword> {
  const target = new URL("/token", registry);
  const response = await send(target, idToken);
  const text = await response.text();
  if (response.status !== 200) {
    throw new StartError(`Cannot get a workload password: ${target} answered ${refusal(response, text)}`);
  }
  const answer = ANSWER.safeParse(parseJson(text));
  if (!answer.success) {
    throw new StartError(`Cannot get a workload password: ${target} has no token exchange`);
  }
  return { password: answer.data.access_token, expiresIn: answer.data.expires_in };
}

async function send(target: URL, idToken: string): Promise<Response> {
  const body = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    subject_token: idToken,
  });
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return await fetch(target, { method: "POST", body, redirect: "error", signal });
  } catch (error) {
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? cause.message : message;
    throw new StartError(`Cannot reach ${target}: ${reason}`, { cause: error });
  }
}

/** Status and reason of a refusal. */
function refusal({ status }: Response, text: string): string {
  const { data } = ERROR.safeParse(parseJson(text));
  return data === undefined ? `${status}` : `${status}, ${data.error_description ?? data.error}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
