/**
 * Settings from the environment. `config.ts`, which loads the schema library, reads a configuration file and explains
 * invalid settings.
 *
 * @module
 */
export { dynamoOptions, isPemText, replicaCredentials, replicaOptions, s3Options } from "./aws_options.ts";
export { duration, type Kind, size } from "./setting_kinds.ts";
export type { Config, ReadReplica } from "./configuration.ts";
export { readConfig } from "./read_config.ts";
export { isLocal, risksOf } from "./risks.ts";
export { FILE_VARIABLE, readSettings } from "./environment.ts";
export { StartError } from "./start_error.ts";
