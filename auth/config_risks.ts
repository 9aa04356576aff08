import type { AuthConfig } from "./auth_config.ts";
import { parseSubject } from "./policy/subject.ts";

/** Warnings about a valid configuration, one sentence each, for the log. */
export function accessRisks(
  { url, policies, groups }: Pick<AuthConfig, "url" | "policies" | "groups">,
): string[] {
  const isAnyWorkload = (subject: string): boolean => {
    const parts = parseSubject(subject);
    if (parts?.kind === "group") return groups[parts.name]?.some(isAnyWorkload) ?? false;
    return parts?.kind === "workload";
  };
  const isClear = url.startsWith("http:") && !/^http:\/\/(localhost|127\.[\d.]+|\[::1\])(:|$)/.test(url);
  const clear = isClear ? [`Passwords and tokens are sent in plain text (use https): "url" is ${url}`] : [];
  return clear.concat(
    policies.flatMap(({ allow }, i) =>
      allow.flatMap(({ to, where }, j) =>
        where === undefined && to.some(isAnyWorkload)
          ? [`policies[${i}].allow[${j}] has no "where": it allows every workload of the issuer`]
          : []
      )
    ),
  );
}
