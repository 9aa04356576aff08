/**
 * Network that counts as one client: an IPv4 address, or the /64 of an IPv6 address, because one client usually owns a
 * whole /64 (RFC 6177 §2). Unknown addresses count as one client.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return "unknown";
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  const [head, tail] = address.replace(/%.*$/, "").toLowerCase().split("::");
  const groups = head === "" ? [] : head!.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  while (groups.length + rest.length < 8 && tail !== undefined) groups.push("0");
  return [...groups, ...rest].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}
