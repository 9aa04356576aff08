import { assertEquals } from "@std/assert";
import { isPublicAddress } from "./addresses.ts";

Deno.test("isPublicAddress() is true only for addresses of the Internet", () => {
  const addresses = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"];
  assertEquals(addresses.filter((address) => !isPublicAddress(address)), []);
});

Deno.test("isPublicAddress() is false for addresses of machines, networks and clouds", () => {
  const addresses = [
    ...["0.0.0.0", "127.0.0.1", "127.255.255.254", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1"],
    ...["169.254.169.254", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"],
    ...["::", "::1", "fe80::1", "fd00::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "fd00:ec2::254"],
    ...["64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "nonsense", ""],
  ];
  assertEquals(addresses.filter(isPublicAddress), []);
});
