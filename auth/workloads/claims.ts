/** Claims that describe the token and not the workload. */
const OF_THE_TOKEN = new Set(["iss", "exp", "nbf", "iat", "jti"]);

/** Maximum characters of a claim's name. */
const MAX_NAME_CHARACTERS = 128;

/** Maximum characters of a claim's value. */
const MAX_VALUE_CHARACTERS = 1024;

/**
 * Maximum characters of all claims: our tokens contain them, in a header that proxies limit to 8 KiB. Those of GitHub
 * Actions have about 1,500.
 */
const MAX_CLAIMS_CHARACTERS = 4096;

/**
 * Claims of a token as text, for conditions of policies. Lists, maps and claims above the limits are left out: no
 * condition on them is met.
 */
export function textClaims(payload: Readonly<Record<string, unknown>>): Record<string, string> {
  const claims: [name: string, value: string][] = [];
  let left = MAX_CLAIMS_CHARACTERS;
  for (const [name, value] of Object.entries(payload)) {
    const text = OF_THE_TOKEN.has(name) ? undefined : textOf(value);
    if (text === undefined || name.length > MAX_NAME_CHARACTERS || text.length > MAX_VALUE_CHARACTERS) {
      continue;
    }
    left -= name.length + text.length;
    if (left < 0) break;
    claims.push([name, text]);
  }
  return Object.fromEntries(claims);
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  // A larger number was rounded, and could be the id of another account.
  if (Number.isSafeInteger(value) || typeof value === "boolean") return String(value);
  return undefined;
}

/** Maximum characters of all lists: a session contains them. Some providers list hundreds of groups. */
const MAX_LISTS_CHARACTERS = 16 * 1024;

/**
 * Claims of a token that are lists of text, such as groups, for conditions of policies. Other entries of a list are left
 * out, and so is all that exceeds the limits: no condition on it is met.
 */
export function listClaims(payload: Readonly<Record<string, unknown>>): Record<string, string[]> {
  const lists: [name: string, values: string[]][] = [];
  let left = MAX_LISTS_CHARACTERS;
  for (const [name, list] of Object.entries(payload)) {
    if (OF_THE_TOKEN.has(name) || !Array.isArray(list) || name.length > MAX_NAME_CHARACTERS) continue;
    const values: string[] = [];
    for (const value of list.map(textOf)) {
      if (value === undefined || value.length > MAX_VALUE_CHARACTERS) continue;
      left -= name.length + value.length;
      if (left < 0) break;
      values.push(value);
    }
    if (values.length > 0) lists.push([name, values]);
  }
  return Object.fromEntries(lists);
}
