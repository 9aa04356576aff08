import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { RegistryError } from "../oci/errors.ts";
import type { Key } from "../storage/table/table.ts";
import type { Context } from "./context.ts";
import { stored } from "./items.ts";

/** The key of all cursors, in base64, which every process of the registry has to know. */
type CursorKeyAttributes = { key: string };

const CURSOR_KEY: Key = { pk: "catalog", sk: "cursor key" };

/** What a cursor begins with, and no name of a repository does. */
const SIGN = "~";

const CIPHER = "aes-256-gcm";
const [NONCE, MARK] = [12, 16];

/**
 * The name of a repository as a place in the list that tells nothing of it: where a page ends among repositories that the
 * caller may not see, the next one has to begin there all the same.
 */
export async function sealName(context: Context, name: string): Promise<string> {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(CIPHER, await readKey(context), nonce);
  const sealed = Buffer.concat([nonce, cipher.update(name, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return SIGN + sealed.toString("base64url");
}

/**
 * Where in the list a page begins: what was sealed, or any text as it is.
 *
 * @throws {RegistryError} 400 for what looks sealed and was not sealed here.
 */
export async function openName(context: Context, after: string): Promise<string> {
  if (!after.startsWith(SIGN)) return after;
  const sealed = Buffer.from(after.slice(SIGN.length), "base64url");
  const key = await readKey(context);
  try {
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE), { authTagLength: MARK });
    decipher.setAuthTag(sealed.subarray(-MARK));
    return decipher.update(sealed.subarray(NONCE, -MARK), undefined, "utf8") + decipher.final("utf8");
  } catch (error) {
    throw new RegistryError("UNSUPPORTED", "Place in the list is not known", { status: 400, cause: error });
  }
}

/** The key; whoever needs it first makes it. */
async function readKey({ table }: Context): Promise<Buffer> {
  for (;;) {
    const item = stored<CursorKeyAttributes>(await table.get(CURSOR_KEY, { consistent: true }));
    if (item !== undefined) return Buffer.from(item.attributes.key, "base64");
    await table.put({ ...CURSOR_KEY, attributes: { key: randomBytes(32).toString("base64") } }, {
      ifAbsent: true,
    });
  }
}
