import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { seeded } from "../../tests/random.ts";
import type { ProxyConfig } from "../auth_config.ts";
import { addressBehindSocket, createProxyIdentity } from "./proxy_identity.ts";

const PROXY = "10.0.0.1";

function make(fields: Partial<ProxyConfig> = {}) {
  const identity = createProxyIdentity({
    trusted: ["10.0.0.0/8", "fd00::/8"],
    identityHeader: "X-Client-Subject",
    forwardedFor: true,
    forwardedHost: true,
    ...fields,
  });
  return {
    identity,
    nameOf: (subject: string, peer: string | undefined = PROXY) =>
      identity.principal(new Headers({ "X-Client-Subject": subject }), peer)?.name,
    addressOf: (forwarded: string | undefined, peer: string | undefined = PROXY) =>
      identity.addressOf(new Headers(forwarded === undefined ? {} : { "X-Forwarded-For": forwarded }), peer),
  };
}

Deno.test("principal() returns the account that a trusted proxy has verified", () => {
  const { identity, nameOf } = make();
  const headers = new Headers({ "x-client-subject": "CN=build,O=Acme" });
  assertEquals(identity.principal(headers, PROXY), {
    kind: "certificate",
    name: "certificate:CN=build,O=Acme",
  });
  for (const name of ["build", "CN=a", "/O=Acme/CN=build", "user:alice", "a b", "*", "x".repeat(256)]) {
    assertEquals(nameOf(name), `certificate:${name}`);
  }
});

Deno.test("principal() returns no account for any header if the peer is not trusted", () => {
  const { nameOf } = make();
  const strangers = ["11.0.0.1", "192.0.2.1", "::1", "fe80::1", "", "garbage", "10.0.0", "10.0.0.1.2"];
  for (
    const peer of [
      ...strangers,
      "10.1",
      "0x0a.0.0.1",
      "167772161",
      "::10.0.0.1",
      "::ffff:0xa.0.0.1",
      "::ffff:012.0.0.1",
      "localhost",
    ]
  ) {
    for (const subject of ["CN=build", "a, b", "x".repeat(1000)]) {
      assertEquals(nameOf(subject, peer), undefined);
    }
  }
  const headers = new Headers({ "X-Client-Subject": "CN=build" });
  assertEquals(make().identity.principal(headers, undefined), undefined);
});

Deno.test("principal() identifies no account if the header is absent, empty or not configured", () => {
  const { identity, nameOf } = make();
  assertEquals(identity.principal(new Headers(), PROXY), undefined);
  for (const text of ["", " ", "\t"]) assertEquals(nameOf(text), undefined);
  const none = createProxyIdentity({ trusted: ["0.0.0.0/1"], forwardedFor: true, forwardedHost: false });
  assertEquals(none.principal(new Headers({ "X-Client-Subject": "CN=a" }), PROXY), undefined);
});

Deno.test("principal() refuses two fields, one of which the client has sent itself", () => {
  for (
    const [first, second] of [["CN=admin", "CN=build"], ["admin", "build"], ["", "admin"], ["admin", ""]]
  ) {
    const headers = new Headers();
    headers.append("X-Client-Subject", first!);
    headers.append("x-client-subject", second!);
    const error = assertThrows(() => make().identity.principal(headers, PROXY), RegistryError);
    assertEquals([error.status, error.message.includes("admin")], [400, false]);
  }
});

Deno.test("principal() refuses names that are odd, long or joined", () => {
  for (
    const name of ["a,b", "CN=a, O=b", ",", "CN=\u00e4", "a\tb", "\x7f", "\x01", "x".repeat(257), "a,\tCN=b"]
  ) {
    assertThrows(
      () => make().nameOf(name),
      RegistryError,
      'Field "X-Client-Subject" does not name an account',
      name,
    );
  }
});

