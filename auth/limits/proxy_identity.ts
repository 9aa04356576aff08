import ipaddr from "ipaddr.js";
import { RegistryError } from "../../oci/mod.ts";
import type { ProxyConfig } from "../auth_config.ts";
import type { Principal } from "../principal.ts";

/** Client's identity and address according to a trusted proxy. Headers of any other peer are ignored. */
export interface ProxyIdentity {
  /**
   * Principal of the certificate that the proxy has verified; `undefined` without a certificate, or if the peer is not
   * a trusted proxy.
   *
   * @throws {RegistryError} 400 for an invalid header.
   */
  principal(headers: Headers, peer: string | undefined): Principal | undefined;
  /**
   * Client's address for the log and rate limits: that of `peer`, the other end of the connection, or the one that
   * trusted proxies report.
   */
  addressOf(headers: Headers, peer: string | undefined): string | undefined;
  /**
   * Hosts in `X-Forwarded-Host`, all of them: which proxy has added which one is unknown. `undefined` without the
   * header, or if the peer is not a trusted proxy that sets it.
   */
  forwardedHosts(headers: Headers, peer: string | undefined): string[] | undefined;
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [network: Address, bits: number];

/** Maximum characters of a certificate's subject. */
const MAX_SUBJECT_CHARACTERS = 256;

/** Maximum addresses of `X-Forwarded-For` that are read, from the right: each proxy appends one. */
const MAX_HOPS = 16;

/**
 * Identity and address according to the configured proxies.
 *
 * @throws {TypeError} for an invalid range of addresses.
 */
export function createProxyIdentity(config: ProxyConfig): ProxyIdentity {
  const { identityHeader, forwardedFor, forwardedHost } = config;
  const ranges = config.trusted.map(parseRange);
  const isTrusted = (address: Address) => ranges.some((range) => contains(range, address));

  return {
    principal(headers, peer) {
      const address = parseAddress(peer);
      if (identityHeader === undefined || address === undefined || !isTrusted(address)) return undefined;
      const name = headers.get(identityHeader) ?? "";
      // Some proxies send an empty header if there is no certificate.
      if (name === "") return undefined;
      // Fetch §2.2.2 joins two fields of one name with a comma and a space. One of them came from the client, and the
      // proxy failed to remove it. Which one is unknown, so both are rejected.
      if (name.length > MAX_SUBJECT_CHARACTERS || name.includes(", ") || !isName(name)) {
        throw new RegistryError("UNAUTHORIZED", `Field "${identityHeader}" does not name an account`, {
          status: 400,
        });
      }
      return { kind: "certificate", name: `certificate:${name}` };
    },

    addressOf(headers, peer) {
      if (forwardedFor && peer === undefined) return addressBehindSocket(headers, peer);
      let address = parseAddress(peer);
      if (!forwardedFor || address === undefined || !isTrusted(address)) return address?.toString() ?? peer;
      const hops = (headers.get("X-Forwarded-For") ?? "").split(",").slice(-MAX_HOPS);
      // Each proxy has appended the address of its client. Addresses before the first untrusted one may be forged.
      for (const hop of hops.reverse()) {
        const before = parseAddress(hop.trim());
        if (before === undefined) break;
        address = before;
        if (!isTrusted(address)) break;
      }
      return address.toString();
    },

    forwardedHosts(headers, peer) {
      const field = headers.get("X-Forwarded-Host");
      if (!forwardedHost || field === null) return undefined;
      const address = parseAddress(peer);
      // A peer without an address is a proxy: see `addressBehindSocket`.
      const isProxy = peer === undefined || address !== undefined && isTrusted(address);
      return isProxy ? field.split(",").map((host) => host.trim()) : undefined;
    },
  };
}

/**
 * Address of the client without a configured proxy. A peer without an address came through a socket of the platform or
 * of this host, so it is a proxy: the last address in `X-Forwarded-For` is the one that it appended. Otherwise all
 * clients would share one rate limit and one count of failed logins.
 */
export function addressBehindSocket(headers: Headers, peer: string | undefined): string | undefined {
  if (peer !== undefined) return peer;
  return parseAddress(headers.get("X-Forwarded-For")?.split(",").at(-1)?.trim())?.toString();
}

/**
 * True for printable ASCII without surrounding spaces. Only a distinguished name, such as `CN=build,O=acme`, may contain
 * a comma; in any other name it comes from two joined fields.
 */
function isName(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text) && text.trim() === text && (!text.includes(",") || text.includes("="));
}

/**
 * Parses an address with or without a port. An IPv4 address that is mapped into IPv6 (RFC 4291 §2.5.5.2) becomes the
 * IPv4 address: a server that listens on IPv6 sees IPv4 clients in that form.
 */
function parseAddress(text: string | undefined): Address | undefined {
  const [, bracketed, dotted] = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/.exec(text ?? "") ?? [];
  const plain = bracketed ?? dotted ?? text ?? "";
  // Rejects other forms of an IPv4 address, such as "127.1" and "0x7f.1".
  const isAddress = plain.includes(":")
    ? ipaddr.IPv6.isValid(plain) && !hasMisreadIpv4Tail(plain)
    : ipaddr.IPv4.isValidFourPartDecimal(plain);
  return isAddress ? ipaddr.process(plain) : undefined;
}

/**
 * True for an IPv6 address with a dotted ending that the library would misread: "::10.0.0.1" is not a mapped address
 * (RFC 4291 §2.5.5.1), and "::ffff:0xa.0.0.1" is not an address.
 */
function hasMisreadIpv4Tail(ipv6: string): boolean {
  const [, start, dotted] = /^(.*:)([^:%]*\.[^:%]*)(?:%|$)/.exec(ipv6) ?? [];
  return dotted !== undefined && (start === "::" || !ipaddr.IPv4.isValidFourPartDecimal(dotted));
}

function parseRange(text: string): Range {
  let range: Range;
  try {
    range = ipaddr.parseCIDR(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`);
  } catch (cause) {
    throw new TypeError(`Cannot use "${text}": it is not a CIDR range`, { cause });
  }
  const [network, bits] = range;
  const isMapped = network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= 96;
  return isMapped ? [network.toIPv4Address(), bits - 96] : range;
}

function contains([network, bits]: Range, address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}
