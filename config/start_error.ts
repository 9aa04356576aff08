/** Why the process can't start, in words for whoever started it: nothing is wrong with the code. */
export class StartError extends Error {
  /** The name of the class. */
  override readonly name: string = "StartError";
}
