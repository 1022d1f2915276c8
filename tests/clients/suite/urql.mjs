// urql with its normalised cache at ADDRESS as the bearer of TOKEN. Prints what it got, as JSON.

import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { getIntrospectionQuery } from 'graphql';

import { DATABASE_ID, TOKEN, bearer, end, operations, sockets, url } from './common.mjs';

const plain = clientOf(TOKEN);
const client = clientOf(TOKEN, await normalising());
const pages = await paged();
const followed = await refreshedAndFollowed();
const { database } = await asked('Nested', { id: DATABASE_ID });
const instanceId = database.instance.id;
const { nodes } = await asked('Nodes', { ids: [instanceId, DATABASE_ID] });
const described = await changedInCache(instanceId);
const refused = await changed('Refresh', { databaseId: DATABASE_ID, waitSeconds: 90 });
const codes = {
  cursor: await code(plain, operations.List, { first: 1, after: 'nonsense' }),
  document: await code(plain, '{ nonsense }'),
  variables: await code(plain, operations.Nested, { id: null }),
  token: await code(clientOf('wf_nonsense'), '{ me { id } }'),
};
await end({ pages, followed, database, nodes, described, refused, codes });

function clientOf(token, ...exchanges) {
  const subscribing = subscriptionExchange({
    forwardSubscription: (request) => ({
      subscribe: (sink) => ({ unsubscribe: sockets.subscribe(request, sink) }),
    }),
  });
  return new Client({
    url,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: bearer(token) } },
    exchanges: [...exchanges, fetchExchange, subscribing],
  });
}

// The cache, which knows the schema, and that what has no id is part of what it stands in.
async function normalising() {
  const { data: schema } = await plain.query(getIntrospectionQuery(), {});
  return cacheExchange({
    schema,
    keys: { ConnectionHealth: () => null },
    resolvers: { Query: { databases: relayPagination() } },
  });
}

async function asked(name, variables, context) {
  return got(await client.query(operations[name], variables, context));
}

async function changed(name, input) {
  return Object.values(got(await client.mutation(operations[name], { input })))[0];
}

function got({ data, error }) {
  if (error) throw error;
  return data;
}

// All pages of two, which the cache merges into one list.
async function paged() {
  let fetched = 0;
  let after;
  let list;
  do {
    list = (await asked('List', { first: 2, after })).databases;
    after = list.pageInfo.endCursor;
    fetched += 1;
  } while (list.pageInfo.hasNextPage);
  return { fetched, names: list.edges.map(({ node }) => node.name) };
}

// A refresh as the subscription tells of it, and as the cache knows its session after that.
async function refreshedAndFollowed() {
  const { id } = (await changed('Refresh', { databaseId: DATABASE_ID, waitSeconds: 0 })).session;
  await asked('Session', { id });
  const statuses = [];
  await new Promise((resolve, reject) => {
    client.subscription(operations.Follow, { id }).subscribe(({ data, error, hasNext }) => {
      if (error) reject(error);
      else if (hasNext) statuses.push(data.syncSession.status);
      else resolve();
    });
  });
  const { syncSession } = await asked('Session', { id }, { requestPolicy: 'cache-only' });
  return { statuses, known: syncSession.status };
}

// A mutation's answer, as a query finds it in the cache by the instance's id.
async function changedInCache(id) {
  await asked('Description', { id });
  const { errors } = await changed('Describe', { id, description: 'described by urql' });
  const { instance } = await asked('Description', { id }, { requestPolicy: 'cache-only' });
  return { errors, instance };
}

async function code(asking, query, variables) {
  const { error } = await asking.query(query, variables);
  return error?.graphQLErrors[0]?.extensions.code ?? String(error);
}
