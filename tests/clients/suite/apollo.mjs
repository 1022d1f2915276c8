// Apollo Client at ADDRESS as the bearer of TOKEN. Prints what it got, as JSON.

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { filter, firstValueFrom } from 'rxjs';

import { DATABASE_ID, TOKEN, bearer, end, operations, sockets, url } from './common.mjs';

const client = clientOf(TOKEN, await possibleTypes());
const pages = await paged();
const followed = await refreshedAndFollowed();
const { database } = await asked('Nested', { id: DATABASE_ID });
const instanceId = database.instance.id;
const { nodes } = await asked('Nodes', { ids: [instanceId, DATABASE_ID] });
const described = await changedInCache(instanceId);
const refused = await changed('Refresh', { databaseId: DATABASE_ID, waitSeconds: 90 });
const codes = {
  cursor: await code(client, operations.List, { first: 1, after: 'nonsense' }),
  document: await code(client, gql`{ nonsense }`),
  variables: await code(client, operations.Nested, { id: null }),
  token: await code(clientOf('wf_nonsense'), gql`{ me { id } }`),
};
client.stop();
await end({ pages, followed, database, nodes, described, refused, codes });

function clientOf(token, types) {
  const http = new HttpLink({ uri: url, headers: { authorization: bearer(token) } });
  const isSubscription = ({ operationType }) => operationType === 'subscription';
  return new ApolloClient({
    link: ApolloLink.split(isSubscription, new GraphQLWsLink(sockets), http),
    cache: new InMemoryCache({
      possibleTypes: types,
      typePolicies: {
        Query: { fields: { databases: relayStylePagination(['filter', 'orderBy']) } },
      },
    }),
  });
}

// The types of each interface, by which the cache matches fragments.
async function possibleTypes() {
  const query = gql`{ __schema { types { name possibleTypes { name } } } }`;
  const { data } = await clientOf(TOKEN).query({ query });
  const abstract = data.__schema.types.filter((type) => type.possibleTypes);
  const names = ({ possibleTypes }) => possibleTypes.map(({ name }) => name);
  return Object.fromEntries(abstract.map((type) => [type.name, names(type)]));
}

async function asked(name, variables) {
  return (await client.query({ query: operations[name], variables })).data;
}

async function changed(name, input) {
  const { data } = await client.mutate({ mutation: operations[name], variables: { input } });
  return Object.values(data)[0];
}

// All pages of two, which the cache merges into one list.
async function paged() {
  const asked = { query: operations.List, variables: { first: 2 } };
  const list = client.watchQuery(asked);
  const watching = list.subscribe(() => {});
  let { data } = await firstValueFrom(list.pipe(filter(({ loading }) => !loading)));
  let fetched = 1;
  for (; data.databases.pageInfo.hasNextPage; fetched += 1) {
    await list.fetchMore({ variables: { after: data.databases.pageInfo.endCursor } });
    data = client.readQuery(asked);
  }
  watching.unsubscribe();
  return { fetched, names: data.databases.edges.map(({ node }) => node.name) };
}

// A refresh as the subscription tells of it, and as the cache knows its session after that.
async function refreshedAndFollowed() {
  const { id } = (await changed('Refresh', { databaseId: DATABASE_ID, waitSeconds: 0 })).session;
  await asked('Session', { id });
  const statuses = [];
  await new Promise((complete, error) => {
    const next = (event) =>
      event.error ? error(event.error) : statuses.push(event.data.syncSession.status);
    client
      .subscribe({ query: operations.Follow, variables: { id } })
      .subscribe({ next, complete, error });
  });
  const { syncSession } = client.readQuery({ query: operations.Session, variables: { id } });
  return { statuses, known: syncSession.status };
}

// A mutation's answer, as a query finds it in the cache by the instance's id.
async function changedInCache(id) {
  await asked('Description', { id });
  const { errors } = await changed('Describe', { id, description: 'described by apollo' });
  const { instance } = client.readQuery({ query: operations.Description, variables: { id } });
  return { errors, instance };
}

async function code(asking, query, variables) {
  try {
    await asking.query({ query, variables, fetchPolicy: 'network-only' });
  } catch (error) {
    return error.errors?.[0].extensions.code ?? String(error);
  }
  return null;
}
