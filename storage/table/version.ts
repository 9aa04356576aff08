import { randomBytes } from "node:crypto";

/** A fresh random token for {@linkcode Item.version}: 96 random bits, so no two writes ever share one. */
export function randomVersion(): string {
  return randomBytes(12).toString("base64url");
}
