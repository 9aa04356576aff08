/**
 * Parts of pages, and texts of clients made safe to show.
 *
 * @module
 */
export { Annotations, ManyPairs } from "./annotations.tsx";
export { Bar, LayerLegend, type Part, ShareBar } from "./bars.tsx";
export { type ClientCommand, pullCommands, pushCommands } from "./commands.ts";
export { Badge, Card, type Crumb, Head, Note, Pager, Pairs, Tabs, Tile, type Tone } from "./frame.tsx";
export { type Instruction, type LayerKind, layerKind, parseInstruction } from "./instruction.ts";
export { KindBadge, kindName, Platforms, platformText } from "./kinds.tsx";
export { Markdown, MAX_MARKDOWN_CHARACTERS } from "./markdown.tsx";
export { bounded, formatAge, formatBytes, formatCount, plain, plural, shortDigest, visible } from "./text.ts";
export { Age, By, Command, CopyButton, DigestText, Plain, Size } from "./values.tsx";
