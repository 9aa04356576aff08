/** Thrown if the process cannot start because of its configuration or environment. The message is for the operator. */
export class StartError extends Error {
  /** The name of the class. */
  override readonly name: string = "StartError";
}
