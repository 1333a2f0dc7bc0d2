// What the journeys upload: the real airline conversations where they are, else a generated stand-in of the same form.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "./server";

export interface TraceFile {
  name: string;
  mimeType: string;
  buffer: Buffer;
  /** Lines in it. */
  records: number;
}

/** One record per model call of an airline agent with tools, each with the recorded answer; gzipped. */
export function airlineFile(): TraceFile {
  const path = join(root, "../shared/data/airline_spans.jsonl.gz");
  if (existsSync(path)) return { name: "airline_spans.jsonl.gz", mimeType: "application/gzip", buffer: readFileSync(path), records: 603 };
  console.log(`${path} is missing: using generated conversations instead`);
  const lines = Array.from({ length: 603 }, (_, n) => chatLine(n));
  return { name: "airline_spans.jsonl.gz", mimeType: "application/gzip", buffer: gzipSync(lines.join("\n")), records: 603 };
}

const requests = ["cancel my reservation and refund it", "book a flight for two", "add a checked bag", "change my seat"];

/** A conversation about one of four things, answered more or less well. */
export function chatLine(n: number): string {
  const answer = "I have done that for you. ".repeat(1 + (n % 5));
  return JSON.stringify({
    messages: [
      { role: "system", content: "You are an airline agent." },
      { role: "user", content: `Please ${requests[n % requests.length]}, my reservation is number ${n}.` },
      { role: "assistant", content: answer },
    ],
  });
}

export const airlineTopics = JSON.stringify({
  nodes: [
    { name: "cancellations", description: "Cancel a flight, get money back", keywords: ["cancel", "refund", "cancellation"] },
    { name: "bookings", description: "A new reservation", keywords: ["book", "booking", "new flight"] },
    { name: "baggage", description: "Bags and their fees", keywords: ["bag", "bags", "baggage", "luggage"] },
    { name: "changes", description: "Change a flight, cabin, seat or passenger", keywords: ["change", "modify", "upgrade", "seat", "delayed"] },
  ],
});

/** Scores by the length of the answer, so that scores differ without a reference. */
export const lengthGrader = `function grade(input) {
  const length = input.response.length;
  return { score: Math.min(1, length / 400), reasoning: "the response has " + length + " characters" };
}`;
