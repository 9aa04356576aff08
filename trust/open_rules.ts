import { textMatcher } from "../auth/rules.ts";
import { globMatcher } from "../oci/glob.ts";
import { type NotationTrust, readNotationTrust } from "./notation/mod.ts";
import { type KeylessTrust, TrustedRoot } from "./sigstore/mod.ts";
import { TrustedKey } from "./trusted_key.ts";
import type { TrustRule } from "./trust_rule.ts";
import type { KeylessSigner, NotationSigners, VerifyRule } from "./verify_rule.ts";

/** A rule whose keys, certificates or trusted root cannot be used. */
export class TrustError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "TrustError";
}

/**
 * Reads the keys, certificates and trusted roots of the rules.
 *
 * @throws {TrustError} with the name of the rule and the reason.
 */
export async function openRules(rules: readonly VerifyRule[]): Promise<TrustRule[]> {
  // Several rules mostly have the same trusted root.
  const roots = new Map<string, TrustedRoot>();
  return await Promise.all(rules.map((rule) => openRule(rule, roots)));
}

async function openRule(rule: VerifyRule, roots: Map<string, TrustedRoot>): Promise<TrustRule> {
  const { name, mode, enforce, repositories, exempt, predicateTypes } = rule;
  try {
    return {
      name,
      mode,
      enforce,
      matches: globMatcher(repositories),
      exempt: new Set(exempt),
      predicateTypes,
      keys: await Promise.all(Object.entries(rule.keys).map(openKey)),
      keyless: await Promise.all(rule.identities.map((signer) => openKeyless(signer, roots))),
      notation: await Promise.all(rule.notation.map(openNotation)),
    };
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof TrustError)) throw error;
    throw new TrustError(`Cannot use the rule "${name}": ${error.message}`, { cause: error });
  }
}

async function openKey([name, source]: [string, string]): Promise<TrustedKey> {
  return new TrustedKey(name, await textOf(source, isPem));
}

async function openKeyless(
  { issuer, subject, trustedRoot }: KeylessSigner,
  roots: Map<string, TrustedRoot>,
): Promise<KeylessTrust> {
  const json = await textOf(trustedRoot, (text) => text.trimStart().startsWith("{"));
  let root = roots.get(json);
  if (root === undefined) roots.set(json, root = new TrustedRoot(json));
  const [isIssuer, isSubject] = [textMatcher(issuer), textMatcher(subject)];
  return { root, matches: (signer) => isIssuer(signer.issuer) && isSubject(signer.identity) };
}

async function openNotation({ certificates, subjects }: NotationSigners): Promise<NotationTrust> {
  return readNotationTrust(await textOf(certificates, isPem), subjects);
}

function isPem(text: string): boolean {
  return text.trimStart().startsWith("-----");
}

/** The text itself, or that of the file at this path. */
async function textOf(source: string, isText: (source: string) => boolean): Promise<string> {
  if (isText(source)) return source;
  try {
    return await Deno.readTextFile(source);
  } catch (error) {
    throw new TrustError(
      `Cannot read "${source}": ${(error as Error).message.replace(/ \(os error.*$/s, "")}`,
    );
  }
}
