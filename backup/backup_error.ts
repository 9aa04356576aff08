/** Thrown where a backup can't be read, or can't be restored here: nothing is wrong with the code. */
export class BackupError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "BackupError";
}
