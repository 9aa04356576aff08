/** Range of addresses as a configuration writes it. */
export interface Cidr {
  /** Address in the form of the URL standard: dotted decimals, or compressed hexadecimals in brackets. */
  readonly address: string;
  /** Length of the prefix. */
  readonly bits: number;
}

/** Parses a range such as `10.0.0.0/8` or `fd00::/8`; `undefined` for any other text. Loads no library. */
export function parseCidr(text: string): Cidr | undefined {
  const [, plain, prefix] = /^([\d.]+|[\da-fA-F:.]*:[\da-fA-F:.]*)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  if (plain === undefined) return undefined;
  const isIpv6 = plain.includes(":");
  const bits = Number(prefix);
  const address = URL.parse(`http://${isIpv6 ? `[${plain}]` : plain}/`)?.hostname;
  // The URL standard takes "127.1" and "010.0.0.1" as well, and writes them as other addresses.
  if (address === undefined || bits > (isIpv6 ? 128 : 32) || (!isIpv6 && address !== plain)) return undefined;
  return { address, bits };
}

/** True if every address is in the range, or every IPv4 address, which IPv6 maps to `::ffff:0:0/96` (RFC 4291 §2.5.5.2). */
export function isEveryAddress({ address, bits }: Cidr): boolean {
  return bits === 0 || (bits === 96 && /^\[::ffff:[\da-f]+:[\da-f]+\]$/.test(address));
}
