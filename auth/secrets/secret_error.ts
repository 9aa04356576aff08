/** Thrown if an account token cannot be created; the message is for its creator. */
export class SecretError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "SecretError";
}
