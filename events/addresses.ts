import { lookup } from "node:dns";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { WebhookError } from "./webhook_error.ts";

/** Address of a host. */
export interface HostAddress {
  /** IPv4 or IPv6. */
  address: string;
  /** 4 or 6. */
  family: number;
}

/** Finds the addresses of a host name. */
export type Resolve = (host: string) => Promise<HostAddress[]>;

/**
 * True for an address that every host on the Internet may have: neither private, nor of this machine, nor of a cloud's
 * metadata service, nor one that stands for an IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}

/** Finds addresses as programs of this machine do. */
export const resolve: Resolve = (host) =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => error === null ? resolve(addresses) : reject(error));
  });

/**
 * The addresses of a host that a webhook may connect to. The caller connects to one of them and looks none up again, so
 * a name that answers differently the next time leads nowhere else (DNS rebinding).
 *
 * @throws {WebhookError} if the host has no address, or one that is not public, unless `allowPrivate`.
 */
export async function checkedAddresses(
  host: string,
  { allowPrivate, resolve: find = resolve }: { allowPrivate: boolean; resolve?: Resolve | undefined },
): Promise<HostAddress[]> {
  const name = host.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(name);
  const addresses = family === 0
    ? await find(name).catch((cause) => {
      throw new WebhookError(`Cannot find the address of "${name}"`, { cause });
    })
    : [{ address: name, family }];
  if (addresses.length === 0) throw new WebhookError(`Cannot find the address of "${name}"`);
  if (allowPrivate || addresses.every(({ address }) => isPublicAddress(address))) return addresses;
  // Not the address: an error is stored, and shown to those who may see webhooks.
  throw new WebhookError(`"${name}" has an address that is not public (allow it with "allowPrivate")`);
}
