/** Thrown if an account token cannot be created; the message is for its creator. */
export class SecretError extends Error {
  /** Tells it from every other error. */
  override readonly name = "SecretError";
}