Deno.test("principal() trusts an address in every form of writing", () => {
  const { nameOf } = make();
  const peers = [
    "10.255.255.255",
    "10.0.0.1:8080",
    "::ffff:10.0.0.1",
    "::FFFF:10.0.0.1",
    "::ffff:a00:1",
    "[::ffff:10.0.0.1]:8080",
    "fd00::1",
    "FD12:0:0:0:0:0:0:1",
    "[fd00::1]",
    "[fd00::1]:443",
    "fd00::1%eth0",
  ];
  for (const peer of peers) assertEquals(nameOf("CN=a", peer), "certificate:CN=a", peer);
});

Deno.test("principal() treats an IPv6 range that is mapped to IPv4 as the IPv4 range", () => {
  const { nameOf } = make({ trusted: ["::ffff:10.0.0.0/104", "192.0.2.7", "2001:db8::7"] });
  const peers = ["10.0.0.1", "::ffff:10.9.9.9", "11.0.0.1", "::ffff:11.0.0.1", "192.0.2.7", "192.0.2.8"];
  const trusted = [...peers, "2001:db8::7", "2001:db8::8"].filter((peer) => nameOf("a", peer) !== undefined);
  assertEquals(trusted, ["10.0.0.1", "::ffff:10.9.9.9", "192.0.2.7", "2001:db8::7"]);
});

