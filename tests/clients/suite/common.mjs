// What both clients in JavaScript start from.

import { readFileSync } from 'node:fs';

import { parse, separateOperations } from 'graphql';
import { createClient } from 'graphql-ws';

export const { ADDRESS, TOKEN, DATABASE_ID } = process.env;
export const url = `${ADDRESS}/graphql`;

// By their names, each with the fragments that it spreads.
export const operations = separateOperations(
  parse(readFileSync(new URL('operations.graphql', import.meta.url), 'utf8')),
);

export const sockets = createClient({
  url: url.replace('http', 'ws'),
  connectionParams: { authorization: bearer(TOKEN) },
});

export function bearer(token) {
  return `Bearer ${token}`;
}

// What a client complains of, such as objects that its cache cannot tell apart.
export const complaints = [];
console.warn = console.error = (...words) => complaints.push(words.map(String).join(' '));

export async function end(answers) {
  console.log(JSON.stringify({ ...answers, complaints }));
  await sockets.dispose();
}
