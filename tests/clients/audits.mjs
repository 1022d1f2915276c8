// Runs the audits of graphql-http against ADDRESS as the bearer of TOKEN. Prints what they say as
// JSON, and how the server answers their GETs when these come as a link or a form could send them.

import { auditServer } from 'graphql-http';

const { ADDRESS, TOKEN } = process.env;
const authorization = `Bearer ${TOKEN}`;
const gets = [];

async function asProgram(url, init) {
  if ((init?.method ?? 'GET') === 'GET') gets.push([String(url), init?.headers]);
  const headers = { ...init?.headers, authorization, 'graphql-require-preflight': '1' };
  return fetch(url, { ...init, headers });
}

async function asLink([url, given]) {
  const response = await fetch(url, { headers: { ...given, authorization } });
  const { data, errors } = await response.json();
  return { status: response.status, data, code: errors?.[0].extensions.code };
}

const audits = await auditServer({ url: ADDRESS, fetchFn: asProgram });
const links = await Promise.all(gets.map(asLink));
const told = audits.map(({ id, name, status, reason }) => ({ id, name, status, reason }));
console.log(JSON.stringify({ audits: told, links }));
