/**
 * `skerry doctor`: checks a registry at its address, with everything between it and a client.
 *
 * @module
 */
export { doctor } from "./doctor.ts";
export { type DoctorOptions, PASSWORD_VARIABLE, readDoctorOptions } from "./options.ts";
