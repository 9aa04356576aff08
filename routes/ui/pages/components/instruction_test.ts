import { assertEquals } from "@std/assert";
import { layerKind, parseInstruction } from "./instruction.ts";

Deno.test("parseInstruction() reads the history of docker build, BuildKit and other builders", () => {
  const history = [
    "/bin/sh -c #(nop) ADD file:8f2a in / ",
    '/bin/sh -c #(nop)  CMD ["bash"]',
    "RUN /bin/sh -c apt-get update \t\t&& true # buildkit",
    "COPY --chown=1:1 . . # buildkit",
    "/bin/sh -c apk add curl",
    "|2 A=1 B=2 /bin/sh -c make",
    "bazel build ...",
    "",
  ];
  assertEquals(history.map(parseInstruction), [
    { keyword: "ADD", text: "file:8f2a in /" },
    { keyword: "CMD", text: '["bash"]' },
    { keyword: "RUN", text: "apt-get update  && true" },
    { keyword: "COPY", text: "--chown=1:1 . ." },
    { keyword: "RUN", text: "apk add curl" },
    { keyword: "RUN", text: "make" },
    { text: "bazel build ..." },
    { text: "" },
  ]);
  assertEquals(history.map((text) => layerKind(parseInstruction(text))), [
    "copy",
    "base",
    "run",
    "copy",
    "run",
    "run",
    "base",
    "base",
  ]);
});
