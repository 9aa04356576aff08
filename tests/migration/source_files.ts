import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { dirname } from "node:path";
import { s3Client } from "../services/stores.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Files of a registry's storage, to be written and damaged. */
export interface SourceFiles {
  /** Folder on disk; absent for a bucket. */
  readonly folder?: string;
  write(path: string, bytes: Bytes): Promise<void>;
  read(path: string): Promise<Bytes>;
  remove(path: string): Promise<void>;
}

/** Files in a folder. */
export function filesIn(folder: string): SourceFiles {
  return {
    folder,
    async write(path, bytes) {
      await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
      await Deno.writeFile(`${folder}/${path}`, bytes);
    },
    read: async (path) => await Deno.readFile(`${folder}/${path}`),
    remove: (path) => Deno.remove(`${folder}/${path}`),
  };
}

/** Objects in a bucket, under a prefix without slashes at its ends. */
export function filesOfBucket(endpoint: string, bucket: string, prefix: string): SourceFiles {
  const client = s3Client(endpoint);
  const at = (path: string) => ({ Bucket: bucket, Key: `${prefix}/${path}` });
  return {
    async write(path, bytes) {
      await client.send(new PutObjectCommand({ ...at(path), Body: bytes }));
    },
    async read(path) {
      const { Body } = await client.send(new GetObjectCommand(at(path)));
      return new Uint8Array(await Body!.transformToByteArray());
    },
    async remove(path) {
      await client.send(new DeleteObjectCommand(at(path)));
    },
  };
}
