import { MAX_NAME_CHARACTERS, RegistryError } from "../../oci/mod.ts";
import type { Context } from "../protocol/mod.ts";
import { CURSOR_KEY, stored } from "../items/mod.ts";

/** Key that encrypts all cursors, in base64. All processes of the registry share it. */
type CursorKeyAttributes = { key: string };

/** First character of an encrypted cursor. No repository name begins with it. */
const SIGN = "~";

const CIPHER = "AES-GCM";

/** Bytes of the nonce before the sealed text, as NIST SP 800-38D §5.2.1.1 recommends. */
const NONCE_BYTES = 12;

/**
 * Encrypts the name of a repository as a cursor that reveals nothing. A page may end at a repository that the caller
 * may not see, and the next page must begin there.
 */
export async function sealName(context: Context, name: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const bytes = new TextEncoder().encode(name);
  const sealed = await crypto.subtle.encrypt({ name: CIPHER, iv }, await readKey(context), bytes);
  const options = { alphabet: "base64url", omitPadding: true } as const;
  return SIGN + new Uint8Array([...iv, ...new Uint8Array(sealed)]).toBase64(options);
}

/**
 * Repository name after which a page begins: the content of a sealed cursor, or any other text.
 *
 * @throws {RegistryError} 400 for a cursor that begins like a sealed one and was not sealed by this registry.
 */
export async function openName(context: Context, after: string): Promise<string> {
  // No longer than the longest name and one more character: a key of a table has a limit.
  if (!after.startsWith(SIGN)) return after.slice(0, MAX_NAME_CHARACTERS + 1);
  const key = await readKey(context);
  try {
    const bytes = Uint8Array.fromBase64(after.slice(SIGN.length), { alphabet: "base64url" });
    const parameters = { name: CIPHER, iv: bytes.subarray(0, NONCE_BYTES) };
    return new TextDecoder().decode(
      await crypto.subtle.decrypt(parameters, key, bytes.subarray(NONCE_BYTES)),
    );
  } catch (cause) {
    throw new RegistryError("UNSUPPORTED", "Position in the list is not valid", { status: 400, cause });
  }
}

/** Key that encrypts cursors. The first process that needs it creates it. */
async function readKey({ table }: Context): Promise<CryptoKey> {
  for (;;) {
    const item = stored<CursorKeyAttributes>(await table.get(CURSOR_KEY, { consistent: true }));
    if (item !== undefined) {
      const bytes = Uint8Array.fromBase64(item.attributes.key);
      return await crypto.subtle.importKey("raw", bytes, CIPHER, false, ["encrypt", "decrypt"]);
    }
    const key = crypto.getRandomValues(new Uint8Array(32)).toBase64();
    await table.put({ ...CURSOR_KEY, attributes: { key } }, { ifAbsent: true });
  }
}
