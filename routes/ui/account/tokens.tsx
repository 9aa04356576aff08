import { AccountTokenError, formatGrant, type Grant, readGrant } from "../../../auth/interface.ts";
import type { AccountTokenInfo } from "../../../auth/mod.ts";
import { RegistryError } from "../../../oci/mod.ts";
import type { Page } from "../page.tsx";
import { type FormRequest, noSuchPage, type ShowPage } from "../page_route.ts";
import { Badge, Card, Command, Head, Plain, plain } from "../pages/components/mod.ts";
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
  const { name, label, hasTokens } = account!;
  return {
    title: "Account",
    body: (
      <>
        <Head title={<Plain text={label} />} facts={[<code>{plain(name, 200)}</code>]} />
        <Card title="Personal access tokens" flush>
          {hasTokens
            ? <TokenList tokens={tokens} />
            : <p>Log in with your password to create and revoke tokens.</p>}
        </Card>
        {hasTokens && (
          <Card title="New token">
            <p>
              A token is a second password, for docker login and for CI. Revoke it when it is no longer
              needed.
            </p>
            <TokenForm />
          </Card>
        )}
      </>
    ),
  };
}

function TokenList({ tokens }: { tokens: readonly AccountTokenInfo[] }) {
  if (tokens.length === 0) return <p>You have no tokens.</p>;
  return (
    <table class="fold">
      <thead>
        <tr>
          <th scope="col">Purpose</th>
          <th scope="col">Grants</th>
          <th scope="col">Expires</th>
          <th scope="col">Last used</th>
          <th scope="col">Action</th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => <TokenRow token={token} />)}
      </tbody>
    </table>
  );
}

function TokenRow({ token }: { token: AccountTokenInfo }) {
  const { id, description, bounds = [], expiresAt, usedAt, suspended } = token;
  return (
    <tr>
      <th scope="row">
        <Plain text={description || id} />{" "}
        {suspended === true && <Badge tone="bad">rejected: the password has changed</Badge>}
      </th>
      <td>
        {bounds.map((grant) => (
          <>
            <code>{plain(formatGrant(grant), 200)}</code>
            {" "}
          </>
        ))}
      </td>
      <td data-l="expires">{expiresAt === undefined ? "never" : <Time at={expiresAt} />}</td>
      <td data-l="last used">{usedAt === undefined ? "never" : <Time at={usedAt} />}</td>
      <td>
        <form action="/account/tokens/revoke" method="post">
          <input type="hidden" name="id" value={id} />
          <button type="submit" class="danger">
            Revoke<span class="visually-hidden">{` ${plain(description || id, 100)}`}</span>
          </button>
        </form>
      </td>
    </tr>
  );
}

function Time({ at }: { at: number }) {
  const time = new Date(at).toISOString();
  return <time datetime={time}>{time.slice(0, 10)}</time>;
}

function TokenForm() {
  return (
    <form action="/account/tokens" method="post" class="stacked">
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
      <button type="submit" class="main">Create token</button>
    </form>
  );
}

function newTokenPage(text: string, { account, host }: Viewer): Page {
  return {
    title: "New token",
    body: (
      <>
        <Head title="New token" crumbs={[{ text: "Account", href: "/account" }, { text: "New token" }]} />
        <Card>
          <p>Copy the token now. It is not shown again.</p>
          <Command name="Token" text={text} />
          <Command name="Log in with it" text={`docker login --username ${account!.label} ${host}`} />
        </Card>
      </>
    ),
  };
}
