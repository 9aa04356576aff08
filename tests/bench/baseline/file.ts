/**
 * The least that can send a file, `FILE`, in each of the ways that Deno has: the path names one.
 *
 * @module
 */

type Stream = ReadableStream<Uint8Array<ArrayBuffer>>;

const path = Deno.env.get("FILE")!;
const KIB = 1024;

const WAYS: Record<string, () => Stream> = {
  "/readable": () => Deno.openSync(path).readable,
  "/read-256k": () => pulled(256 * KIB),
  "/read-1m": () => pulled(KIB * KIB),
};

Deno.serve(
  { hostname: Deno.env.get("HOST")!, port: Number(Deno.env.get("PORT")), onListen() {} },
  (request) => {
    const way = WAYS[new URL(request.url).pathname];
    if (way === undefined) return new Response();
    return new Response(way(), { headers: { "Content-Length": `${Deno.statSync(path).size}` } });
  },
);

function pulled(size: number): Stream {
  const file = Deno.openSync(path);
  return new ReadableStream({
    async pull(controller) {
      const buffer = new Uint8Array(size);
      const length = await file.read(buffer);
      if (length === null) {
        file.close();
        controller.close();
      } else {
        controller.enqueue(buffer.subarray(0, length));
      }
    },
  }, { highWaterMark: 0 });
}
