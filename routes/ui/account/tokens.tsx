import { AccountTokenError, formatGrant, type Grant, readGrant } from "../../../auth/interface.ts";
import type { AccountTokenInfo } from "../../../auth/mod.ts";
import { RegistryError } from "../../../oci/mod.ts";
import type { Page } from "../page.tsx";
import { type FormRequest, noSuchPage, type ShowPage } from "../page_route.ts";
import type { Viewer } from "../viewer.ts";
import { type OpenLogins, requireLogins } from "./open_logins.ts";

const DAY_MS = 24 * 60 * 60_000;

/** Lifetimes that the form offers, in days. */
const LIFETIMES_DAYS = [7, 30, 90, 365] as const;

/** Tokens of one user are limited to fewer. */
const MAX_TOKENS = 1000;

/** `GET /account`: the account, its tokens, and the form for another token. */
export function showAccount(open: OpenLogins): ShowPage {
  return async function showAccount(_request, viewer) {
    const logins = await requireLogins(open);
    if (viewer.account?.hasTokens !== true) return accountPage(viewer, []);
    const { tokens } = await logins.accountTokens.list({ limit: MAX_TOKENS, owner: ownerIn(viewer) });
    return accountPage(viewer, tokens);
  };
}

/** `POST /account/tokens`: creates a personal access token, and shows its text once. */
export function createToken(open: OpenLogins): ShowPage<FormRequest> {
  return async function createToken({ form }, viewer) {
    const { accountTokens } = await requireLogins(open);
    const owner = ownerIn(viewer);
    const bounds = boundsIn(form.one("grants") ?? "");
    const expiresAt = expiryIn(form.one("days") ?? "");
    const { text, info } = await refuseBadInput(() =>
      accountTokens.create({
        ...owner,
        description: (form.one("description") ?? "").trim(),
        createdBy: viewer.caller.name,
        ...(bounds && { bounds }),
        ...(expiresAt !== undefined && { expiresAt }),
      })
    );
    viewer.caller.changed?.({ action: "credential.create", credential: info.id });
    return newTokenPage(text, viewer);
  };
}

/** `POST /account/tokens/revoke`: revokes one of the viewer's own tokens. */
export function revokeToken(open: OpenLogins): ShowPage<FormRequest> {
  return async function revokeToken({ form }, viewer) {
    const { accountTokens } = await requireLogins(open);
    const owner = ownerIn(viewer);
    const id = form.one("id") ?? "";
    const found = id === "" ? undefined : await accountTokens.get(id);
    const isOwn = found?.kind === owner.kind && found.name === owner.name;
    // Another account's token looks like one that does not exist.
    if (!isOwn || await accountTokens.revoke(id) === undefined) throw noSuchPage();
    viewer.caller.changed?.({ action: "credential.revoke", credential: id });
    return { location: "/account" };
  };
}

/** The viewer as the owner of tokens. */
function ownerIn({ account }: Viewer): { kind: "user"; name: string } {
  if (account?.hasTokens === true) return { kind: "user", name: account.name.slice("user:".length) };
  throw new RegistryError("DENIED", "Only users who logged in with their password can manage tokens");
}

/** Grants of the form, one a line; `undefined` for all that the user may do. */
function boundsIn(text: string): Grant[] | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  if (lines.length === 0) return undefined;
  return lines.map((line) => {
    const grant = readGrant(line);
    if (grant === undefined) throw badField(`Grant ${JSON.stringify(line)} is not like "pull,push:team/**"`);
    return grant;
  });
}

function expiryIn(days: string): number | undefined {
  if (days === "") return undefined;
  const known = LIFETIMES_DAYS.find((known) => String(known) === days);
  if (known === undefined) throw badField("The lifetime is not one of the form");
  return Date.now() + known * DAY_MS;
}

function badField(message: string): RegistryError {
  return new RegistryError("UNSUPPORTED", message, { status: 400 });
}

async function refuseBadInput<T>(create: () => Promise<T>): Promise<T> {
  try {
    return await create();
  } catch (error) {
    if (error instanceof AccountTokenError) throw badField(error.message);
    throw error;
  }
}

function accountPage({ account }: Viewer, tokens: readonly AccountTokenInfo[]): Page {
  return {
    title: "Account",
    body: (
      <>
        <h1>{account!.label}</h1>
        <p>
          Logged in as <code>{account!.name}</code>.
        </p>
        <h2>Personal access tokens</h2>
        {account!.hasTokens
          ? (
            <>
              <p>
                A token is a second password, for docker login and for CI. Revoke it when it is no longer
                needed.
              </p>
              <TokenList tokens={tokens} />
              <TokenForm />
            </>
          )
          : <p>Log in with your password to create and revoke tokens.</p>}
      </>
    ),
  };
}

function TokenList({ tokens }: { tokens: readonly AccountTokenInfo[] }) {
  if (tokens.length === 0) return <p>You have no tokens.</p>;
  return (
    <div class="wide" tabindex={0} role="region" aria-label="Tokens">
      <table>
        <thead>
          <tr>
            <th scope="col">Purpose</th>
            <th scope="col">Grants</th>
            <th scope="col">Expires</th>
            <th scope="col">Last used</th>
            <th scope="col">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr>
              <td>
                {token.description || "—"} <code>{token.id}</code>
                {token.suspended === true && <strong>rejected: the password has changed</strong>}
              </td>
              <td>{(token.bounds ?? []).map((grant) => <code class="grant">{formatGrant(grant)}</code>)}</td>
              <td>{token.expiresAt === undefined ? "never" : <Time at={token.expiresAt} />}</td>
              <td>{token.usedAt === undefined ? "never" : <Time at={token.usedAt} />}</td>
              <td>
                <form action="/account/tokens/revoke" method="post">
                  <input type="hidden" name="id" value={token.id} />
                  <button type="submit">
                    Revoke<span class="visually-hidden">{` ${token.description || token.id}`}</span>
                  </button>
                </form>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Time({ at }: { at: number }) {
  const time = new Date(at).toISOString();
  return <time datetime={time}>{time.slice(0, 10)}</time>;
}

function TokenForm() {
  return (
    <form action="/account/tokens" method="post" class="stacked">
      <h3>New token</h3>
      <label for="description">Purpose</label>
      <input id="description" name="description" maxlength={256} autocomplete="off" required />
      <label for="days">Lifetime</label>
      <select id="days" name="days">
        {LIFETIMES_DAYS.map((days) => (
          <option value={String(days)} selected={days === 90}>{`${days} days`}</option>
        ))}
        <option value="">No expiry</option>
      </select>
      <label for="grants">Grants, one a line; empty for all that you may do</label>
      <textarea id="grants" name="grants" rows={3} placeholder="pull,push:team/**" spellcheck={false}>
      </textarea>
      <button type="submit">Create token</button>
    </form>
  );
}

function newTokenPage(text: string, { account, host }: Viewer): Page {
  return {
    title: "New token",
    body: (
      <>
        <h1>New token</h1>
        <p>Copy the token now. It is not shown again.</p>
        <pre class="secret"><code>{text}</code></pre>
        <p>Use it as the password:</p>
        <pre>{`docker login --username ${account!.label} ${host}`}</pre>
        <p>
          <a href="/account">Back to the account</a>
        </p>
      </>
    ),
  };
}
