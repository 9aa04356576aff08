import { parseXml, XmlElement } from "npm:@rgrove/parse-xml@5.0.0";

/** Content of an element: text, or elements by name, of which a list makes one for each entry. */
export type XmlContent = string | number | boolean | {
  [name: string]: XmlContent | XmlContent[] | undefined;
};

const ESCAPED: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

/** An element as text, with its children in the order of the keys; what is `undefined` is left out. */
export function element(name: string, content: XmlContent, attributes = ""): string {
  return `<${name}${attributes}>${inner(content)}</${name}>`;
}

/** The root element of an answer of S3, in the namespace that its clients expect. */
export function s3Document(name: string, content: XmlContent): string {
  return xmlDocument(element(name, content, ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'));
}

/** A whole document around a root element. */
export function xmlDocument(root: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;
}

function inner(content: XmlContent): string {
  if (typeof content !== "object") {
    return `${content}`.replace(/[&<>"\r]/g, (character) => ESCAPED[character]!);
  }
  let text = "";
  for (const [name, value] of Object.entries(content)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) text += element(name, one);
    }
  }
  return text;
}

/** Reads a document, `undefined` where it is none or has another root. */
export function parseRoot(text: string, name: string): XmlElement | undefined {
  try {
    const root = parseXml(text).root;
    return root?.name === name ? root : undefined;
  } catch {
    return undefined; // not well-formed
  }
}

/** The children of that name. */
export function children(parent: XmlElement, name: string): XmlElement[] {
  return parent.children.filter((child): child is XmlElement =>
    child instanceof XmlElement && child.name === name
  );
}

/** The text of the first child of that name. */
export function childText(parent: XmlElement, name: string): string | undefined {
  return children(parent, name)[0]?.text;
}
