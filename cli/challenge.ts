/** Challenge of a registry that accepts tokens: https://distribution.github.io/distribution/spec/auth/token/ */
export interface BearerChallenge {
  /** URL of the token service. */
  realm: URL;
  /** Name of the registry for the token service. */
  service: string;
}

/**
 * Reads `WWW-Authenticate`: a Bearer challenge, `"basic"`, or `undefined` without one of them.
 *
 * @throws {Error} if the token service has no URL, or none with TLS although the registry has it: a secret that was
 *   encrypted must not leave in plain text.
 */
export function readChallenge(header: string | null, registry: URL): BearerChallenge | "basic" | undefined {
  const challenge = header ?? "";
  if (/^Basic\b/i.test(challenge)) return "basic";
  if (!/^Bearer\b/i.test(challenge)) return undefined;
  const parameter = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(challenge)?.[1];
  const realm = URL.parse(parameter("realm") ?? "");
  if (realm === null) throw new Error(`Cannot log in: the challenge "${challenge}" has no realm`);
  if (registry.protocol === "https:" && realm.protocol !== "https:") {
    throw new Error(`Cannot log in: the token service "${realm.href}" has no TLS`);
  }
  return { realm, service: parameter("service") ?? "" };
}
