import type { Dice } from "./dice.ts";
import { type Field, type FuzzRequest, latin1, targetOf } from "./fuzz_request.ts";
import { ROUTES } from "./routes.ts";
import { anyFields, PATH_TOKENS, RAW_TOKENS, VALUE_TOKENS } from "./tokens.ts";
import { type Repository, SCRATCH, type World } from "./world.ts";

/** A request that depends on the dice alone, and on what is in the registry. It can change nothing but scratch. */
export function generate(dice: Dice, world: World): FuzzRequest {
  const request = anyRoute(dice, world);
  const count = dice.pick([0, 0, 1, 1, 1, 2, 3]);
  for (let change = 0; change < count; change++) {
    // What must be refused stays as it is but for what can't make it anything else.
    if (request.refused) {
      request.fields.push(...anyFields(dice).filter(([name]) => !/^content|^if-/i.test(name)));
    } else dice.pick(CHANGES)(request, dice, world);
  }
  if (request.refused) return request;
  // Last, as what is smuggled in must be nothing but that.
  if (dice.chance(8)) changeMessage(request, dice);
  else if (request.body !== undefined && dice.chance(20)) request.framing = "chunked";
  return divert(request, world, dice);
}

function anyRoute(dice: Dice, world: World): FuzzRequest {
  let place = dice.below(ROUTES.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [make, weight] of ROUTES) {
    place -= weight;
    if (place < 0) return make(dice, world);
  }
  throw new RangeError("Unreachable");
}

type Change = (request: FuzzRequest, dice: Dice, world: World) => void;

const CHANGES: readonly Change[] = [
  changePath,
  changePath,
  changePath,
  changePath,
  changeQuery,
  changeQuery,
  (request, dice) => void request.fields.push(...anyFields(dice)),
  (request, dice) => void request.fields.push(...anyFields(dice)),
  (request, dice) => {
    for (const field of request.fields) field[1] = dice.mutate(field[1], VALUE_TOKENS).trim();
  },
  (request, dice) => void (request.method = dice.pick(METHODS)),
];

const METHODS = [
  ..."GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT PROPFIND MKCOL COPY MOVE LOCK PURGE QUERY".split(
    " ",
  ),
  ..."get head put delete post patch Get PuT X GETGET".split(" "),
  "A".repeat(300),
];

function changePath(request: FuzzRequest, dice: Dice): void {
  const tokens = dice.chance(3) ? RAW_TOKENS : PATH_TOKENS;
  request.path = dice.mutate(request.path, tokens);
}

function changeQuery(request: FuzzRequest, dice: Dice): void {
  const { query } = request;
  const name = dice.pick([
    "digest",
    "mount",
    "from",
    "tag",
    "n",
    "last",
    "artifactType",
    "ns",
    "digest-algorithm",
    "a%00b",
    "",
    "%",
  ]);
  if (query.length === 0 || dice.chance(50)) return void query.push([name, dice.pick(VALUE_TOKENS)]);
  const place = dice.below(query.length);
  const field = query[place]!;
  dice.pick([
    () => query.push(field),
    () => query.splice(place, 1),
    () => field[1] = dice.mutate(field[1], VALUE_TOKENS),
  ])();
}

/** Changes what frames the request. */
function changeMessage(request: FuzzRequest, dice: Dice): void {
  const kind = dice.below(100);
  if (kind < 20) request.host = dice.pick(["missing", "repeated"] as const);
  else if (kind < 40) {
    request.version = dice.pick([
      "HTTP/1.0",
      "HTTP/1.0",
      "HTTP/0.9",
      "HTTP/2.0",
      "HTTP/1.2",
      "HTTP/1.1x",
      "http/1.1",
      "",
    ]);
  } else if (kind < 55) {
    request.path = `${dice.pick(["http://", "https://", "HTTP://", "//", "ftp://", "x:"])}${
      dice.pick(HOSTS)
    }${request.path}`;
  } else if (kind < 70) badHost(request, dice);
  else if (kind < 72) request.framing = "stalled";
  else dice.pick([badFraming, oddFraming])(request, dice);
}

