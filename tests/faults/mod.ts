/**
 * A proxy between processes and their stores that does to their requests what networks and stores do on bad days.
 *
 * ```ts ignore
 * await using proxy = startFaultProxy({ upstream: s3.endpoint, rate: 0.05 });
 * proxy.script(["drop-response", { fate: "repeat", when: ({ method }) => method === "PUT" }]);
 * ```
 *
 * @module
 */

export type { Order, Report } from "./control.ts";
export { type FaultProcess, type FaultProcessOptions, spawnFaultProxy } from "./fault_process.ts";
export { type FaultProxy, type FaultProxyOptions, startFaultProxy } from "./fault_proxy.ts";
export type { RequestHead } from "./head.ts";
export { type Fate, type Fault, FAULTS, RANDOM_FAULTS, type Step } from "./plan.ts";
export type { Traffic } from "./wire.ts";
