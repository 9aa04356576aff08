/**
 * Streams of bytes: request bodies, objects, parts, and the hashes over them.
 *
 * @module
 */
export { BodyReader } from "./body_reader.ts";
export { BufferPool, type Filler } from "./buffer_pool.ts";
export { LiveHashes } from "./live_hashes.ts";
export { PartBuffer } from "./part_buffer.ts";
export { readPieces, sendPieces, sizeOf } from "./pieces.ts";
export { createPrefixHasher, hashStream } from "./prefix_hasher.ts";
export { readObject } from "./read_object.ts";