const HOSTS = [
  "elsewhere.example",
  "127.0.0.1:1",
  "[::1]",
  "a@b",
  "x?",
  "x#",
  "",
  "x/v2/_catalog?",
  "%2f",
  "a b",
  "\xff",
];

function badHost(request: FuzzRequest, dice: Dice): void {
  request.host = "missing";
  request.fields.push(["Host", dice.pick(HOSTS)]);
}

/** Malformed or several lengths. The body is another request, for a server that ends this one too early. */
function badFraming(request: FuzzRequest, dice: Dice): void {
  const target = request.path.match(/^\/v2\/kept.*$/)?.[0] ?? "/v2/kept/one/manifests/latest";
  const body = latin1(`0\r\n\r\nDELETE ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const length = `${body.length}`;
  const fields = dice.pick<Field[]>([
    [["Content-Length", length], ["Content-Length", "5"]],
    [["Content-Length", "5"], ["Content-Length", length]],
    [["Content-Length", length], ["Transfer-Encoding", "chunked"]],
    [["Transfer-Encoding", "chunked"], ["Content-Length", length]],
    [["Content-Length", `+${length}`]],
    [["Content-Length", `0x${body.length.toString(16)}`]],
    [["Content-Length", `${length}, 5`]],
    [["Content-Length", `${length} 5`]],
    [["Content-Length", "-1"]],
    [["Content-Length", "1e1"]],
    [["Content-Length", "99999999999999999999"]],
    [["Content-Length", "18446744073709551616"]],
    [["Transfer-Encoding", "chunked, identity"]],
    [["Transfer-Encoding", "xchunked"]],
    [["Transfer-Encoding", "chunked"], ["Transfer-Encoding", "identity"], ["Content-Length", length]],
    [["Transfer-Encoding", "\x0bchunked"]],
    [["Transfer-Encoding ", "chunked"]],
    [[" Content-Length", length]],
  ]);
  Object.assign(request, { body, framing: "raw", fields: [...request.fields, ...fields] });
}

/** Wrong lengths, and unrequested encodings. */
function oddFraming(request: FuzzRequest, dice: Dice): void {
  const [body, ...fields] = dice.pick<[string, ...Field[]]>([
    ["abc", ["Content-Length", "1000"]],
    ["0\r\n\r\n", ["Transfer-Encoding", "gzip, chunked"]],
    ["5\r\nab", ["Transfer-Encoding", "chunked"]],
    ["xyz\r\nabc\r\n0\r\n\r\n", ["Transfer-Encoding", "chunked"]],
    ["ffffffffffffffff0\r\nabc", ["Transfer-Encoding", "chunked"]],
    ["3\r\nabcdef\r\n0\r\n\r\n", ["Transfer-Encoding", "chunked"]],
    [`3;${"x".repeat(20_000)}\r\nabc\r\n0\r\n\r\n`, ["Transfer-Encoding", "chunked"]],
  ]);
  Object.assign(request, { body: latin1(body), framing: "raw", fields: [...request.fields, ...fields] });
}

const NAME_PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const WRITABLE = new RegExp(
  `^/v2/(${NAME_PART}(?:/${NAME_PART})*)/` +
    "(?:manifests/(?:[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}|sha(?:256|512):[0-9a-f]+)|blobs/sha(?:256|512):[0-9a-f]+|blobs/uploads/[a-zA-Z0-9-]*)$",
);

/**
 * The request, with another repository where it could rightly change one that must not change. What only looks like
 * such a request, by whatever normalisation, goes where it wants to go.
 */
function divert(request: FuzzRequest, { kept, scratch }: World, dice: Dice): FuzzRequest {
  if (!["PUT", "POST", "PATCH", "DELETE"].includes(request.method)) return request;
  const [path = ""] = targetOf(request).replace(/^[a-zA-Z]+:\/\/[^/?#]*/, "").split("?", 1);
  const name = WRITABLE.exec(path)?.[1];
  if (name === undefined || name.startsWith(`${SCRATCH}/`)) return request;
  const known = kept.some((repository: Repository) => repository.name === name);
  const other = known ? dice.pick(scratch).name : `${SCRATCH}/${name}`;
  request.path = request.path.replace(`/v2/${name}/`, `/v2/${other}/`);
  return request;
}
