import { type Config, StartError } from "../config/mod.ts";

/**
 * Lets pass a configuration that names a bucket and a table.
 *
 * @throws {StartError} for every other one.
 */
export function assertAws({ storage }: Config): void {
  if (storage === "aws") return;
  throw new StartError(`There is no bucket and no table: SKERRY_STORAGE is "${storage}" and not "aws"`);
}
