/** Thrown if an account token cannot be created; the message is for its creator. */
export class AccountTokenError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "AccountTokenError";
}
