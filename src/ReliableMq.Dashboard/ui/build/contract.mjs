// Writes the types of the API's records from its description, which a test holds to the server's code.
import { readFileSync, writeFileSync } from "node:fs";

const { components } = JSON.parse(readFileSync(new URL("../../openapi.json", import.meta.url), "utf8"));

const referenced = (reference) => reference.slice(reference.lastIndexOf("/") + 1);

function typeOf(schema) {
  if (schema.$ref) return referenced(schema.$ref);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(" | ");
  switch (schema.type) {
    case "array": return /[ |]/.test(typeOf(schema.items)) ? `(${typeOf(schema.items)})[]` : `${typeOf(schema.items)}[]`;
    case "integer": return "number";
    case "object": return schema.properties ? recordOf(schema) : `Record<string, ${typeOf(schema.additionalProperties ?? {})}>`;
    case undefined: return "unknown";
    default: return schema.type;
  }
}

function recordOf({ properties, required = [] }) {
  const lines = Object.entries(properties).flatMap(([name, schema]) => [
    ...(schema.description ? [`  /** ${schema.description.replaceAll("*/", "* /")} */`] : []),
    `  ${name}${required.includes(name) ? "" : "?"}: ${typeOf(schema)};`,
  ]);
  return `{\n${lines.join("\n")}\n}`;
}

const records = Object.entries(components.schemas).map(([name, schema]) => `export type ${name} = ${typeOf(schema)};\n`);
writeFileSync(
  new URL("../src/api/contract.ts", import.meta.url),
  `// Written by build/contract.mjs from openapi.json. Not to be edited.\n\n${records.join("\n")}
export interface Page<T> {
  items: T[];
  next: string | null;
  unreadable: Unreadable[];
  isCut?: boolean;
}
`,
);
