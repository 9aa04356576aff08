/** Thrown if a backup cannot be read or restored; the message is for the operator. */
export class BackupError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "BackupError";
}