Deno.test("createProxyIdentity() rejects a malformed range", () => {
  for (const range of ["", "a", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/8/8", "example.com/8"]) {
    assertThrows(() => make({ trusted: [range] }), TypeError, `Cannot use "${range}"`);
  }
});

Deno.test("addressOf() returns the peer if it is not trusted, for any header", () => {
  const { addressOf } = make();
  for (
    const [peer, address] of [
      ["192.0.2.1", "192.0.2.1"],
      ["192.0.2.1:1234", "192.0.2.1"],
      ["::ffff:192.0.2.1", "192.0.2.1"],
      ["2001:DB8:0::1", "2001:db8::1"],
      ["[2001:db8::1]:1234", "2001:db8::1"],
      ["::192.0.2.1", "::192.0.2.1"],
      ["/run/socket", "/run/socket"],
    ] as const
  ) {
    assertEquals(addressOf("198.51.100.1", peer), address);
    assertEquals(addressOf(undefined, peer), address);
  }
  const headers = new Headers({ "X-Forwarded-For": "198.51.100.1" });
  assertEquals(make().identity.addressOf(headers, "198.51.100.7"), "198.51.100.7");
});

Deno.test("addressOf() looks at no header where that is off", () => {
  assertEquals(make({ forwardedFor: false }).addressOf("198.51.100.1"), PROXY);
});

Deno.test("addressOf() walks from the right over hops that are trusted to the first that is not", () => {
  const { addressOf } = make();
  for (
    const [forwarded, address] of [
      ["198.51.100.1", "198.51.100.1"],
      ["203.0.113.9, 198.51.100.1", "198.51.100.1"],
      ["203.0.113.9,198.51.100.1 ,\t10.0.0.2,fd00::3", "198.51.100.1"],
      ["10.0.0.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"],
      ["10.0.0.3, 10.0.0.2", "10.0.0.3"],
      ["::ffff:198.51.100.1, ::ffff:10.0.0.2", "198.51.100.1"],
      ["2001:db8::1, [fd00::2]:80", "2001:db8::1"],
      ["[2001:db8::1]:5000", "2001:db8::1"],
      ["198.51.100.1:5000", "198.51.100.1"],
    ] as const
  ) {
    assertEquals(addressOf(forwarded), address, forwarded);
  }
});

Deno.test("addressOf() stops at a malformed address and returns the last valid one", () => {
  const { addressOf } = make();
  for (
    const hop of ["", "unknown", "_hidden", "198.51.100", "0x7f.1", "127.1", "1.2.3.4.5", "01.2.3.4", "::g"]
  ) {
    assertEquals(addressOf(hop), PROXY, hop);
    assertEquals(addressOf(`198.51.100.1, ${hop}`), PROXY, hop);
    assertEquals(addressOf(`198.51.100.1, ${hop}, 10.0.0.2`), "10.0.0.2", hop);
  }
});

Deno.test("addressOf() takes several fields as one list", () => {
  const headers = new Headers({ "X-Forwarded-For": "203.0.113.9" });
  headers.append("X-Forwarded-For", "198.51.100.1");
  headers.append("X-Forwarded-For", "10.0.0.2");
  assertEquals(make().identity.addressOf(headers, PROXY), "198.51.100.1");
});

Deno.test("addressOf() reads at most the last 16 hops", () => {
  const { addressOf } = make();
  const hops = (count: number) => Array.from({ length: count }, (_, index) => `10.1.0.${index}`);
  assertEquals(addressOf(["198.51.100.1", ...hops(15)].join()), "198.51.100.1");
  assertEquals(addressOf(["198.51.100.1", ...hops(16)].join()), "10.1.0.0");
  assertEquals(addressOf(`${"203.0.113.9,".repeat(50_000)}198.51.100.1`), "198.51.100.1");
});

Deno.test("principal() and addressOf() answer something to every garbage", () => {
  const random = seeded(3);
  const { nameOf, addressOf } = make();
  const parts = [
    "10.0.0.1",
    "::",
    "[",
    "]",
    ":",
    ",",
    ".",
    "1",
    "fd00::1",
    "%eth0",
    "/8",
    " ",
    "-",
    "x",
    "\xff",
  ];
  const text = () => Array.from({ length: random(6) }, () => parts[random(parts.length)]!).join("");
  for (let run = 0; run < 5000; run++) {
    const [value, peer] = [text(), random(2) === 0 ? PROXY : text()];
    assertEquals(typeof addressOf(value, peer), "string");
    try {
      nameOf(value, peer);
    } catch (error) {
      assertEquals(error instanceof RegistryError && error.status, 400, `${value} ${peer}`);
    }
  }
});

Deno.test("addressOf() takes the last address of the header where the peer is a socket without one", () => {
  const headers = new Headers({ "X-Forwarded-For": "192.0.2.66, 198.51.100.1" });
  assertEquals(make().identity.addressOf(headers, undefined), "198.51.100.1");
  assertEquals(make({ forwardedFor: false }).identity.addressOf(headers, undefined), undefined);
});

Deno.test("addressBehindSocket() trusts the header only if the peer has no address", () => {
  const headers = new Headers({ "X-Forwarded-For": "192.0.2.66, 198.51.100.1" });
  assertEquals(addressBehindSocket(headers, "203.0.113.5"), "203.0.113.5");
  assertEquals(addressBehindSocket(headers, undefined), "198.51.100.1");
  for (const nothing of ["", "unknown", "198.51.100.1, "]) {
    assertEquals(addressBehindSocket(new Headers({ "X-Forwarded-For": nothing }), undefined), undefined);
  }
  assertEquals(addressBehindSocket(new Headers(), undefined), undefined);
});

Deno.test("forwardedHosts() returns every host that a trusted proxy reports", () => {
  const hosts = (value: string | undefined, peer: string | undefined, fields: Partial<ProxyConfig> = {}) =>
    make(fields).identity.forwardedHosts(
      new Headers(value === undefined ? {} : { "X-Forwarded-Host": value }),
      peer,
    );
  assertEquals(hosts("pull.example.com", PROXY), ["pull.example.com"]);
  assertEquals(hosts("forged.example.com, pull.example.com:443", PROXY), [
    "forged.example.com",
    "pull.example.com:443",
  ]);
  assertEquals(hosts("", PROXY), [""]);
  assertEquals(hosts("pull.example.com", undefined), ["pull.example.com"], "a socket without addresses");
  assertEquals(hosts(undefined, PROXY), undefined);
  assertEquals(hosts("pull.example.com", "192.0.2.1"), undefined, "not a proxy");
  assertEquals(hosts("pull.example.com", "unknown"), undefined, "not an address");
  assertEquals(hosts("pull.example.com", PROXY, { forwardedHost: false }), undefined);
  assertEquals(hosts("pull.example.com", undefined, { forwardedHost: false }), undefined);
});
