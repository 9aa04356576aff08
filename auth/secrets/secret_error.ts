/** Thrown for a secret that can't be had; the message is for whoever asks. */
export class SecretError extends Error {
  /** Tells it from every other error. */
  override readonly name = "SecretError";
}
